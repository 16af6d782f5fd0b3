"""What each asker contributed: questions by whom a model posed as, and problems of matches by where they came from."""

import re
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from itertools import groupby
from math import isfinite
from statistics import fmean
from typing import NamedTuple

from docendo.records import AgentId, Question
from docendo.statistics import Estimate, clustered_mean, clustered_share
from docendo.store import RunDirectory

__all__ = [
    "PersonaQuestions",
    "ProblemSource",
    "problems_by_source",
    "questions_by_persona",
]

_ROW = re.compile(r":\d+\Z")


class PersonaQuestions(NamedTuple):
    """The questions that one model wrote as one persona in one domain."""

    asker: AgentId
    persona: str
    domain: str
    asked: int
    admitted: int
    payoff: float
    """Mean of 4p(1-p) over all that was asked."""
    refused: Mapping[str, int]
    """Why, the most frequent first."""


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
    """Everybody that a model posed as, in the order of asker, persona and domain."""
    found = defaultdict[tuple[AgentId, str, str], list[Question]](list)
    for question in run.questions():
        found[question.asker, question.persona, question.task_type.domain].append(question)
    return [_posed(*who, questions) for who, questions in sorted(found.items())]


def _posed(
    asker: AgentId, persona: str, domain: str, questions: Sequence[Question]
) -> PersonaQuestions:
    refused = Counter(q.refused.partition(":")[0] for q in questions if q.refused)
    admitted, payoffs = (
        len(questions) - refused.total(),
        [q.payoff for q in questions if isfinite(q.payoff)],
    )
    payoff = fmean(payoffs) if payoffs else 0.0
    return PersonaQuestions(
        asker,
        persona,
        domain,
        len(questions),
        admitted,
        payoff,
        dict(refused.most_common()),
    )


def problems_by_source(run: RunDirectory) -> list[ProblemSource]:
    """Every source of test problems, in the order of domain and source; all rows of a file are one source."""
    controls = defaultdict[tuple[str, str], list[list[float]]](list)
    gains = defaultdict[tuple[str, str], list[list[float]]](list)
    # one match at a time, as `by_match` finds them: a run may have more episodes than memory holds
    for _, same in groupby(
        run.episodes(), lambda e: (e.round, e.match, e.lesson.problems, e.test, e.control)
    ):
        lessons = list(same)
        first = lessons[0]
        where = first.match.domain, _ROW.sub("", first.test.source).removeprefix("agent:")
        controls[where].append(
            [a.verdict.score for a in first.control if isfinite(a.verdict.score)]
        )
        gains[where].append(
            [e.gain for e in lessons if e.gain is not None and isfinite(e.gain)]
        )
    return [
        _origin(*where, groups, gains[where])
        for where, groups in sorted(controls.items())
        if any(groups)
    ]


def _origin(
    domain: str, source: str, controls: list[list[float]], gains: list[list[float]]
) -> ProblemSource:
    shown = [group for group in gains if group]
    without = clustered_share([group for group in controls if group])
    return ProblemSource(
        domain, source, len(controls), without, clustered_mean(shown) if shown else None
    )
