"""What a round looked like, in numbers."""

from collections import Counter
from collections.abc import Iterable, Sequence
from math import exp, log
from statistics import fmean

from docendo.league.population import frozen
from docendo.learning.credit import Practice
from docendo.records import AgentId, Duel, Episode

__all__ = ["effective", "fought", "measured", "partners"]


def measured(episodes: Sequence[Episode], practice: Sequence[Practice]) -> dict[str, float]:
    """Gate, gain, scores; how many partners there were; how the frozen anchors did, who tell a collapse."""
    metrics: dict[str, float] = {}
    if episodes:
        metrics["matches"] = len({(e.match, e.lesson.problems, e.test) for e in episodes})
        metrics["gate/passed"] = fmean(e.lesson.passed for e in episodes)
        metrics["partners"] = partners((e.match.student, e.match.teacher) for e in episodes)
    kinds = {
        "gain": [e for e in episodes if not frozen(e.match.student) and not frozen(e.match.teacher)],
        "gain/anchors": [e for e in episodes if frozen(e.match.student)],
        "gain/past": [e for e in episodes if frozen(e.match.teacher) and not frozen(e.match.student)],
    }
    for name, some in kinds.items():
        if gains := [e.gain for e in some if e.gain is not None]:
            metrics[name] = fmean(gains)
    if practice:
        metrics["practice/score"] = fmean(a.verdict.score for p in practice for a in p.attempts)
    return metrics


def fought(duels: Sequence[Duel]) -> dict[str, float]:
    """Share of legal moves, moves of a duel, and what learners won against frozen copies."""
    if not duels:
        return {}
    moves = [m for d in duels for m in d.moves]
    metrics = {"duels": float(len(duels)), "duels/legal": fmean(m.attempt.verdict.score for m in moves)}
    sides = [(d.first, d.second, d.payoffs[0]) for d in duels] + [(d.second, d.first, d.payoffs[1]) for d in duels]
    if past := [won for agent, other, won in sides if frozen(other) and not frozen(agent)]:
        metrics["duels/past"] = fmean(past)
    metrics["duels/partners"] = partners((agent, other) for agent, other, _ in sides if not frozen(agent))
    return metrics


def partners(met: Iterable[tuple[AgentId, AgentId]]) -> float:
    """The effective number of partners of an agent, mean over the agents; `met` is not empty."""
    counts: dict[AgentId, Counter[AgentId]] = {}
    for agent, partner in met:
        counts.setdefault(agent, Counter())[partner] += 1
    return fmean(effective(list(c.values())) for c in counts.values())


def effective(counts: Sequence[int]) -> float:
    """exp of the entropy: n where n were met equally often, 1 where it was always the same one."""
    total = sum(counts)
    return exp(-sum(c / total * log(c / total) for c in counts if c))
