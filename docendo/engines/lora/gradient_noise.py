"""How much of a gradient is chance, estimated from two halves of the completions behind it.

Axes: P numbers of one adapter.
"""

from math import nan, sqrt

from torch import Tensor

__all__ = ["estimate_gradient_noise"]


def estimate_gradient_noise(
    first_P: Tensor,
    second_P: Tensor,
    counts: tuple[int, int],
) -> float:
    """Estimate of the expected ``|g - E g|^2``, where g is the sum of both halves.

    The halves are sums over n and m completions (`counts`); NaN where one is empty. Assume that
    completions are drawn alike and that the halves are independent. Then
    ``sqrt(m / n) g1 - sqrt(n / m) g2`` has mean zero and the variance of g1 + g2, so its squared
    norm is the estimate. For n = m it is ``|g1 - g2|^2``, which for other n and m would be too
    high by ``((n - m) / (n + m))^2 |E g|^2``. McCandlish et al. 2018 compare batches of two sizes
    for the same purpose; halves need no second pass.

    Departures: halves whose problems differ in their mean look noisier than they are. Completions
    of one prompt stay in one half unless they need several rows. What they have in common does
    not count as chance then, and the estimate is too low. It is one draw: take means over steps.
    """
    n, m = counts
    if n == 0 or m == 0:
        return nan

    scaled_first_P = first_P * sqrt(m / n)
    scaled_second_P = second_P * sqrt(n / m)
    difference_P = scaled_first_P - scaled_second_P
    return float(difference_P.square().sum())
