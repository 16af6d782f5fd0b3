"""Examinations of a study: everybody on the same held-out problems, with and without a worked example, and by vote."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from statistics import fmean

from docendo.config import StudyConfig
from docendo.datasets.eval_sets import draw_fresh_split, draw_test_split
from docendo.errors import RunError, UserError, suggestion
from docendo.graders.answer import final_answer
from docendo.problems.catalog import Catalog
from docendo.records import BASE, AgentId, Lesson, Problem, Rollout
from docendo.run.evaluation import worked_lesson
from docendo.run.session import Session
from docendo.seeds import seed_for
from docendo.study.plan import eval_seed
from docendo.study.results import AnswerKeys
from docendo.teaching.game import Classroom, RolloutSpec

__all__ = [
    "EvalProblems",
    "VoteSamples",
    "accuracy_by_domain",
    "answer_keys",
    "answer_problems",
    "answer_with_lessons",
    "check_eval_problems",
    "check_prompt_lengths",
    "draw_eval_problems",
    "draw_ood_problems",
    "draw_tuning_problems",
    "majority_answers",
]

EvalProblems = Sequence[Problem]
"""Problems in a fixed order."""


def draw_eval_problems(found: Catalog, seed: int, count: int) -> list[Problem]:
    """`count` held-out problems of each domain, of the families that are taught."""
    return [
        p
        for d in found.sources
        for p in draw_test_split(found.sources[d], found.levels[d], count, seed)
    ]


def draw_tuning_problems(found: Catalog, seed: int, study: StudyConfig) -> list[Problem]:
    """As many other held-out problems, which no training of the study is examined on: those on which settings are
    chosen. Raises UseError where there are none left of a domain.
    """
    problems: list[Problem] = []
    tests = [
        p
        for number in study.each_seed
        for p in draw_eval_problems(found, eval_seed(number), study.problems)
    ]
    for domain, source in found.sources.items():
        taken = [p for p in tests if p.domain == domain]
        fresh = draw_fresh_split(source, found.levels[domain], study.problems, seed, taken)
        if not fresh:
            count, seeds = len({p.key for p in taken}), len(study.each_seed)
            raise UserError(
                f"{domain}: all {count} held-out problems are in the examinations of {seeds} seeds, and none is "
                "left to choose settings; lower problems or seeds, or add rows, of which about one in five is held out"
            )
        problems += fresh
    return problems


def draw_ood_problems(found: Catalog, seed: int, study: StudyConfig) -> list[Problem]:
    """Held-out problems of each domain that has families that nobody is trained on, all levels of a family where the
    study names none. Raises UseError where it has not those that the study names, or somebody is trained on one.
    """
    problems: list[Problem] = []
    for domain, families in study.outside.items():
        where = f"[outside.{domain}]"
        if domain not in found.sources:
            raise UserError(
                f"{where}: no domain {domain!r}{suggestion(domain, found.sources)}"
            )
        source, taught = (
            found.sources[domain],
            {family for family, _ in found.levels[domain]},
        )
        for family in families:
            if family not in source.levels:
                raise UserError(
                    f"{where}: no family {family!r}{suggestion(family, source.levels)}"
                )
            if family in taught:
                raise UserError(
                    f"{where}: {family!r} is trained on; leave it out here or in [domains.{domain}]"
                )
        courses = [
            (family, n)
            for family, levels in families.items()
            for n in levels or source.levels[family]
        ]
        _check_count(courses, study.problems, where)
        problems += draw_test_split(source, courses, study.problems, seed)
    return problems


def check_eval_problems(found: Catalog, seed: int, study: StudyConfig) -> None:
    """Raises UseError where a family would be examined by no problem."""
    for domain, courses in found.levels.items():
        _check_count(courses, study.problems, f"[domains.{domain}]")
    draw_eval_problems(found, seed, study.problems)
    draw_ood_problems(found, seed, study)


def _check_count(courses: Sequence[tuple[str, int]], problems: int, where: str) -> None:
    if not courses:
        raise UserError(f"{where}: no family is named; wanted at least one")
    if problems < len(courses):
        raise UserError(
            f"{where}: problems = {problems}, wanted one for each of {len(courses)} families and levels"
        )


def answer_problems(
    classroom: Classroom, agents: Sequence[AgentId], problems: EvalProblems
) -> dict[AgentId, list[Rollout]]:
    """The likeliest answer of each agent to each problem, without a lesson."""
    return _asked(
        classroom,
        [RolloutSpec(a, p, None, "evaluation", 0) for a in agents for p in problems],
    )


def answer_with_lessons(
    session: Session, agents: Sequence[AgentId], problems: EvalProblems
) -> dict[AgentId, list[Rollout]]:
    """The same after a right worked example of the problem's family and level."""
    lessons = [_lesson(session, p) for p in problems]
    wanted = [
        RolloutSpec(a, p, lesson, "evaluation", 0)
        for a in agents
        for p, lesson in zip(problems, lessons, strict=True)
    ]
    return _asked(session.school.classroom, wanted)


