"""What a round looked like, in numbers, under the names that people search for."""

from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from itertools import groupby
from math import exp, log
from statistics import fmean

from docendo.learning.groups import Practice
from docendo.records import (
    AgentId,
    Duel,
    Episode,
    MetricKey,
    Question,
    Usage,
    by_match,
    is_frozen_copy,
)

__all__ = [
    "count_effective",
    "count_partners",
    "measure_choosing",
    "measure_duels",
    "measure_questions",
    "measure_teaching",
    "score_duels",
]


_GAINS = ("gain", "gain/reference_students", "gain/snapshots")
"""Mean gains of lessons: to learners by learners, to frozen copies, by frozen copies."""


def measure_teaching(
    episodes: Sequence[Episode], practice: Sequence[Practice], learners: Collection[AgentId]
) -> dict[str, float]:
    """Gate, gain, rewards and scores of a round of teaching.

    `gain` is against the control on the same problem, `gain/expected` against the expected score: what
    teachers are paid. `gain/reference_students` and `gain/snapshots` are gains with frozen copies as
    students and as teachers: where they fall while `gain` rises, learners only got used to each other.
    """
    metrics: dict[str, float] = {}
    if episodes:
        pairs = [(episode.match.student, episode.match.teacher) for episode in episodes]
        metrics["matches"] = len(by_match(episodes))
        metrics["gate/passed"] = fmean(episode.lesson.passed for episode in episodes)
        metrics["partners"] = count_partners(pairs)
        metrics |= _measure_rewards(episodes)

    gains: dict[str, list[float]] = {name: [] for name in _GAINS}
    expected_gains: list[float] = []
    dense_gains = [e.dense_gain for e in episodes if e.dense_gain is not None]
    for episode in episodes:
        name = _name_gain(episode, learners)
        if name == "gain" and episode.expected_gain is not None:
            expected_gains.append(episode.expected_gain)
        if name is not None and episode.gain is not None:
            gains[name].append(episode.gain)
    measured = {**gains, "gain/expected": expected_gains, "gain/dense": dense_gains}
    for name, values in measured.items():
        if values:
            metrics[name] = fmean(values)

    scores = [attempt.verdict.score for tried in practice for attempt in tried.attempts]
    if scores:
        metrics["practice/score"] = fmean(scores)
    return metrics


def measure_choosing(
    episodes: Sequence[Episode], usages: Sequence[Usage]
) -> dict[str, float]:
    """What it saved to choose lessons before attempts were spent on them, in FLOPs.

    A lesson that was not chosen would have cost what a lesson that was shown cost on average.
    Scoring the lessons is taken off.
    """
    dropped = sum(episode.is_dropped for episode in episodes)
    shown = sum(bool(episode.attempts) for episode in episodes)
    if not dropped or not shown:
        return {}

    attempts = sum(usage.flops for usage in usages if usage.purpose == "attempt")
    scoring = sum(usage.flops for usage in usages if usage.purpose == "dense_gain")
    saved = attempts / shown * dropped - scoring
    return {"choosing/dropped": dropped, "choosing/saved": saved}


def measure_duels(duels: Sequence[Duel], learners: Collection[AgentId]) -> dict[str, float]:
    """Share of the learners' legal moves, payoff against frozen copies, number of opponents."""
    if not duels:
        return {}

    legal: list[float] = []
    payoffs_against_past: list[float] = []
    opponents: list[tuple[AgentId, AgentId]] = []
    for duel in duels:
        players = (duel.first, duel.second)
        for seat, agent in enumerate(players):
            if agent not in learners:
                continue
            opponent = players[1 - seat]
            legal += [
                move.attempt.verdict.score for move in duel.moves if move.seat == seat
            ]
            if is_frozen_copy(opponent):
                payoffs_against_past.append(duel.payoffs[seat])
            if agent != opponent or seat == 0:  # a duel with oneself is one opponent
                opponents.append((agent, opponent))

    metrics = {"duels": float(len(duels))}
    if legal:
        metrics["duels/legal"] = fmean(legal)
    if payoffs_against_past:
        metrics["duels/past"] = fmean(payoffs_against_past)
    if opponents:
        metrics["duels/partners"] = count_partners(opponents)
    return metrics


def score_duels(duels: Sequence[Duel]) -> list[tuple[AgentId, AgentId, float]]:
    """(first, second, mean score of the first in [0, 1]) of every deal and seating.

    Duels of an agent with itself are left out.
    """
    scores: list[tuple[AgentId, AgentId, float]] = []
    for (first, second, _), repeats in groupby(duels, key=_seating_of):
        if first != second:
            score = fmean((1 + duel.payoffs[0]) / 2 for duel in repeats)
            scores.append((first, second, score))
    return scores


def count_partners(met: Iterable[tuple[AgentId, AgentId]]) -> float:
    """The effective number of partners of an agent, mean over the agents; `met` is not empty."""
    counts: dict[AgentId, Counter[AgentId]] = {}
    for agent, partner in met:
        counts.setdefault(agent, Counter())[partner] += 1
    return fmean(count_effective(list(count.values())) for count in counts.values())


def count_effective(counts: Sequence[int]) -> float:
    """exp of the entropy (Hill number of order 1): n where n were met equally often."""
    total = sum(counts)
    return exp(-sum(count / total * log(count / total) for count in counts if count))


def measure_questions(questions: Sequence[Question]) -> dict[MetricKey, float]:
    """For each asker: questions asked and admitted, why others were rejected, the mean payoff."""
    metrics: dict[MetricKey, float] = {}
    for asker in dict.fromkeys(question.asker for question in questions):
        of_asker = [question for question in questions if question.asker == asker]
        reasons = Counter(
            question.refused.partition(":")[0] for question in of_asker if question.refused
        )
        admitted = sum(not question.refused for question in of_asker)
        measures: dict[str, float] = {"asked": len(of_asker), "admitted": admitted}
        measures |= sorted(reasons.items())
        measures["payoff"] = fmean(question.payoff for question in of_asker)
        for measure, value in measures.items():
            metrics[MetricKey(f"asker/{measure}", asker)] = value
    return metrics


def _measure_rewards(episodes: Sequence[Episode]) -> dict[str, float]:
    """Mean payoff of teachers, per lesson, and of students, per attempt."""
    payoffs = [episode.payoff for episode in episodes if episode.payoff is not None]
    metrics: dict[str, float] = {}
    teachers = [payoff.teacher for payoff in payoffs if payoff.teacher is not None]
    if teachers:
        metrics["reward/teacher"] = fmean(teachers)
    students = [reward for payoff in payoffs for reward in payoff.student]
    if students:
        metrics["reward/student"] = fmean(students)
    return metrics


def _name_gain(episode: Episode, learners: Collection[AgentId]) -> str | None:
    """The metric that an episode's gain counts in; None where no learner takes part."""
    teacher, student = episode.match.teacher, episode.match.student
    if student in learners:
        return "gain/snapshots" if is_frozen_copy(teacher) else "gain"
    return "gain/reference_students" if teacher in learners else None


def _seating_of(duel: Duel) -> tuple[AgentId, AgentId, str]:
    return duel.first, duel.second, duel.deal
