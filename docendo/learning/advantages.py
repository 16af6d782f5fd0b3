"""Payoffs to advantages: one number per completion, against a baseline of its own group.

A group is one agent in one role at one task: the attempts after one lesson, the lessons of one match, the practice
on one problem, the repetitions of one deal. Groups in which all rewards are equal say nothing; they are dropped and
counted.
"""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from statistics import fmean, pvariance
from typing import NamedTuple, Protocol

from docendo.interfaces import Reward
from docendo.records import (
    DISCARDED,
    AgentId,
    Completion,
    Duel,
    Episode,
    Problem,
    Question,
    Rollout,
    ScoredSample,
    Usage,
    by_match,
)

__all__ = [
    "Baseline",
    "Group",
    "LeaveOneOut",
    "Practice",
    "RunningMean",
    "assign_advantages",
    "discarded_usage",
    "group_attempts",
    "group_duels",
    "group_lessons",
    "group_practice",
    "group_questions",
]

_SEATS = "first player", "second player"


class Group(NamedTuple):
    """Rewards that share a baseline, and the completions that each of them pays for."""

    agent: AgentId
    role: str
    domain: str
    rewards: tuple[float, ...]
    completions: tuple[tuple[Completion, ...], ...]

    @property
    def flat(self) -> bool:
        return len(set(self.rewards)) <= 1


class Practice(NamedTuple):
    """An expert's own attempts at one problem of its domain."""

    agent: AgentId
    problem: Problem
    attempts: tuple[Rollout, ...]


class Baseline(Protocol):
    def advantages(self, group: Group) -> list[float]:
        """One per reward of the group."""
        ...

    def state(self) -> Mapping[str, float]:
        """JSON from which `restore` makes an equal object."""
        ...

    def restore(self, state: Mapping[str, float]) -> None: ...


@dataclass(frozen=True)
class LeaveOneOut:
    """Each reward minus the mean of the others (RLOO, Ahmadian et al. 2024).

    Equal to G/(G-1) times the centred reward of Dr. GRPO (Liu et al. 2025): no division by the spread or the length.
    """

    def advantages(self, group: Group) -> list[float]:
        """One per reward; all 0 for a group of one."""
        total, others = sum(group.rewards), len(group.rewards) - 1
        return [r - (total - r) / others if others else 0.0 for r in group.rewards]

    def state(self) -> Mapping[str, float]:
        return {}

    def restore(self, state: Mapping[str, float]) -> None:
        """Nothing to restore: a group is its own baseline."""


@dataclass
class RunningMean:
    """REINFORCE (Williams 1992): each reward minus a running mean of the agent's rewards in that role and domain."""

    decay: float = 0.9
    means: dict[str, float] = field(default_factory=dict)

    def advantages(self, group: Group) -> list[float]:
        """One per reward. The first group of a kind is its own baseline."""
        key, mean = "/".join((group.agent, group.role, group.domain)), fmean(group.rewards)
        baseline = self.means.get(key, mean)
        self.means[key] = self.decay * baseline + (1 - self.decay) * mean
        return [r - baseline for r in group.rewards]

    def state(self) -> Mapping[str, float]:
        return dict(self.means)

    def restore(self, state: Mapping[str, float]) -> None:
        self.means = dict(state)


def group_attempts(episodes: Sequence[Episode], reward: Reward) -> list[Group]:
    """One group per lesson that was shown: the student's attempts after it."""
    return [
        Group(
            e.match.student,
            "student",
            e.match.domain,
            reward(e).student,
            tuple((a.completion,) for a in e.attempts),
        )
        for e in episodes
        if e.attempts
    ]


def group_lessons(episodes: Sequence[Episode], reward: Reward) -> list[Group]:
    """One group per match: the teacher's lessons."""
    groups = []
    for lessons in by_match(episodes):
        match = lessons[0].match
        rewards = tuple(reward(e).teacher for e in lessons)
        written = tuple(tuple(a.completion for a in e.lesson.examples) for e in lessons)
        groups.append(Group(match.teacher, "teacher", match.domain, rewards, written))
    return groups


def group_practice(practice: Sequence[Practice]) -> list[Group]:
    """One group per problem that an expert worked on at home, more than once."""
    return [
        Group(
            p.agent,
            "practice",
            p.problem.domain,
            tuple(a.verdict.score for a in p.attempts),
            tuple((a.completion,) for a in p.attempts),
        )
        for p in practice
        if len(p.attempts) > 1
    ]


def group_duels(duels: Sequence[Duel], learners: Collection[AgentId]) -> list[Group]:
    """One group per learner, seat, opponent, game and deal: the repetitions of that deal in which the learner moved.

    Each payoff pays for all of its moves in that duel. Snapshots and scripts are no learners and get none.
    """
    found: dict[
        tuple[AgentId, int, AgentId, str, str], list[tuple[float, tuple[Completion, ...]]]
    ] = {}
    for d in duels:
        for seat, (agent, opponent) in enumerate(
            ((d.first, d.second), (d.second, d.first))
        ):
            moves = tuple(m.attempt.completion for m in d.moves if m.seat == seat)
            if agent in learners and moves:
                found.setdefault((agent, seat, opponent, d.game, d.deal), []).append(
                    (d.payoffs[seat], moves)
                )
    return [
        Group(
            agent,
            _SEATS[seat],
            game,
            tuple(r for r, _ in played),
            tuple(moves for _, moves in played),
        )
        for (agent, seat, _, game, _), played in found.items()
    ]


def group_questions(questions: Sequence[Question]) -> list[Group]:
    """One group per commission: the questions that one asker wrote on one request, neighbours in the list."""
    same = groupby(
        questions,
        key=lambda q: (q.round, q.asker, q.persona, q.kind, q.completion.prompt_tokens),
    )
    return [
        Group(
            asker,
            "asker",
            kind.domain,
            tuple(q.payoff for q in some),
            tuple((q.completion,) for q in some),
        )
        for (_, asker, _, kind, _), found in same
        for some in [list(found)]
    ]


def assign_advantages(
    groups: Sequence[Group], baseline: Baseline
) -> tuple[list[ScoredSample], Mapping[str, float]]:
    """The credits of all groups that vary; the share of useful groups and the rewards' variance, all and by role."""
    found: list[ScoredSample] = []
    for group in groups:
        advantages = baseline.advantages(group)
        if group.flat:
            continue
        for completions, advantage in zip(group.completions, advantages, strict=True):
            found += [
                ScoredSample(group.agent, c, advantage) for c in completions if advantage
            ]
    metrics: dict[str, float] = {}
    for role in dict.fromkeys(group.role for group in groups):
        some = [group for group in groups if group.role == role]
        metrics[f"useful/{role}"] = fmean(not group.flat for group in some)
        metrics[f"variance/{role}"] = fmean(pvariance(group.rewards) for group in some)
    if groups:
        metrics["useful"] = fmean(not group.flat for group in groups)
        metrics["groups"] = len(groups)
        metrics["flat"] = sum(group.flat for group in groups)
    return found, metrics


def discarded_usage(groups: Sequence[Group]) -> list[Usage]:
    """The sampled tokens of flat groups, from which nobody learns by policy gradient."""
    tokens: Counter[AgentId] = Counter()
    for group in groups:
        if group.flat:
            tokens[group.agent] += sum(
                len(c.tokens) for cs in group.completions for c in cs
            )
    return [Usage(agent, DISCARDED, count, 0.0) for agent, count in sorted(tokens.items())]
