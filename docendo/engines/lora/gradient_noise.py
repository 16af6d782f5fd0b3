"""How much of a gradient is chance, told from two halves of what made it.

Axes: P numbers of one adapter.
"""

from math import nan, sqrt

from torch import Tensor

__all__ = ["noise"]


def noise(first_P: Tensor, second_P: Tensor, counts: tuple[int, int]) -> float:
    """Estimate of the expected ``|g - E g|^2``, where g is the sum of both halves; NaN where one is empty.

    The halves are sums over n and m completions (`counts`). Were all completions drawn alike and the halves
    independently, then ``sqrt(m / n) g1 - sqrt(n / m) g2`` would have mean zero and exactly the variance of g1 + g2,
    summed over the parameters: its squared norm is the estimate. For n = m it is ``|g1 - g2|^2``, which for other
    n and m would be too high by ``((n - m) / (n + m))^2 |E g|^2``. McCandlish et al. 2018 compare batches of two sizes
    for the same purpose; halves need no second pass.

    Departures: halves whose problems differ in their mean are taken to be noisier than they are. Completions of one
    prompt stay in one half, unless they need several rows; then what they have in common is not seen as chance, and
    the estimate is too low. It is one draw: take means over steps.
    """
    n, m = counts
    if n == 0 or m == 0:
        return nan
    return float((first_P * sqrt(m / n) - second_P * sqrt(n / m)).square().sum())
