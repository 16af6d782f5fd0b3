"""The facts of a run: `collect` reads its directory once, everything else is computed from that."""

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from docendo.config.load import Config, parse_toml
from docendo.records import (
    BASE,
    AgentId,
    Episode,
    Usage,
    base_agent,
    is_frozen_copy,
    mean_score,
)
from docendo.statistics import (
    Estimate,
    PairedChange,
    PairedScores,
    clustered_mean,
    clustered_share,
    paired_change,
    wilson_interval,
)
from docendo.store import RoundRow, RunDirectory

__all__ = [
    "Facts",
    "LessonFact",
    "Scores",
    "TeachingSummary",
    "accuracy_by_domain",
    "base_accuracy",
    "collect",
    "evaluated_domains",
    "evaluation_rounds",
    "flat_groups",
    "gain_matrix",
    "knowledge_change",
    "learning_curve",
    "mean_gain",
    "read_config",
    "summarise_teaching",
    "table_name",
]

_PAST = " (past)"

_ScoresByProblem = Mapping[str, Sequence[float]]
_Cell = tuple[int, str, str]
"""(round, agent, domain)."""
Scores = Mapping[_Cell, _ScoresByProblem]
"""Scores by the problem's key, of each (round, agent, domain)."""


class LessonFact(NamedTuple):
    """What the report needs to know of an episode."""

    match: tuple[str, ...]
    """The same for all lessons of one match."""
    teacher: str
    student: str
    domain: str
    passed: bool
    gain: float | None
    is_flat: bool
    """Whether all attempts with the lesson got the same score; False where it was not shown."""
    score: float | None = None
    """The student's mean score with the lesson; None where it was not shown."""


@dataclass(frozen=True, slots=True)
class Facts:
    """All that a report counts."""

    name: str
    config: Config
    finished: bool
    own_domains: Mapping[str, tuple[str, ...]]
    """The domains that each learning agent is an expert of, in the order of the configuration."""
    rounds: Sequence[RoundRow]
    scores: Scores
    lessons: Sequence[LessonFact]
    ledger: Sequence[Usage]


class TeachingSummary(NamedTuple):
    """What one teacher taught one student in one domain."""

    teacher: str
    student: str
    domain: str
    lessons: int
    passed: int
    gain: Estimate | None
    """Over the lessons that were shown."""


def collect(run: RunDirectory) -> Facts:
    """Read everything the report counts, in one pass.

    Raises UserError if the run's configuration cannot be read.
    """
    config = read_config(run)
    scores = _read_scores(run)
    lessons = [_lesson_fact(episode) for episode in run.episodes()]

    agents = {agent for _, agent, _ in scores}
    for lesson in lessons:
        agents |= {lesson.teacher, lesson.student}
    own_domains = {name: tuple(agent.domains) for name, agent in config.learners.items()}
    for name in sorted(agents - set(config.agents) - {BASE}):
        # An agent of a file that was edited by hand still gets its row.
        if _PAST not in name:
            own_domains[name] = ()
    return Facts(
        name=run.path.resolve().name,
        config=config,
        finished=run.finished,
        own_domains=own_domains,
        rounds=run.rounds(),
        scores=scores,
        lessons=lessons,
        ledger=run.ledger(),
    )


def read_config(run: RunDirectory) -> Config:
    """The settings of a run. Raises UserError if they cannot be read."""
    return parse_toml(run.config_toml, str(run.path / "config.toml"))


def _read_scores(run: RunDirectory) -> dict[_Cell, dict[str, list[float]]]:
    scores: dict[_Cell, dict[str, list[float]]] = {}
    for row in run.evaluations():
        if math.isfinite(row.verdict.score):
            cell = scores.setdefault((row.round, row.agent, row.problem.domain), {})
            cell.setdefault(row.problem.key, []).append(row.verdict.score)
    return scores


