"""The results of a training whose budget is spent: last answers, setup and costs."""

import subprocess
from collections.abc import Mapping, Sequence
from functools import cache
from math import inf
from pathlib import Path
from statistics import fmean
from typing import Any

from docendo.records import BASE, AgentId, MetricKey, Rollout
from docendo.run.session import Session
from docendo.study.arm_run import Training, spent_flops
from docendo.study.eval_answers import (
    answer_keys,
    answer_problems,
    answer_with_lessons,
    sample_votes,
)
from docendo.study.eval_problems import (
    EvalProblems,
    draw_eval_problems,
    draw_ood_problems,
)
from docendo.study.merging import MERGED, merge_session
from docendo.study.plan import StudyPlan, TrainingTask
from docendo.study.results import ArmResult, Cost, Scores, TrainingSetup, WayScore
from docendo.study.travel import find_travelling
from docendo.study.tuning import TunedSettings
from docendo.system import majority_answers
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
    plan: StudyPlan, task: TrainingTask, choice: TunedSettings, training: Training
) -> ArmResult:
    """The result of a finished training. The caller fills in the seconds."""
    session = training.session
    agents = session.config.learner_ids
    scores = _score(plan, session, agents)
    kept = _collect_kept(session, session.measure_kept(agents))
    system = _compare_ways(session)
    training.book_evaluation()  # before the costs below are summed up
    return _make(
        plan,
        task,
        session,
        agents,
        choice,
        cost=_sum_costs(plan, training, choice),
        curve=training.curve,
        scores=scores.model_copy(update={"after_experts": training.after_experts}),
        trace=training.trace.model_copy(update={"kept": kept, "system": system}),
    )


def make_merged_results(
    plan: StudyPlan,
    task: TrainingTask,
    choice: TunedSettings,
    training: Training,
    methods: Mapping[str, str],
) -> list[ArmResult]:
    """The results of the same agents merged into one, by arm and method.

    Merging costs nothing more than the training.
    """
    cost = _sum_costs(plan, training, choice)
    results = []
    for arm, method in methods.items():
        session = merge_session(training.session, method)
        scores = _score(plan, session, [MERGED])
        arm_task = task._replace(arm=arm)
        result = _make(plan, arm_task, session, [MERGED], choice, cost=cost, scores=scores)
        results.append(result)
    return results


def make_base_result(plan: StudyPlan, task: TrainingTask, session: Session) -> ArmResult:
    """The result of the base model, which costs nothing."""
    cost = Cost(budget=plan.study.budget, spent=0.0)
    scores = _score(plan, session, [BASE])
    return _make(plan, task, session, [BASE], TunedSettings(), cost=cost, scores=scores)


def _make(
    plan: StudyPlan,
    task: TrainingTask,
    session: Session,
    agents: Sequence[AgentId],
    choice: TunedSettings,
    **measured: Any,
) -> ArmResult:
    setup = _describe_setup(session, agents, choice)
    travelling = find_travelling(session.config, plan.config)
    travelled = tuple(travelling) if plan.arms[task.arm].trains else ()
    setup = setup.model_copy(update={"travelled": travelled})
    return ArmResult(**task._asdict(), setup=setup, **measured)


def _score(plan: StudyPlan, session: Session, agents: Sequence[AgentId]) -> Scores:
    seed = session.config.evaluation.seed
    classroom = session.school.classroom
    problems = draw_eval_problems(session.catalog, seed, plan.study.test_problems)
    ood_problems = draw_ood_problems(session.catalog, seed, plan.study)

    answers = answer_problems(classroom, agents, problems)
    after_lessons = answer_with_lessons(session, agents, problems)
    ood_keys = {}
    if ood_problems:
        ood_answers = answer_problems(classroom, agents, ood_problems)
        ood_keys = answer_keys(ood_answers, ood_problems)
    votes = majority_answers(_collect_votes(plan, session, answers, problems))
    return Scores(
        test=answer_keys(answers, problems),
        with_lesson=answer_keys(after_lessons, problems),
        ood=ood_keys,
        vote=answer_keys({_VOTE: votes}, problems)[_VOTE],
    )


