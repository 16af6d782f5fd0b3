"""What a round looked like, in numbers."""

from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from itertools import groupby
from math import exp, log
from statistics import fmean

from docendo.learning.groups import Practice
from docendo.records import AgentId, Duel, Episode, Question, by_match, is_frozen_copy

__all__ = [
    "effective",
    "measure_duels",
    "measure_questions",
    "measure_teaching",
    "partners",
    "score_duels",
]


def measure_teaching(
    episodes: Sequence[Episode], practice: Sequence[Practice], learners: Collection[AgentId]
) -> dict[str, float]:
    """Gate, gain, scores; how many partners there were; what learners achieve with anchors, which tells a collapse."""
    metrics: dict[str, float] = {}
    if episodes:
        metrics["matches"] = len(by_match(episodes))
        metrics["gate/passed"] = fmean(e.lesson.passed for e in episodes)
        metrics["partners"] = partners((e.match.student, e.match.teacher) for e in episodes)
    kinds = {
        "gain": [
            e
            for e in episodes
            if e.match.student in learners and not is_frozen_copy(e.match.teacher)
        ],
        "gain/anchors": [
            e
            for e in episodes
            if e.match.student not in learners and e.match.teacher in learners
        ],
        "gain/past": [
            e
            for e in episodes
            if e.match.student in learners and is_frozen_copy(e.match.teacher)
        ],
    }
    for name, some in kinds.items():
        if gains := [e.gain for e in some if e.gain is not None]:
            metrics[name] = fmean(gains)
    if practice:
        metrics["practice/score"] = fmean(
            a.verdict.score for p in practice for a in p.attempts
        )
    return metrics


def measure_duels(duels: Sequence[Duel], learners: Collection[AgentId]) -> dict[str, float]:
    """Share of the learners' moves that were legal, what they won from frozen copies, how many opponents they had."""
    if not duels:
        return {}
    metrics = {"duels": float(len(duels))}
    seats = [
        (d, seat, *((d.first, d.second) if seat == 0 else (d.second, d.first)))
        for d in duels
        for seat in (0, 1)
    ]
    mine = [(d, seat, agent, other) for d, seat, agent, other in seats if agent in learners]
    if legal := [
        m.attempt.verdict.score for d, seat, _, _ in mine for m in d.moves if m.seat == seat
    ]:
        metrics["duels/legal"] = fmean(legal)
    if past := [d.payoffs[seat] for d, seat, _, other in mine if is_frozen_copy(other)]:
        metrics["duels/past"] = fmean(past)
    if met := [
        (agent, other) for _, seat, agent, other in mine if agent != other or seat == 0
    ]:
        metrics["duels/partners"] = partners(met)
    return metrics


def score_duels(duels: Sequence[Duel]) -> list[tuple[AgentId, AgentId, float]]:
    """(first, second, the first player's mean score in [0, 1]) of every deal and seating; nobody beats itself."""
    found: list[tuple[AgentId, AgentId, float]] = []
    for (first, second, _), same in groupby(
        duels, key=lambda d: (d.first, d.second, d.deal)
    ):
        if first != second:
            found.append((first, second, fmean((1 + d.payoffs[0]) / 2 for d in same)))
    return found


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


def measure_questions(questions: Sequence[Question]) -> dict[str, float]:
    """Of each asker: how many questions were asked and admitted, why others were refused, and the mean payoff."""
    metrics: dict[str, float] = {}
    for asker in dict.fromkeys(q.asker for q in questions):
        own = [q for q in questions if q.asker == asker]
        reasons = Counter(q.refused.partition(":")[0] for q in own if q.refused)
        metrics[f"asker/{asker}/asked"] = len(own)
        metrics[f"asker/{asker}/admitted"] = sum(not q.refused for q in own)
        metrics |= {
            f"asker/{asker}/{reason}": count for reason, count in sorted(reasons.items())
        }
        metrics[f"asker/{asker}/payoff"] = fmean(q.payoff for q in own)
    return metrics
