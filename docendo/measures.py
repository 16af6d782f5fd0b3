"""What a round looked like, in numbers."""

from collections import Counter
from collections.abc import Iterable, Sequence
from math import exp, log
from statistics import fmean

from docendo.league.population import frozen
from docendo.learning.credit import Practice
from docendo.records import AgentId, Episode
from docendo.school import League

__all__ = ["effective", "measured", "partners"]


def measured(episodes: Sequence[Episode], practice: Sequence[Practice], league: League) -> dict[str, float]:
    """Gate, gain, scores; how many partners there were; how the frozen anchors did, who tell a collapse."""
    metrics: dict[str, float] = {"matches": len({(e.match, e.test.key) for e in episodes})}
    if episodes:
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
