"""Probabilities over N choices: evenly, and with a floor under each."""

import numpy as np

from docendo.interfaces import FloatArray

__all__ = ["mix_with_uniform", "uniform"]


def uniform(count: int) -> FloatArray:
    """Equal probabilities, (`count`,)."""
    return np.full(count, 1 / max(1, count))


def mix_with_uniform(probabilities_N: FloatArray, floor: float) -> FloatArray:
    """The probabilities after a share `floor` was distributed equally.

    It is the epsilon of epsilon-greedy: what is weighted 0 today is still tried, and noticed when
    it changes.
    """
    equal_share = 1 / max(1, len(probabilities_N))
    return np.asarray((1 - floor) * probabilities_N + floor * equal_share)
