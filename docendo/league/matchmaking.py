"""Rules that choose a partner among candidates: by how much they teach, by how often they win.

A chooser maps candidates (teachers, students, askers or opponents) to probabilities. All zero
means that it has nobody to choose; a mixture then uses its other parts.

Axes: N candidates.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Protocol

import numpy as np
from numpy.random import Generator
from pydantic import Field

from docendo.errors import UserError
from docendo.interfaces import FloatArray
from docendo.league.candidates import Candidates
from docendo.league.probabilities import mix_with_uniform, uniform
from docendo.parts import PartConfig
from docendo.records import AgentId

__all__ = [
    "Among",
    "Chooser",
    "LearnableTeachers",
    "LearnableTeachersConfig",
    "Mixture",
    "NashMixture",
    "NashMixtureConfig",
    "PrioritizedSelfPlay",
    "PrioritizedSelfPlayConfig",
    "RateWeighting",
    "SelfPlay",
    "SelfPlayConfig",
    "Thompson",
    "ThompsonConfig",
    "Uniform",
    "UniformConfig",
    "UpperConfidence",
    "UpperConfidenceConfig",
    "draw",
    "even",
    "hard",
    "linear",
    "variance",
]

RateWeighting = Callable[[Any], Any]
"""Win rates (N,) in [0, 1] -> probabilities (N,); of a single rate its weight, not normalised."""


def hard(rates: Any) -> Any:
    """f_hard(x) = (1-x)^2: opponents that are seldom beaten; combine it with a floor."""
    # AlphaStar's exponent p is 2 for main agents. A beaten opponent is hardly met again.
    return _normalise((1 - np.asarray(rates, float)) ** 2)


def variance(rates: Any) -> Any:
    """f_var(x) = x(1-x): opponents of about equal strength."""
    x = np.asarray(rates, float)
    return _normalise(x * (1 - x))


def even(rates: Any) -> Any:
    """min(1/2, 1-x): at least equal opponents equally often, weaker ones more rarely."""
    return _normalise(np.minimum(0.5, 1 - np.asarray(rates, float)))


def linear(rates: Any) -> Any:
    """1-x: in proportion to how often the opponent wins."""
    return _normalise(1 - np.asarray(rates, float))


def _normalise(weights: Any) -> Any:
    if weights.ndim == 0:
        return float(weights)

    # Nobody has a weight, as f_hard has none for opponents that are always beaten.
    total = weights.sum()
    return weights / total if total > 0 else uniform(len(weights))


class Chooser(Protocol):
    def __call__(self, candidates: Candidates, rng: Generator) -> FloatArray:
        """Probabilities of the candidates, (N,); all zero where there is nobody to choose."""
        ...


@dataclass(frozen=True)
class Uniform:
    def __call__(self, candidates: Candidates, rng: Generator) -> FloatArray:
        """All candidates equally often."""
        return uniform(len(candidates.names))


@dataclass(frozen=True)
class PrioritizedSelfPlay:
    """Prioritized fictitious self-play (Vinyals et al. 2019), on posterior means.

    The probability of opponent B is in proportion to f(P[A beats B]), with f the weighting.
    """

    weighting: RateWeighting
    floor: float
    """Probability that is distributed equally, so that no beaten opponent is forgotten."""

    def __call__(self, candidates: Candidates, rng: Generator) -> FloatArray:
        # Posterior means: one lost game is not a win rate of 0.
        rate_N = candidates.posterior.rate_N
        return mix_with_uniform(self.weighting(rate_N), self.floor)


@dataclass(frozen=True)
class LearnableTeachers:
    """In proportion to the expected variance of the outcome.

    That is p(1-p) where outcomes are right or wrong, won or lost.
    """

    floor: float

    def __call__(self, candidates: Candidates, rng: Generator) -> FloatArray:
        variance_N = candidates.posterior.variance_N
        return mix_with_uniform(_normalise(variance_N), self.floor)


@dataclass(frozen=True)
class Thompson:
    """Thompson sampling (Thompson 1933): the best of one draw from each posterior."""

    def __call__(self, candidates: Candidates, rng: Generator) -> FloatArray:
        # A single candidate consumes no random numbers, as with every other chooser.
        if len(candidates.names) == 1:
            return np.ones(1)
        return _best_of(candidates.posterior.sample(rng), rng)


@dataclass(frozen=True)
class UpperConfidence:
    """An upper confidence bound: the best mean plus some spreads."""

    spreads: float
    """How many standard deviations of the posterior are added to its mean."""

    def __call__(self, candidates: Candidates, rng: Generator) -> FloatArray:
        if len(candidates.names) == 1:
            return np.ones(1)
        # UCB1 (Auer et al. 2002) adds sqrt(2 ln t / n). Here the width is that of the posterior
        # (Bayes-UCB, Kaufmann et al. 2012, takes a quantile), and decay widens it again for a
        # pair that has not met for long.
        posterior = candidates.posterior
        return _best_of(posterior.mean_N + self.spreads * posterior.spread_N, rng)


def _best_of(values_N: FloatArray, rng: Generator) -> FloatArray:
    """Probability 1 for the largest value; ties are broken at random."""
    probabilities_N = np.zeros(len(values_N))
    if len(values_N):
        best = np.flatnonzero(values_N == values_N.max())
        probabilities_N[rng.choice(best)] = 1.0
    return probabilities_N


@dataclass(frozen=True)
class NashMixture:
    """The equilibrium of the candidates' win rates: the meta-strategy of PSRO (Lanctot et al. 2017)."""

    floor: float

    def __call__(self, candidates: Candidates, rng: Generator) -> FloatArray:
        # Equilibria need scipy, which a league without them need not have.
        from docendo.analysis.payoff import nash

        if len(candidates.names) < 2:
            return uniform(len(candidates.names))

        # A win rate w is a payoff 2w - 1 in [-1, 1]: antisymmetric, so the game is zero-sum and
        # its equilibrium a linear program.
        return mix_with_uniform(nash(2 * candidates.win_matrix_NN - 1), self.floor)


