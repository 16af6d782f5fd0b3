"""Who asked: questions by persona, and test problems by source."""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from itertools import groupby
from math import isfinite
from statistics import fmean
from typing import NamedTuple

from docendo.records import AgentId, Episode, Question, Rollout
from docendo.statistics import Estimate, clustered_mean, clustered_share
from docendo.store import RunDirectory

__all__ = [
    "PersonaQuestions",
    "ProblemSource",
    "problems_by_source",
    "questions_by_persona",
]

_ROW_NUMBER = re.compile(r":\d+\Z")
"""The end of a source that is a row of a file, ``capitals.csv:71``."""


class PersonaQuestions(NamedTuple):
    """The questions that one model wrote as one persona in one domain."""

    asker: AgentId
    persona: str
    domain: str
    asked: int
    admitted: int
    payoff: float
    """Mean of 4p(1-p) over all questions asked."""
    refused: Mapping[str, int]
    """Questions by the reason why they were refused, the most frequent first."""


class ProblemSource(NamedTuple):
    """The test problems of matches that came from one program, file or model."""

    domain: str
    source: str
    matches: int
    without: Estimate
    """The students' score without a lesson."""
    gain: Estimate | None
    """Over the lessons that were shown."""


def questions_by_persona(run: RunDirectory) -> list[PersonaQuestions]:
    """All questions, in the order of asker, persona and domain."""
    groups: dict[tuple[AgentId, str, str], list[Question]] = {}
    for question in run.questions():
        key = question.asker, question.persona, question.task_type.domain
        groups.setdefault(key, []).append(question)

    return [_count_questions(*key, group) for key, group in sorted(groups.items())]


def _count_questions(
    asker: AgentId, persona: str, domain: str, questions: Sequence[Question]
) -> PersonaQuestions:
    # What follows the colon is of one question: "too long: 900 tokens".
    reasons = Counter(q.refused.partition(":")[0] for q in questions if q.refused)
    payoffs = list(filter(isfinite, (question.payoff for question in questions)))
    return PersonaQuestions(
        asker=asker,
        persona=persona,
        domain=domain,
        asked=len(questions),
        admitted=len(questions) - reasons.total(),
        payoff=fmean(payoffs) if payoffs else 0.0,
        refused=dict(reasons.most_common()),
    )


def problems_by_source(run: RunDirectory) -> list[ProblemSource]:
    """Every source of test problems, in the order of domain and source.

    All rows of a file are one source.
    """
    controls: dict[tuple[str, str], list[list[float]]] = {}
    gains: dict[tuple[str, str], list[list[float]]] = {}
    # One match at a time, as `by_match` groups them: all episodes of a run may not fit in
    # memory.
    for _, lessons in groupby(run.episodes(), _match_key):
        episodes = list(lessons)
        key = _source_of(episodes[0])
        controls.setdefault(key, []).append(_finite_scores(episodes[0].control))
        match_gains = [e.gain for e in episodes if e.gain is not None and isfinite(e.gain)]
        gains.setdefault(key, []).append(match_gains)

    sources = []
    for (domain, source), scores in sorted(controls.items()):
        if any(scores):
            # Matches whose lessons were all stopped at the gate have no gain.
            gain_groups = list(filter(None, gains[domain, source]))
            sources.append(
                ProblemSource(
                    domain=domain,
                    source=source,
                    matches=len(scores),
                    without=clustered_share(list(filter(None, scores))),
                    gain=clustered_mean(gain_groups) if gain_groups else None,
                )
            )

    return sources


def _match_key(episode: Episode) -> tuple[object, ...]:
    lesson = episode.lesson
    return episode.round, episode.match, lesson.problems, episode.test, episode.control


def _source_of(episode: Episode) -> tuple[str, str]:
    source = _ROW_NUMBER.sub("", episode.test.source).removeprefix("agent:")
    return episode.match.domain, source


def _finite_scores(attempts: Sequence[Rollout]) -> list[float]:
    return list(filter(isfinite, (attempt.verdict.score for attempt in attempts)))
