"""What is written of a training when its budget is spent: everybody's last examinations, and what it cost."""

import subprocess
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path

from docendo.records import BASE, AgentId, Rollout
from docendo.run.session import Session
from docendo.study.arm_run import Training, spent_flops
from docendo.study.eval_problems import (
    EvalProblems,
    VoteSamples,
    answer_keys,
    answer_problems,
    answer_with_lessons,
    draw_eval_problems,
    draw_ood_problems,
    majority_answers,
)
from docendo.study.merging import MERGED, merge_session
from docendo.study.plan import StudyPlan, TrainingTask
from docendo.study.results import ArmResult, Cost, Scores, TrainingSetup
from docendo.study.tuning import TunedSettings
from docendo.version import VERSION

__all__ = [
    "code_commit",
    "make_base_result",
    "make_merged_results",
    "make_result",
    "settings_dict",
]

_VOTE = AgentId("vote")


def make_result(
    plan: StudyPlan, task: TrainingTask, choice: TunedSettings, course: Training
) -> ArmResult:
    """The result of a training that is done, but for the seconds that it took."""
    session = course.session
    scores = _scores(plan, session, session.agents)
    course.book()
    cost = _cost(plan, course, choice)
    about = _about(session, session.agents, choice)
    return ArmResult(
        regime=task.regime,
        arm=task.arm,
        seed=task.seed,
        about=about,
        cost=cost,
        curve=course.curve,
        scores=scores.model_copy(update={"start": course.start}),
        trace=course.trace,
    )


def make_merged_results(
    plan: StudyPlan,
    task: TrainingTask,
    choice: TunedSettings,
    course: Training,
    arms: Mapping[str, str],
) -> list[ArmResult]:
    """The results of the same agents merged into one, by arm and way; they cost no more than their training."""
    found = []
    for arm, way in arms.items():
        merged = merge_session(course.session, way)
        about = _about(merged, [MERGED], choice)
        cost = _cost(plan, course, choice)
        scores = _scores(plan, merged, [MERGED])
        found.append(
            ArmResult(
                regime=task.regime,
                arm=arm,
                seed=task.seed,
                about=about,
                cost=cost,
                scores=scores,
            )
        )
    return found


def make_base_result(plan: StudyPlan, task: TrainingTask, session: Session) -> ArmResult:
    """The result of the bare base model, which costs nothing."""
    about = _about(session, [BASE], TunedSettings())
    scores = _scores(plan, session, [BASE])
    cost = Cost(budget=plan.study.budget, spent=0.0)
    return ArmResult(
        regime=task.regime,
        arm=task.arm,
        seed=task.seed,
        about=about,
        cost=cost,
        scores=scores,
    )


def _scores(plan: StudyPlan, session: Session, agents: Sequence[AgentId]) -> Scores:
    seed, classroom = session.config.evaluation.seed, session.school.classroom
    problems = draw_eval_problems(session.catalog, seed, plan.study.problems)
    alone = answer_problems(classroom, agents, problems)
    outside = draw_ood_problems(session.catalog, seed, plan.study)
    return Scores(
        test=answer_keys(alone, problems),
        lesson=answer_keys(answer_with_lessons(session, agents, problems), problems),
        outside=answer_keys(answer_problems(classroom, agents, outside), outside)
        if outside
        else {},
        vote=answer_keys(
            {_VOTE: majority_answers(_voters(plan, session, alone, problems))}, problems
        )[_VOTE],
    )


def _voters(
    plan: StudyPlan,
    session: Session,
    alone: Mapping[AgentId, Sequence[Rollout]],
    problems: EvalProblems,
) -> Mapping[AgentId, Sequence[Rollout]]:
    """Those whose majority counts: the population, or as many samples of a single agent."""
    if len(alone) > 1:
        return alone
    (agent,) = alone
    return VoteSamples(agent, len(plan.config.learners))(session.school.classroom, problems)


def _about(
    session: Session, agents: Sequence[AgentId], choice: TunedSettings
) -> TrainingSetup:
    config, courses = session.config, session.catalog.levels
    return TrainingSetup(
        commit=code_commit(),
        model=config.model,
        agents=tuple(agents),
        domains={
            name: tuple(dict.fromkeys(family for family, _ in some))
            for name, some in courses.items()
        },
        expert_of={
            a: tuple(own.domains)
            for a in agents
            if (own := config.agents.get(a)) and own.domains
        },
        studied={
            a: tuple(own.data.domains)
            for a in agents
            if (own := config.agents.get(a)) and own.data
        },
        setting=settings_dict(choice),
    )


def settings_dict(choice: TunedSettings) -> dict[str, float | str | bool]:
    """What was chosen, as a result tells it."""
    pairs = [setting.partition("=") for setting in choice.settings]
    return {name.strip(): value.strip() for name, _, value in pairs}


def _cost(plan: StudyPlan, course: Training, choice: TunedSettings) -> Cost:
    return Cost(
        budget=plan.study.budget,
        spent=spent_flops(course.session),
        tuning=choice.flops,
        evaluation=course.examined,
        ledger=course.ledger,
    )


@cache
def code_commit() -> str:
    """The commit of this code as it was when first asked, ``+`` behind it where code differs from it; its version where
    it is no checkout, such as one installed inside another project's.
    """
    here = Path(__file__).parents[1]
    try:
        prefix, _, short = _git(
            here, "rev-parse", "--show-prefix", "--short=7", "HEAD"
        ).partition("\n")
        changed = _git(here, "status", "--porcelain", "--", ".")
    except (OSError, subprocess.SubprocessError):
        return VERSION
    return short + ("+" if changed else "") if prefix == f"{here.name}/" else VERSION


def _git(folder: Path, *arguments: str) -> str:
    command = ["git", "-C", str(folder), *arguments]
    found = subprocess.run(command, capture_output=True, text=True, check=True, timeout=10)  # noqa: S603
    return found.stdout.strip()
