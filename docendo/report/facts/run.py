"""The facts of a run: its directory, read once, for all numbers of a report."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import NamedTuple

from docendo.config.load import Config, read_run_config
from docendo.records import (
    BASE,
    AgentId,
    Episode,
    EvalSplit,
    Usage,
    base_agent,
    is_frozen_copy,
    mean_score,
)
from docendo.store import RoundRow, RunDirectory

__all__ = [
    "Facts",
    "LessonFact",
    "Scores",
    "ScoresByProblem",
    "all_scores",
    "collect",
    "read_scores",
    "table_name",
]

_PAST = " (past)"

ScoresByProblem = Mapping[str, Sequence[float]]
_Cell = tuple[int, str, str]
"""(round, agent, domain)."""
Scores = Mapping[_Cell, ScoresByProblem]
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
    """Whether all attempts with the lesson got the same score; False where it was not
    shown."""
    score: float | None = None
    """The student's mean score with the lesson; None where it was not shown."""


@dataclass(frozen=True, slots=True)
class Facts:
    """All that a report counts."""

    name: str
    config: Config
    finished: bool
    own_domains: Mapping[str, tuple[str, ...]]
    """The domains that each learning agent is an expert of, in the order of the
    configuration."""
    rounds: Sequence[RoundRow]
    scores: Scores
    lessons: Sequence[LessonFact]
    ledger: Sequence[Usage]


def collect(run: RunDirectory) -> Facts:
    """Read everything the report counts, in one pass.

    Raises UserError if the run's configuration cannot be read.
    """
    config = read_run_config(run)
    scores = read_scores(run)
    # Facts of lessons, not episodes: all texts of a run may not fit in memory.
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


def read_scores(
    run: RunDirectory, split: EvalSplit = "test"
) -> dict[_Cell, dict[str, list[float]]]:
    """The scores of all evaluations on a split."""
    scores: dict[_Cell, dict[str, list[float]]] = {}
    for row in run.evaluations(split=split):
        # A user's own grader may have returned NaN: such a score is in no mean.
        if math.isfinite(row.verdict.score):
            cell = scores.setdefault((row.round, row.agent, row.problem.domain), {})
            cell.setdefault(row.problem.key, []).append(row.verdict.score)
    return scores


def all_scores(cell: ScoresByProblem) -> list[float]:
    """The scores of all problems; a problem that was answered twice has two."""
    return list(chain.from_iterable(cell.values()))


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
        # A lesson that was not shown has no attempts, and no score at all.
        is_flat=len({attempt.verdict.score for attempt in attempts}) == 1,
        score=mean_score(attempts) if attempts else None,
    )


def table_name(agent: AgentId) -> str:
    """The row of an agent in a table: all frozen copies of an agent share one."""
    return base_agent(agent) + _PAST if is_frozen_copy(agent) else agent
