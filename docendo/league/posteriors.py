"""What standings believe: posterior distributions of win rates and gains, of many candidates at once. N candidates."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.random import Generator

from docendo.errors import UserError
from docendo.interfaces import FloatArray

__all__ = ["GainPosterior", "RatePosterior"]


@dataclass(frozen=True)
class RatePosterior:
    """Beta posteriors of rates in [0, 1], from decayed sums of scores and a prior that counts for two scores."""

    total_N: FloatArray
    """Sums of scores in [0, 1]; a draw is one half."""
    evidence_N: FloatArray
    """What decay has left of the number of scores."""
    stale_N: FloatArray
    """Rounds since the last of them."""

    @property
    def alpha_N(self) -> FloatArray:  # noqa: N802
        return 1.0 + self.total_N

    @property
    def beta_N(self) -> FloatArray:  # noqa: N802
        return 1.0 + self.evidence_N - self.total_N

    @property
    def mean_N(self) -> FloatArray:  # noqa: N802
        return self.alpha_N / (2.0 + self.evidence_N)

    @property
    def rate_N(self) -> FloatArray:  # noqa: N802
        return self.mean_N

    @property
    def variance_N(self) -> FloatArray:  # noqa: N802
        """Expected p(1-p), the reward variance of an attempt: 1/4 where p is surely one half, 1/6 where all is open."""
        return (
            self.alpha_N * self.beta_N / ((2.0 + self.evidence_N) * (3.0 + self.evidence_N))
        )

    @property
    def spread_N(self) -> FloatArray:  # noqa: N802
        """Standard deviations of the posteriors."""
        return np.sqrt(self.mean_N * (1 - self.mean_N) / (3.0 + self.evidence_N))

    def sample(self, rng: Generator) -> FloatArray:
        """One draw from each posterior."""
        return rng.beta(self.alpha_N, self.beta_N)

    def interval(self, share: float = 0.95) -> tuple[FloatArray, FloatArray]:
        """Equal-tailed credible intervals, (low, high); nearly all of [0, 1] where nothing was seen."""
        special, tail = _special(), (1 - share) / 2
        low_N, high_N = (
            special.betaincinv(self.alpha_N, self.beta_N, q) for q in (tail, 1 - tail)
        )
        return low_N, high_N


_STRENGTH, _SHAPE, _VARIANCE = 1.0, 1.0, 0.1
"""The prior: one lesson of gain 0, with a variance as between lessons of a noisy pair."""


@dataclass(frozen=True)
class GainPosterior:
    """Student's t posteriors of mean gains in [-1, 1]: unknown mean and variance, normal-inverse-gamma prior at 0.

    Murphy, Conjugate Bayesian analysis of the Gaussian distribution (2007), equations 85 to 89 and 110.
    """

    total_N: FloatArray
    squares_N: FloatArray
    evidence_N: FloatArray
    stale_N: FloatArray

    @property
    def mean_N(self) -> FloatArray:  # noqa: N802
        return self.total_N / (_STRENGTH + self.evidence_N)

    @property
    def rate_N(self) -> FloatArray:  # noqa: N802
        """The mean on [0, 1], where one half is no gain."""
        return np.clip((1 + self.mean_N) / 2, 0, 1)

    @property
    def variance_N(self) -> FloatArray:  # noqa: N802
        """Scale of the posterior of a single lesson's variance; its mean does not exist before there is evidence."""
        scale = (
            _VARIANCE * _SHAPE + (self.squares_N - self.total_N * self.mean_N).clip(0) / 2
        )
        return scale / (_SHAPE + self.evidence_N / 2)

    @property
    def spread_N(self) -> FloatArray:  # noqa: N802
        """Scales of the posteriors."""
        return np.sqrt(self.variance_N / (_STRENGTH + self.evidence_N))

    def sample(self, rng: Generator) -> FloatArray:
        """One draw from each posterior."""
        return self.mean_N + self.spread_N * rng.standard_t(2 * _SHAPE + self.evidence_N)

    def interval(self, share: float = 0.95) -> tuple[FloatArray, FloatArray]:
        """Equal-tailed credible intervals, (low, high), inside [-1, 1]; all of it where nothing was seen."""
        half = self.spread_N * _special().stdtrit(
            2 * _SHAPE + self.evidence_N, (1 + share) / 2
        )
        return (self.mean_N - half).clip(-1, 1), (self.mean_N + half).clip(-1, 1)


def _special() -> Any:
    try:
        from scipy import special
    except ImportError as error:
        raise UserError(
            "intervals need scipy; run: pip install 'docendo[league]'"
        ) from error
    return special