def _collect_votes(
    plan: StudyPlan,
    session: Session,
    answers: Mapping[AgentId, Sequence[Rollout]],
    problems: EvalProblems,
) -> Mapping[AgentId, Sequence[Rollout]]:
    """The answers whose majority counts: the population's, or as many samples of one agent."""
    if len(answers) > 1:
        return answers

    # As many votes as the population has, so that a single agent is not at a disadvantage.
    (agent,) = answers
    count = len(plan.config.learners)
    return sample_votes(session.school.classroom, problems, agent, count)


def _compare_ways(session: Session) -> dict[str, WayScore]:
    """The population as a system at the end, where the league asks for it."""
    if not session.config.evaluation.system:
        return {}
    ways, usage = session.compare_ways()
    session.ledger.book(usage)
    scores = {}
    for way in ways:
        scores[way.name] = WayScore(
            accuracy=way.accuracy.mean, samples=way.samples, flops=way.flops
        )
    return scores


def _collect_kept(
    session: Session, at_end: Mapping[MetricKey, float]
) -> dict[str, tuple[float, ...]]:
    """The run's measures of what was kept, and those at the end, as means over agents."""
    series: dict[str, dict[float, list[float]]] = {}
    stored = session.directory.metric_series() if session.directory else ()
    for key, points in stored:
        for index, value in points if key.name.startswith("kept/") else ():
            series.setdefault(key.name, {}).setdefault(index, []).append(value)
    for key, value in at_end.items():
        series.setdefault(key.name, {}).setdefault(inf, []).append(value)

    kept = {}
    for name, by_round in series.items():
        means = [fmean(by_round[index]) for index in sorted(by_round)]
        # evaluations on the way are left out: the base, the experts, the end
        kept[name.removeprefix("kept/")] = (*means[:-1][:2], means[-1])
    return kept


def _describe_setup(
    session: Session, agents: Sequence[AgentId], choice: TunedSettings
) -> TrainingSetup:
    domains = {}
    for domain, levels in session.catalog.levels.items():
        domains[domain] = tuple(dict.fromkeys(family for family, _ in levels))

    expert_domains: dict[str, tuple[str, ...]] = {}
    sft_domains: dict[str, tuple[str, ...]] = {}
    for agent in agents:
        config = session.config.agents.get(agent)
        if config and config.domains:
            expert_domains[agent] = tuple(config.domains)
        if config and config.data:
            sft_domains[agent] = tuple(config.data.domains)

    return TrainingSetup(
        commit=code_commit(),
        model=session.config.model,
        agents=tuple(agents),
        domains=domains,
        expert_domains=expert_domains,
        sft_domains=sft_domains,
        settings=settings_dict(choice),
    )


def settings_dict(choice: TunedSettings) -> dict[str, float | str | bool]:
    """The chosen settings as a result keeps them: values by dotted name."""
    settings: dict[str, float | str | bool] = {}
    for assignment in choice.settings:
        name, _, value = assignment.partition("=")
        settings[name.strip()] = value.strip()
    return settings


def _sum_costs(plan: StudyPlan, training: Training, choice: TunedSettings) -> Cost:
    return Cost(
        budget=plan.study.budget,
        spent=spent_flops(training.session),
        tuning=choice.flops,
        evaluation=training.evaluation_flops,
        ledger=training.ledger,
    )


@cache
def code_commit() -> str:
    """The commit of this code when first asked, with ``+`` where the code has changes.

    The version where the code is in no checkout of its own, such as when it is installed
    inside another project's.
    """
    package = Path(__file__).parents[1]
    try:
        place = _run_git(package, "rev-parse", "--show-prefix", "--short=7", "HEAD")
        changes = _run_git(package, "status", "--porcelain", "--", ".")
    except (OSError, subprocess.SubprocessError):  # no git, or no checkout
        return VERSION

    prefix, _, commit = place.partition("\n")
    if prefix != f"{package.name}/":
        return VERSION
    return f"{commit}+" if changes else commit


def _run_git(folder: Path, *arguments: str) -> str:
    command = ["git", "-C", str(folder), *arguments]
    process = subprocess.run(  # noqa: S603
        command, capture_output=True, text=True, check=True, timeout=10
    )
    return process.stdout.strip()
