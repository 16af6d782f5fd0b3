"""Posterior distributions of success rates, win rates and gains. Axes: N candidates."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.random import Generator

from docendo.errors import require_package
from docendo.interfaces import FloatArray

__all__ = ["GainPosterior", "RatePosterior"]


@dataclass(frozen=True)
class RatePosterior:
    """Beta posteriors of rates in [0, 1], with a uniform prior that counts as two scores."""

    total_N: FloatArray
    """Decayed sums of scores in [0, 1]; a draw is one half."""
    evidence_N: FloatArray
    """Decayed numbers of scores."""
    stale_N: FloatArray
    """Rounds since the last score."""

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
        """Expected p(1-p), the variance of a single reward: 1/4 for p = 1/2, 1/6 before evidence."""
        # E[p (1-p)] = a b / ((a + b) (a + b + 1)), with a + b = 2 + evidence
        scale_N = (2.0 + self.evidence_N) * (3.0 + self.evidence_N)
        return self.alpha_N * self.beta_N / scale_N

    @property
    def spread_N(self) -> FloatArray:  # noqa: N802
        """Standard deviations of the posteriors."""
        # Var[p] = m (1-m) / (a + b + 1), with m the mean
        return np.sqrt(self.mean_N * (1 - self.mean_N) / (3.0 + self.evidence_N))

    def sample(self, rng: Generator) -> FloatArray:
        """One draw from each posterior."""
        return rng.beta(self.alpha_N, self.beta_N)

    def interval(self, share: float = 0.95) -> tuple[FloatArray, FloatArray]:
        """Equal-tailed credible intervals, (low, high); nearly [0, 1] before evidence."""
        betaincinv = _scipy_special().betaincinv
        tail = (1 - share) / 2
        low_N = betaincinv(self.alpha_N, self.beta_N, tail)
        high_N = betaincinv(self.alpha_N, self.beta_N, 1 - tail)
        return low_N, high_N


# The prior counts as one lesson of gain 0, with the variance between lessons of a noisy pair.
_STRENGTH = 1.0
_SHAPE = 1.0
_VARIANCE = 0.1


@dataclass(frozen=True)
class GainPosterior:
    """Student's t posteriors of mean gains in [-1, 1], from a normal-inverse-gamma prior at 0.

    Mean and variance are unknown. Murphy, Conjugate Bayesian analysis of the Gaussian
    distribution (2007), equations 85 to 89 and 110.
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
        """The mean on a scale of [0, 1], where one half is no gain."""
        return np.clip((1 + self.mean_N) / 2, 0, 1)

    @property
    def variance_N(self) -> FloatArray:  # noqa: N802
        """Scale of the posterior of a single lesson's variance, whose mean may not exist."""
        # With k0 the strength: sum (x - mean)^2 + k0 n / (k0 + n) * mean^2 is one difference,
        # sum x^2 - (sum x)^2 / (k0 + n). Clipped, since rounding may leave it below 0.
        deviations_N = (self.squares_N - self.total_N * self.mean_N).clip(0)
        scale_N = _VARIANCE * _SHAPE + deviations_N / 2
        return scale_N / (_SHAPE + self.evidence_N / 2)

    @property
    def spread_N(self) -> FloatArray:  # noqa: N802
        """Scales of the posteriors."""
        return np.sqrt(self.variance_N / (_STRENGTH + self.evidence_N))

    @property
    def _freedom_N(self) -> FloatArray:  # noqa: N802
        return 2 * _SHAPE + self.evidence_N

    def sample(self, rng: Generator) -> FloatArray:
        """One draw from each posterior."""
        return self.mean_N + self.spread_N * rng.standard_t(self._freedom_N)

    def interval(self, share: float = 0.95) -> tuple[FloatArray, FloatArray]:
        """Equal-tailed credible intervals, (low, high), clipped to [-1, 1]."""
        stdtrit = _scipy_special().stdtrit
        half_N = self.spread_N * stdtrit(self._freedom_N, (1 + share) / 2)
        low_N = self.mean_N - half_N
        high_N = self.mean_N + half_N
        return low_N.clip(-1, 1), high_N.clip(-1, 1)


def _scipy_special() -> Any:
    require_package("scipy", "intervals", "league")
    from scipy import special

    return special
