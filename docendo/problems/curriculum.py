"""What to practise next, from what was seen of each level.

Axes: N levels.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from docendo.errors import UseError

__all__ = ["replay_weights"]


def replay_weights(
    scores: Sequence[float], staleness: Sequence[float], beta: float = 0.1, rho: float = 0.1
) -> NDArray[np.float64]:
    """Probability of each of N levels, (N,): mostly the best scores, some of what was not seen for long.

    A share 1 - `rho` goes by rank ** (-1 / `beta`), rank 1 being the highest score: a small `beta` is greedy, a large
    one even. A share `rho` goes in proportion to `staleness`, the rounds since a level was last drawn (>= 0; all zero:
    evenly). Prioritized Level Replay (Jiang et al. 2021), which breaks ties by position; here equal scores share the
    best of their ranks. Raises UseError where the numbers are not such.
    """
    scores_N, stale_N = np.asarray(scores, float), np.asarray(staleness, float)
    if scores_N.ndim != 1 or not scores_N.size or scores_N.shape != stale_N.shape:
        raise UseError(f"replay wants one staleness per score, and at least one: {scores_N.shape} and {stale_N.shape}")
    if not np.isfinite(scores_N).all():
        raise UseError(f"replay wants finite scores: {scores_N.tolist()}")
    if not (np.isfinite(stale_N).all() and (stale_N >= 0).all()):
        raise UseError(f"replay wants finite staleness of at least 0: {stale_N.tolist()}")
    if not (beta > 0 and 0 <= rho <= 1):
        raise UseError(f"replay wants beta above 0 and rho in 0 to 1: {beta} and {rho}")
    rank_N = 1.0 + scores_N.size - np.searchsorted(np.sort(scores_N), scores_N, side="right")
    return (1 - rho) * _shares(np.power(rank_N, -1 / beta)) + rho * _shares(stale_N)


def _shares(weights_N: NDArray[np.float64]) -> NDArray[np.float64]:
    """Divided by their sum; even where all are zero."""
    highest = weights_N.max()
    if not highest:
        return np.full(weights_N.size, 1 / weights_N.size)
    scaled_N = weights_N / highest
    shares_N: NDArray[np.float64] = scaled_N / scaled_N.sum()
    return shares_N