@dataclass(frozen=True)
class SelfPlay:
    def __call__(self, candidates: Candidates, rng: Generator) -> FloatArray:
        """The agent itself, where it is a candidate."""
        return np.array([float(name == candidates.agent) for name in candidates.names])


@dataclass(frozen=True)
class Among:
    """A chooser restricted to some candidates, such as exploiters or the agent's own copies."""

    is_included: Callable[[AgentId], bool]
    chooser: Chooser

    def __call__(self, candidates: Candidates, rng: Generator) -> FloatArray:
        included_N = list(map(self.is_included, candidates.names))
        included = candidates.where(self.is_included)
        probabilities_N = np.zeros(len(candidates.names))
        probabilities_N[included_N] = self.chooser(included, rng)
        return probabilities_N


@dataclass(frozen=True)
class Mixture:
    """Choosers with weights, such as AlphaStar's 35 % self-play, 50 % prioritized, 15 % exploiters.

    The weight of a part that has nobody to choose goes to the others.
    """

    parts: Sequence[tuple[float, Chooser]]

    def __call__(self, candidates: Candidates, rng: Generator) -> FloatArray:
        total_N = np.zeros(len(candidates.names))
        for weight, chooser in self.parts:
            total_N = total_N + weight * chooser(candidates, rng)

        # A part with nobody to choose added zeros; dividing hands its weight to the others.
        return total_N / total_N.sum() if total_N.sum() > 0 else total_N


def draw(chooser: Chooser, candidates: Candidates, rng: Generator) -> AgentId:
    """One candidate. Raises UserError where the chooser has nobody to choose."""
    probabilities_N = chooser(candidates, rng)
    if not len(probabilities_N) or probabilities_N.sum() <= 0:
        raise UserError(
            f"{type(chooser).__name__} has nobody to choose for {candidates.agent!r} "
            f"among {list(candidates.names)[:5]}"
        )

    probabilities_N = probabilities_N / probabilities_N.sum()
    place = rng.choice(len(candidates.names), p=probabilities_N)
    return candidates.names[place]


_Share = Annotated[float, Field(ge=0, le=1)]
_WEIGHTINGS: dict[str, RateWeighting] = {
    "hard": hard,
    "variance": variance,
    "even": even,
    "linear": linear,
}


class UniformConfig(PartConfig):
    """All candidates equally often."""

    type: str = "uniform"

    def build(self, context: Any = None) -> Uniform:
        return Uniform()


class LearnableTeachersConfig(PartConfig):
    """Weights by the expected variance of the outcome, which is small for a sure thing."""

    type: str = "learnability"
    floor: _Share = 0.1
    """Probability that is shared out equally before the rest is distributed."""

    def build(self, context: Any = None) -> LearnableTeachers:
        return LearnableTeachers(self.floor)


class ThompsonConfig(PartConfig):
    """Thompson sampling: the best of one draw from each posterior."""

    type: str = "thompson"

    def build(self, context: Any = None) -> Thompson:
        return Thompson()


class UpperConfidenceConfig(PartConfig):
    """An upper confidence bound: the best mean plus some standard deviations."""

    type: str = "ucb"
    spreads: Annotated[float, Field(ge=0)] = 1.0
    """Standard deviations of the posterior that are added to its mean."""

    def build(self, context: Any = None) -> UpperConfidence:
        return UpperConfidence(self.spreads)


class PrioritizedSelfPlayConfig(PartConfig):
    """Prioritized fictitious self-play; the type names how win rates are weighted."""

    floor: _Share = 0.1
    """Probability that is shared out equally before the rest is distributed."""

    def build(self, context: Any = None) -> PrioritizedSelfPlay:
        return PrioritizedSelfPlay(_WEIGHTINGS[self.type], self.floor)


class NashMixtureConfig(PartConfig):
    """The equilibrium of the opponents' win rates (PSRO)."""

    type: str = "nash"
    floor: _Share = 0.0
    """Probability that is shared out equally before the rest is distributed."""

    def build(self, context: Any = None) -> NashMixture:
        return NashMixture(self.floor)


class SelfPlayConfig(PartConfig):
    """The agent itself."""

    type: str = "self"

    def build(self, context: Any = None) -> SelfPlay:
        return SelfPlay()
