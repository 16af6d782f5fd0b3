"""The thought experiment of the two doors: how much faster does an agent learn if it starts where rewards vary?

A hall has two doors. Behind the red one the reward is always 1, so there is nothing to learn. Behind the blue one are
levers: one pays a prize, the others nothing. The agent takes the red door 99 times in 100. A policy gradient learns
only from rewards that vary, so an agent that starts in the hall learns from one episode in a hundred.

Axes: P places to start at (the hall, behind the red door, behind the blue door), L levers, S seeds.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from math import exp, log
from random import Random
from statistics import fmean
from typing import NamedTuple

from docendo.errors import UserError
from docendo.league.curriculum import replay_weights
from docendo.seeds import seed_for

__all__ = [
    "PLACES",
    "Doors",
    "Speedup",
    "Starts",
    "episodes_until_mastery",
    "hall_only",
    "replayed",
    "speedup",
    "varying",
]

PLACES = ("hall", "red", "blue")
_MOST = 1e6

Starts = Callable[[Sequence[float], Sequence[float]], Sequence[float]]
"""(variance of the reward of each place, episodes since each was a start) -> probability of each, all (P,)."""


def hall_only(variance_P: Sequence[float], stale_P: Sequence[float]) -> Sequence[float]:
    """No selection: all episodes begin in the hall."""
    return (1.0, 0.0, 0.0)


def varying(variance_P: Sequence[float], stale_P: Sequence[float]) -> Sequence[float]:
    """In proportion to the variance, and a tenth of the starts anywhere."""
    total = sum(variance_P)
    return [
        0.9 * v / total + 0.1 / len(PLACES) if total else 1 / len(PLACES)
        for v in variance_P
    ]


def replayed(variance_P: Sequence[float], stale_P: Sequence[float]) -> Sequence[float]:
    """By the rank of the variance and by staleness, as Prioritized Level Replay chooses levels."""
    weights: list[float] = replay_weights(variance_P, stale_P).tolist()
    return weights


@dataclass(frozen=True)
class Doors:
    """The world, and how the agent learns in it. Raises UserError for settings out of range."""

    levers: int = 4
    prize: float = 4.0
    """What the right lever pays. If it equals the number of levers, both doors are worth the same at first."""
    habit: float = 0.99
    """How often the agent takes the red door at first."""
    stubborn: bool = False
    """Whether the habit never changes."""
    rate: float = 0.05
    memory: float = 0.95
    """Weight of the old estimate when a reward arrives."""
    mastery: float = 0.9
    """Probability of the right lever at which the game counts as learned."""
    budget: int = 100_000
    """Maximum number of episodes."""

    def __post_init__(self) -> None:
        if (
            self.levers < 2
            or self.budget < 1
            or not (0 < self.prize <= _MOST and 0 < self.rate <= _MOST)
        ):
            raise UserError(
                f"doors: at least 2 levers, a budget of 1, prize and rate in 0 to {_MOST:g} are wanted: {self}"
            )
        if not (
            0 < self.habit < 1
            and 0 < self.memory < 1
            and 1 / self.levers < self.mastery < 1
        ):
            raise UserError(
                f"doors: habit and memory in 0 to 1, mastery between chance and 1 are wanted: {self}"
            )


@dataclass
class _Reward:
    """Running estimates of the reward from one place. An unseen place starts with a high variance."""

    mean: float = 1.0
    variance: float = 1.0

    def add(self, reward: float, memory: float) -> float:
        """Update the estimates; return how much better than expected the reward was."""
        surprise = reward - self.mean
        self.mean += (1 - memory) * surprise
        self.variance = memory * (self.variance + (1 - memory) * surprise**2)
        return surprise


@dataclass
class _Agent:
    """A softmax policy at each of two places, trained by REINFORCE with a running mean as baseline."""

    doors: Doors
    red: float
    """Logit of the red door, relative to the blue one."""
    levers_L: list[float]
    """Logits of the levers. Lever 0 is the right one."""
    at_hall: _Reward = field(default_factory=_Reward)
    at_levers: _Reward = field(default_factory=_Reward)

    def right(self) -> float:
        return _softmax(self.levers_L)[0]

    def walk(self, rng: Random) -> float:
        """An episode from the hall."""
        share = _softmax([self.red, 0.0])[0]
        red = rng.random() < share
        reward = 1.0 if red else self.pull(rng)
        surprise = self.at_hall.add(reward, self.doors.memory)
        if not self.doors.stubborn:
            self.red += self.doors.rate * surprise * (1 - share if red else -share)
        return reward

    def pull(self, rng: Random) -> float:
        """An episode, or its second half, behind the blue door."""
        share_L = _softmax(self.levers_L)
        (pulled,) = rng.choices(range(len(share_L)), share_L)
        reward = 0.0 if pulled else self.doors.prize
        step = self.doors.rate * self.at_levers.add(reward, self.doors.memory)
        self.levers_L = [
            x + step * ((i == pulled) - share_L[i]) for i, x in enumerate(self.levers_L)
        ]
        return reward


def _softmax(logits_L: Sequence[float]) -> list[float]:
    highest = max(logits_L)
    weights = [exp(x - highest) for x in logits_L]
    total = sum(weights)
    return [w / total for w in weights]


def episodes_until_mastery(doors: Doors, starts: Starts, seed: int) -> int:
    """Number of episodes until the agent has learned the game behind the blue door, at most the budget."""
    rng = Random(seed_for(seed, "doors"))
    agent = _Agent(doors, log(doors.habit / (1 - doors.habit)), [0.0] * doors.levers)
    rewards_P, stale_P = [_Reward() for _ in PLACES], [0.0] * len(PLACES)
    for episode in range(doors.budget):
        if agent.right() >= doors.mastery:
            return episode
        weights_P = starts([r.variance for r in rewards_P], stale_P)
        ((at, place),) = rng.choices(list(enumerate(PLACES)), weights_P)
        reward = {"hall": agent.walk, "red": lambda _: 1.0, "blue": agent.pull}[place](rng)
        rewards_P[at].add(reward, doors.memory)
        stale_P = [0.0 if p == at else age + 1 for p, age in enumerate(stale_P)]
    return doors.budget


class Speedup(NamedTuple):
    """How many times fewer episodes, with a 95 % interval."""

    times: float
    low: float
    high: float


def speedup(
    plain_S: Sequence[int], chosen_S: Sequence[int], seed: int = 0, samples: int = 2000
) -> Speedup:
    """Ratio of mean episodes, without and with selection, with a percentile bootstrap interval over seeds.

    Both must have counts, all positive. If the budget ended some of the first, it is a lower bound.
    """
    rng = Random(seed_for(seed, "speedup"))

    def again(counts_S: Sequence[int]) -> float:
        return fmean(rng.choices(counts_S, k=len(counts_S)))

    drawn = sorted(again(plain_S) / again(chosen_S) for _ in range(samples))
    cut = round(0.025 * samples)
    return Speedup(fmean(plain_S) / fmean(chosen_S), drawn[cut], drawn[-1 - cut])