def _lesson_fact(episode: Episode) -> LessonFact:
    match = episode.match
    attempts = episode.attempts
    return LessonFact(
        match=(str(episode.round), *map(str, match), episode.test.key),
        teacher=table_name(match.teacher),
        student=table_name(match.student),
        domain=match.domain,
        passed=episode.lesson.passed,
        gain=episode.gain,
        is_flat=len({attempt.verdict.score for attempt in attempts}) == 1,
        score=mean_score(attempts) if attempts else None,
    )


def table_name(agent: AgentId) -> str:
    """The row of an agent in a table: all frozen copies of an agent share one."""
    return base_agent(agent) + _PAST if is_frozen_copy(agent) else agent


def evaluated_domains(facts: Facts) -> list[str]:
    """Every domain that was evaluated, in the order of its owners, then of the alphabet."""
    evaluated = {domain for _, _, domain in facts.scores}
    ordered: dict[str, None] = {}
    for domains in facts.own_domains.values():
        ordered |= dict.fromkeys(domain for domain in domains if domain in evaluated)
    ordered |= dict.fromkeys(sorted(evaluated))
    return list(ordered)


def evaluation_rounds(facts: Facts) -> tuple[int | None, int | None]:
    """The rounds of the start (after the experts stage) and of the end; None for a missing one.

    A run without an experts stage starts with its first evaluation. Only learners' scores count.
    """
    learners = facts.own_domains
    evaluated = sorted({index for index, agent, _ in facts.scores if agent in learners})
    if not evaluated:
        return None, None

    expert_rounds = {row.round for row in facts.rounds if row.stage == "experts"}
    start = max((i for i in evaluated if i in expert_rounds), default=evaluated[0])
    end = evaluated[-1]
    return start, end if end > start else None


def accuracy_by_domain(
    facts: Facts, round_index: int | None, agent: str
) -> dict[str, Estimate]:
    """The agent's accuracy after a round with Wilson's interval, in the domains evaluated then."""
    accuracies: dict[str, Estimate] = {}
    if round_index is None:
        return accuracies

    for domain in evaluated_domains(facts):
        cell = facts.scores.get((round_index, agent, domain), {})
        scores = [score for of_problem in cell.values() for score in of_problem]
        if scores:
            mean = math.fsum(scores) / len(scores)
            low, high = wilson_interval(mean, len(scores))
            accuracies[domain] = Estimate(mean, low, high, len(scores))
    return accuracies


def base_accuracy(facts: Facts) -> dict[str, Estimate]:
    """The base model's accuracy in each domain, after the first round that evaluated it."""
    first = min((index for index, agent, _ in facts.scores if agent == BASE), default=None)
    return accuracy_by_domain(facts, first, BASE)


def knowledge_change(facts: Facts, *, own: bool) -> PairedChange:
    """Mean accuracy without a lesson from start to end, over agents and their own domains.

    With ``own=False``, over agents and the domains of others. The interval is of the change, with
    problems resampled within each domain.
    """
    start, end = evaluation_rounds(facts)
    if start is None:
        return PairedChange(None, None, None, None, None)
    if end is None:
        mean = _mean_accuracy(facts, start, own=own)
        return PairedChange(mean, None, None, None, None)

    strata = []
    for domain in evaluated_domains(facts):
        agents = [a for a, owned in facts.own_domains.items() if (domain in owned) == own]
        before = [facts.scores.get((start, agent, domain), {}) for agent in agents]
        after = [facts.scores.get((end, agent, domain), {}) for agent in agents]
        strata.append(_pair_scores(before, after))
    return paired_change(strata)


def _mean_accuracy(facts: Facts, round_index: int, *, own: bool) -> float | None:
    means = []
    for agent, owned in facts.own_domains.items():
        for domain, accuracy in accuracy_by_domain(facts, round_index, agent).items():
            if (domain in owned) == own:
                means.append(accuracy.mean)
    return math.fsum(means) / len(means) if means else None


def _pair_scores(
    before: Sequence[_ScoresByProblem], after: Sequence[_ScoresByProblem]
) -> list[PairedScores]:
    """The scores of each problem, one entry for each agent."""
    keys = dict.fromkeys(key for cell in (*before, *after) for key in cell)
    pairs = []
    for key in keys:
        start = [cell.get(key, ()) for cell in before]
        end = [cell.get(key, ()) for cell in after]
        pairs.append(
            PairedScores(
                start=tuple(map(math.fsum, start)),
                start_count=tuple(map(len, start)),
                end=tuple(map(math.fsum, end)),
                end_count=tuple(map(len, end)),
            )
        )
    return pairs