def check_prompt_lengths(session: Session, problems: EvalProblems) -> None:
    """Raises UseError or RunError where a problem cannot be asked after a worked example, which is not there or makes
    it too long for the model: better now than when the budget is spent. What this costs is booked nowhere.
    """
    for domain in dict.fromkeys(p.domain for p in problems):
        shown = [
            (p, _lesson(session, p).problems[0]) for p in problems if p.domain == domain
        ]
        longest, _ = max(
            shown, key=lambda pair: len(pair[0].prompt + pair[1].prompt + pair[1].worked)
        )
        try:
            answer_with_lessons(session, [BASE, *session.agents], [longest])
        except RunError as error:
            raise RunError(
                f"[domains.{domain}], the longest question after a worked example: {error}"
            ) from error
    session.school.classroom.engine.pop_usage()


def _lesson(session: Session, problem: Problem) -> Lesson:
    """The right worked example that a problem is asked after."""
    return worked_lesson(
        session.catalog.sources[problem.domain], problem, session.config.evaluation.seed
    )


def _asked(
    classroom: Classroom, wanted: Sequence[RolloutSpec]
) -> dict[AgentId, list[Rollout]]:
    found: dict[AgentId, list[Rollout]] = {}
    for tried, attempt in zip(
        wanted, classroom.attempt(wanted, temperature=0.0), strict=True
    ):
        found.setdefault(tried.agent, []).append(attempt)
    return found


@dataclass(frozen=True)
class VoteSamples:
    """Several answers of one agent to each problem, as many as a population has members."""

    agent: AgentId
    count: int

    def __call__(
        self, classroom: Classroom, problems: EvalProblems
    ) -> dict[AgentId, list[Rollout]]:
        wanted = [
            RolloutSpec(self.agent, p, None, "evaluation", seed_for(0, "vote", p.key, i))
            for i in range(self.count)
            for p in problems
        ]
        attempts = classroom.attempt(wanted, classroom.rules.temperature)
        size = len(problems)
        return {
            AgentId(f"{self.agent}-{i}"): attempts[i * size : (i + 1) * size]
            for i in range(self.count)
        }


def majority_answers(found: Mapping[AgentId, Sequence[Rollout]]) -> list[Rollout]:
    """For each problem one of the answers that most agents agree on, the first to be given where several are as many.

    An answer is what is read as the final one; agents without any do not vote, unless nobody has one.
    """
    return [_winner(attempts) for attempts in zip(*found.values(), strict=True)]


def _winner(attempts: Sequence[Rollout]) -> Rollout:
    finals = [
        " ".join((final_answer(a.completion.text) or "").lower().split()) for a in attempts
    ]
    counts = Counter(final for final in finals if final)
    return attempts[finals.index(counts.most_common(1)[0][0])] if counts else attempts[0]


def answer_keys(
    found: Mapping[AgentId, Sequence[Rollout]], problems: EvalProblems
) -> AnswerKeys:
    """Answer keys by agent and family."""
    return {agent: _families(attempts, problems) for agent, attempts in found.items()}


def _families(attempts: Sequence[Rollout], problems: EvalProblems) -> dict[str, str]:
    pairs = sorted(
        zip(problems, attempts, strict=True),
        key=lambda pair: (pair[0].domain, pair[0].family),
    )
    return {
        f"{domain}/{family}": "".join("1" if a.verdict.score >= 1 else "0" for _, a in some)
        for (domain, family), some in groupby(
            pairs, key=lambda pair: (pair[0].domain, pair[0].family)
        )
    }


def accuracy_by_domain(found: AnswerKeys) -> dict[str, dict[str, float]]:
    """Share of right answers by agent and domain, all families of a domain weighing the same."""
    return {agent: _domains(families) for agent, families in found.items()}


def _domains(families: Mapping[str, str]) -> dict[str, float]:
    shares: dict[str, list[float]] = {}
    for family, key in families.items():
        shares.setdefault(family.partition("/")[0], []).append(key.count("1") / len(key))
    return {domain: fmean(values) for domain, values in shares.items()}
