"""Means with 95 % intervals, from plain numbers. Nothing here knows what a run is.

Scores that share a cause (the lessons of one match share its control; the agents answer the same problems) come as
groups, and the groups, not the scores, are what is taken to be independent.
"""

from collections.abc import Sequence
from math import sqrt
from random import Random
from typing import NamedTuple

__all__ = [
    "NORMAL",
    "Estimate",
    "PairedChange",
    "PairedScores",
    "clustered_mean",
    "clustered_share",
    "difference_of_shares",
    "paired_change",
    "t_quantile",
    "wilson_interval",
]

NORMAL = 1.959963984540054
"""The 97.5 % point of the normal distribution."""
_T_SMALL = (12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306)


class Estimate(NamedTuple):
    mean: float
    low: float | None
    """None, as `high`, where a single group leaves nothing to estimate the spread from."""
    high: float | None
    n: int
    """How many scores the mean is of."""


class PairedChange(NamedTuple):
    """A mean before and after; all None where there is nothing to compare."""

    start: float | None
    end: float | None
    rise: float | None
    low: float | None
    high: float | None


def wilson_interval(mean: float, n: float) -> tuple[float, float]:
    """Wilson's score interval of a share `mean` seen in `n` > 0 trials; inside [0, 1], never empty."""
    centre = (mean + NORMAL**2 / (2 * n)) / (1 + NORMAL**2 / n)
    half = (
        NORMAL
        / (1 + NORMAL**2 / n)
        * sqrt(max(mean * (1 - mean), 0) / n + NORMAL**2 / (4 * n**2))
    )
    return max(0.0, centre - half), min(1.0, centre + half)


def difference_of_shares(
    first: Sequence[float], second: Sequence[float]
) -> tuple[Estimate, Estimate, Estimate]:
    """Means of two independent samples of scores in [0, 1], and the first minus the second (Newcombe 1998, method 10).

    Neither is empty.
    """
    means = [sum(scores) / len(scores) for scores in (first, second)]
    one, other = (
        Estimate(m, *wilson_interval(m, len(s)), len(s))
        for m, s in zip(means, (first, second), strict=True)
    )
    gap, (low_1, high_1), (low_2, high_2) = one.mean - other.mean, one[1:3], other[1:3]
    if low_1 is None or high_1 is None or low_2 is None or high_2 is None:
        raise ValueError("a share of no trials has no interval")
    below = sqrt((one.mean - low_1) ** 2 + (high_2 - other.mean) ** 2)
    above = sqrt((high_1 - one.mean) ** 2 + (other.mean - low_2) ** 2)
    return one, other, Estimate(gap, gap - below, gap + above, len(first) + len(second))


def clustered_mean(groups: Sequence[Sequence[float]]) -> Estimate:
    """Mean of all scores; Student's t interval with the groups as the independent units. `groups` is not empty."""
    mean, error, n = _clustered_error(groups)
    if error is None:
        return Estimate(mean, None, None, n)
    half = t_quantile(len(groups) - 1) * error
    return Estimate(mean, mean - half, mean + half, n)


def clustered_share(groups: Sequence[Sequence[float]]) -> Estimate:
    """As `clustered` for scores in [0, 1]: Wilson's interval at as many trials as would give the groups' error."""
    mean, error, n = _clustered_error(groups)
    trials = min(mean * (1 - mean) / error**2, n) if error and 0 < mean < 1 else len(groups)
    return Estimate(mean, *wilson_interval(mean, trials), n)


def _clustered_error(groups: Sequence[Sequence[float]]) -> tuple[float, float | None, int]:
    """Mean, its standard error by the ratio estimator (None for one group), and the number of scores."""
    n = sum(map(len, groups))
    mean = sum(map(sum, groups)) / n
    if len(groups) < 2:
        return mean, None, n
    squares = sum((sum(g) - mean * len(g)) ** 2 for g in groups)
    return mean, sqrt(squares * len(groups) / (len(groups) - 1)) / n, n


def t_quantile(freedom: int) -> float:
    """The 97.5 % point of Student's t: exact to three digits (Abramowitz and Stegun 26.7.5)."""
    if freedom <= len(_T_SMALL):
        return _T_SMALL[freedom - 1]
    z = NORMAL
    first = (z**3 + z) / 4
    second = (5 * z**5 + 16 * z**3 + 3 * z) / 96
    third = (3 * z**7 + 19 * z**5 + 17 * z**3 - 15 * z) / 384
    return z + first / freedom + second / freedom**2 + third / freedom**3


class PairedScores(NamedTuple):
    """One problem as some takers answered it before and after: column sums, one entry per taker."""

    start: tuple[float, ...]
    start_count: tuple[int, ...]
    end: tuple[float, ...]
    end_count: tuple[int, ...]


def paired_change(
    strata: Sequence[Sequence[PairedScores]], seed: int = 0, samples: int = 1000
) -> PairedChange:
    """Mean over strata and takers, before and after, with the percentile bootstrap interval of the difference.

    A stratum is a domain; its problems are drawn anew together with everything that was answered to them, so what
    was measured twice on one problem stays paired. A taker without answers on both sides of a stratum is left out.
    """
    columns = [
        [list(zip(*part, strict=True)) for part in zip(*problems, strict=True)]
        for problems in strata
        if problems
    ]
    everything = [range(len(stratum[0][0])) for stratum in columns]
    start, end = _means(columns, everything)
    if start is None or end is None:
        return PairedChange(start, end, None, None, None)
    random = Random(seed)
    drawn = sorted(
        after - before
        for before, after in (
            _means(columns, [random.choices(rows, k=len(rows)) for rows in everything])
            for _ in range(samples)
        )
        if before is not None and after is not None
    )
    cut = round(0.025 * len(drawn))
    return PairedChange(start, end, end - start, drawn[cut], drawn[-1 - cut])


def _means(
    columns: Sequence[Sequence[Sequence[Sequence[float]]]], rows: Sequence[Sequence[int]]
) -> tuple[float | None, float | None]:
    before: list[float] = []
    after: list[float] = []
    for stratum, chosen in zip(columns, rows, strict=True):
        for taker in zip(*stratum, strict=True):
            start, start_count, end, end_count = (
                sum(map(column.__getitem__, chosen)) for column in taker
            )
            if start_count and end_count:
                before.append(start / start_count)
                after.append(end / end_count)
    if not before:
        return None, None
    return sum(before) / len(before), sum(after) / len(after)