def learning_curve(facts: Facts, domain: str, agents: Iterable[str]) -> dict[int, Estimate]:
    """Mean accuracy over the agents by round; problems are the independent units.

    A round that evaluated only some of the agents is left out: a mean over other agents is no
    point of the same curve.
    """
    members = set(agents)
    agents_by_round: dict[int, set[str]] = defaultdict(set)
    scores_by_round: dict[int, dict[str, list[float]]] = {}
    for (index, agent, cell_domain), cell in facts.scores.items():
        if agent not in members or cell_domain != domain:
            continue
        agents_by_round[index].add(agent)
        by_problem = scores_by_round.setdefault(index, {})
        for key, scores in cell.items():
            by_problem.setdefault(key, []).extend(scores)

    curve = {}
    for index in sorted(scores_by_round):
        if agents_by_round[index] == members:
            curve[index] = clustered_share(list(scores_by_round[index].values()))
    return curve


def mean_gain(lessons: Iterable[LessonFact]) -> Estimate | None:
    """Mean gain of the shown lessons, with matches as the independent units; None for no lesson."""
    gains_by_match: dict[tuple[str, ...], list[float]] = defaultdict(list)
    for lesson in lessons:
        if lesson.gain is not None and math.isfinite(lesson.gain):
            gains_by_match[lesson.match].append(lesson.gain)
    if not gains_by_match:
        return None

    mean, low, high, count = clustered_mean(list(gains_by_match.values()))
    if low is None or high is None:
        return Estimate(mean, low, high, count)
    return Estimate(mean, max(low, -1.0), min(high, 1.0), count)


def gain_matrix(facts: Facts) -> dict[str, dict[str, Estimate]]:
    """Mean gain by teacher and student; a pair without a shown lesson is absent."""
    lessons_by_pair: dict[tuple[str, str], list[LessonFact]] = defaultdict(list)
    for lesson in facts.lessons:
        lessons_by_pair[lesson.teacher, lesson.student].append(lesson)

    matrix: dict[str, dict[str, Estimate]] = {}
    for (teacher, student), lessons in sorted(lessons_by_pair.items()):
        gain = mean_gain(lessons)
        if gain:
            matrix.setdefault(teacher, {})[student] = gain
    return matrix


def summarise_teaching(facts: Facts) -> list[TeachingSummary]:
    """Who taught whom what, sorted by teacher, student and domain."""
    groups: dict[tuple[str, str, str], list[LessonFact]] = defaultdict(list)
    for lesson in facts.lessons:
        groups[lesson.teacher, lesson.student, lesson.domain].append(lesson)

    summaries = []
    for (teacher, student, domain), lessons in sorted(groups.items()):
        passed = sum(lesson.passed for lesson in lessons)
        gain = mean_gain(lessons)
        summaries.append(
            TeachingSummary(teacher, student, domain, len(lessons), passed, gain)
        )
    return summaries


def flat_groups(facts: Facts) -> dict[str, tuple[int, int]]:
    """(groups, flat groups) by role.

    All rewards in a flat group are equal, so that it teaches a policy gradient nothing. A student's
    group is its attempts with one lesson. A teacher's is its lessons of one match; those that were
    stopped at the gate all have the same payoff.
    """
    gains_by_match: dict[tuple[str, ...], set[float | None]] = defaultdict(set)
    for lesson in facts.lessons:
        gains_by_match[lesson.match].add(lesson.gain)
    shown = [lesson for lesson in facts.lessons if lesson.gain is not None]
    flat_matches = sum(len(gains) == 1 for gains in gains_by_match.values())
    return {
        "student": (len(shown), sum(lesson.is_flat for lesson in shown)),
        "teacher": (len(gains_by_match), flat_matches),
    }
