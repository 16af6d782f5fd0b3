"""The right partner: choices among candidates, each a small value of one shape.

A choice maps a slate (whose candidates may be teachers, students, askers or opponents) to probabilities. Zero for
everybody says that there is nobody to choose; a mixture then turns to its other parts.

Axes: N candidates.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.random import Generator

from docendo.errors import UserError
from docendo.interfaces import FloatArray
from docendo.league.candidates import Candidates
from docendo.records import AgentId

__all__ = [
    "Among",
    "Chooser",
    "Improving",
    "LearnableTeachers",
    "Mixture",
    "NashMix",
    "Prioritized",
    "Self",
    "Uniform",
    "Weigh",
    "draw",
    "even",
    "hard",
    "linear",
    "variance",
]

Weigh = Callable[[Any], Any]
"""Win rates (N,) in [0, 1] -> probabilities (N,); a single rate -> its weight, not normalised."""


def hard(rates: Any) -> Any:
    """(1-x)^2: those that are seldom beaten (Vinyals et al. 2019). Starves the beaten; keep a floor beside it."""
    return _normalised((1 - np.asarray(rates, float)) ** 2)


def variance(rates: Any) -> Any:
    """x(1-x): those of about the own strength."""
    x = np.asarray(rates, float)
    return _normalised(x * (1 - x))


def even(rates: Any) -> Any:
    """min(1/2, 1-x): all that are at least as strong, equally; weaker ones the less the weaker."""
    return _normalised(np.minimum(0.5, 1 - np.asarray(rates, float)))


def linear(rates: Any) -> Any:
    """1-x: in proportion to how often they win."""
    return _normalised(1 - np.asarray(rates, float))


def _normalised(weights: Any) -> Any:
    if weights.ndim == 0:
        return float(weights)
    total = weights.sum()
    return weights / total if total > 0 else np.full(len(weights), 1 / max(1, len(weights)))


def _floored(probabilities: FloatArray, floor: float) -> FloatArray:
    """So much of the probability shared out equally."""
    return np.asarray(
        (1 - floor) * probabilities + floor * (1 / max(1, len(probabilities)))
    )


class Chooser(Protocol):
    def __call__(self, slate: Candidates, rng: Generator) -> FloatArray:
        """Probabilities of the slate's candidates, (N,); all zero where there is nobody to choose."""
        ...


@dataclass(frozen=True)
class Uniform:
    def __call__(self, slate: Candidates, rng: Generator) -> FloatArray:
        """Everybody equally often."""
        return np.full(len(slate.names), 1 / max(1, len(slate.names)))


@dataclass(frozen=True)
class Prioritized:
    """Prioritized fictitious self-play (Vinyals et al. 2019), on posterior means."""

    weigh: Weigh = hard
    floor: float = 0.1
    """Probability that is shared out equally, so that no beaten opponent is forgotten."""

    def __call__(self, slate: Candidates, rng: Generator) -> FloatArray:
        return _floored(self.weigh(slate.belief.rate_N), self.floor)


@dataclass(frozen=True)
class LearnableTeachers:
    """In proportion to the expected variance of the outcome: p(1-p) where outcomes are right or wrong, won or lost."""

    floor: float = 0.1

    def __call__(self, slate: Candidates, rng: Generator) -> FloatArray:
        return _floored(_normalised(slate.belief.variance_N), self.floor)


@dataclass(frozen=True)
class Improving:
    """The candidate with the best expected outcome, where thin evidence counts as hope.

    Thompson sampling (Thompson 1933): the best of one draw from each posterior; with `optimism`, an upper confidence
    bound (Auer et al. 2002): the best mean plus so many spreads.
    """

    optimism: float | None = None

    def __call__(self, slate: Candidates, rng: Generator) -> FloatArray:
        if len(slate.names) == 1:
            return np.ones(
                1
            )  # and nothing is drawn: with one candidate it is every other choice
        belief, chosen = slate.belief, np.zeros(len(slate.names))
        promise = (
            belief.sample(rng)
            if self.optimism is None
            else belief.mean_N + self.optimism * belief.spread_N
        )
        if len(promise):
            chosen[rng.choice(np.flatnonzero(promise == promise.max()))] = 1.0
        return chosen


@dataclass(frozen=True)
class NashMix:
    """The equilibrium of the candidates' own win rates: the meta-strategy of PSRO (Lanctot et al. 2017)."""

    floor: float = 0.0

    def __call__(self, slate: Candidates, rng: Generator) -> FloatArray:
        from docendo.analysis.payoff import nash

        if len(slate.names) < 2:
            return Uniform()(slate, rng)
        return _floored(nash(2 * slate.matrix_NN - 1), self.floor)


@dataclass(frozen=True)
class Self:
    def __call__(self, slate: Candidates, rng: Generator) -> FloatArray:
        """Oneself, where one is a candidate."""
        return np.array([float(name == slate.focus) for name in slate.names])


@dataclass(frozen=True)
class Among:
    """A choice among some of the candidates only, such as exploiters or one's own snapshots."""

    wanted: Callable[[AgentId], bool]
    choice: Chooser

    def __call__(self, slate: Candidates, rng: Generator) -> FloatArray:
        found = np.zeros(len(slate.names))
        some = slate.only(self.wanted)
        found[[self.wanted(name) for name in slate.names]] = self.choice(some, rng)
        return found


@dataclass(frozen=True)
class Mixture:
    """Choices with weights, such as 35 % oneself, 50 % prioritized, 15 % exploiters (AlphaStar's main agents).

    The share of a part that finds nobody goes to the others.
    """

    parts: Sequence[tuple[float, Chooser]]

    def __call__(self, slate: Candidates, rng: Generator) -> FloatArray:
        total = np.zeros(len(slate.names))
        for weight, choice in self.parts:
            total = total + weight * choice(slate, rng)
        return total / total.sum() if total.sum() > 0 else total


def draw(choice: Chooser, slate: Candidates, rng: Generator) -> AgentId:
    """One candidate. Raises UseError where the choice finds nobody."""
    probabilities = choice(slate, rng)
    if not len(probabilities) or probabilities.sum() <= 0:
        raise UserError(
            f"{type(choice).__name__} finds nobody for {slate.focus!r} among {list(slate.names)[:5]}"
        )
    return slate.names[
        rng.choice(len(probabilities), p=probabilities / probabilities.sum())
    ]
