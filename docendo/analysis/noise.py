"""How much of a payoff matrix chance alone could have made: cycles that noise draws, and who is best."""

from typing import NamedTuple

import numpy as np

from docendo.analysis.matrices import Matrix
from docendo.analysis.structure import Decomposition, decompose
from docendo.statistics import NORMAL_QUANTILE

__all__ = ["CyclicNoise", "estimate_cyclic_noise"]

_DRAWS = 1000
_MAX_NUMBERS = 2_000_000
"""Numbers that are drawn at most: of a large population fewer matrices."""
_LEVEL = 0.05


class CyclicNoise(NamedTuple):
    """The size of the cycles that a population without any would show, by the noise of its payoffs."""

    low: float
    high: float
    """95 % of them lie between these; root mean squares, as `Decomposition.cyclic_size`."""
    p_value: float
    """How often chance alone gives cycles as large as those that were measured."""

    @property
    def explains_cycles(self) -> bool:
        """Whether the measured cycles cannot be told from noise."""
        return self.p_value > _LEVEL


def estimate_cyclic_noise(
    payoff: Matrix, low: Matrix, high: Matrix, measured: Decomposition
) -> CyclicNoise | None:
    """Redraws the transitive part of a payoff with the noise of each cell (parametric bootstrap).

    `payoff` is (N, N), NaN where two never met; `low` and `high` are the 95 % intervals of its cells,
    and `measured` is the decomposition of its antisymmetric part.
    A cell that was measured once has no interval, and gets the largest error of the others. None
    where no cell has an interval, or all payoffs are 0.
    """
    errors = (high - low) / (2 * NORMAL_QUANTILE)
    if measured.share is None or not np.isfinite(errors).any():
        return None
    known = np.where(np.isfinite(errors), errors, np.nanmax(errors))
    errors = np.where(np.isnan(payoff), 0.0, known)
    np.fill_diagonal(errors, 0.0)

    filled = np.nan_to_num(payoff)
    # The size is compared, not the share: of equal agents noise makes any share.
    # In a game the two cells of a pair are one measurement; lessons in both directions are two.
    is_game = np.allclose(filled, -filled.T)
    pair_errors = errors if is_game else np.hypot(errors, errors.T) / 2
    transitive = (filled - filled.T) / 2 - measured.cyclic

    agents = len(payoff)
    draws = max(50, min(_DRAWS, _MAX_NUMBERS // agents**2))
    rng = np.random.default_rng(0)
    sizes = []
    for _ in range(draws):
        noise = np.triu(rng.standard_normal((agents, agents)) * pair_errors, 1)
        sizes.append(decompose(transitive + noise - noise.T).cyclic_size)

    bounds = np.quantile(sizes, (0.025, 0.975))
    as_large = sum(size >= measured.cyclic_size for size in sizes)
    return CyclicNoise(
        low=float(bounds[0]),
        high=float(bounds[1]),
        p_value=(1 + as_large) / (1 + draws),
    )
