"""Means with 95 % intervals, computed from plain numbers.

Scores with a common cause come as groups: the lessons of one match share its control, and
all agents answer the same problems. Groups, not scores, are taken to be independent.
"""

from collections.abc import Sequence
from math import fsum, sqrt
from random import Random
from typing import NamedTuple

__all__ = [
    "NORMAL_QUANTILE",
    "Estimate",
    "PairedChange",
    "PairedScores",
    "clustered_mean",
    "clustered_share",
    "difference_of_shares",
    "estimate_share",
    "paired_change",
    "stratified_difference",
    "t_quantile",
    "wilson_interval",
]

NORMAL_QUANTILE = 1.959963984540054
"""The 97.5 % point of the normal distribution."""
_SMALL_T_QUANTILES = (12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306)
"""For 1 to 8 degrees of freedom, where the expansion in `t_quantile` is not exact
enough."""


class Estimate(NamedTuple):
    """A mean with its 95 % interval."""

    mean: float
    low: float | None
    """None, like `high`, if there is a single group: it says nothing about the spread."""
    high: float | None
    n: int
    """How many scores the mean is of."""


class PairedChange(NamedTuple):
    """A mean before and after; all None if there is nothing to compare."""

    start: float | None = None
    end: float | None = None
    rise: float | None = None
    low: float | None = None
    high: float | None = None


class PairedScores(NamedTuple):
    """Scores of agents on one problem, before and after: a sum and count per agent."""

    start: tuple[float, ...]
    start_count: tuple[int, ...]
    end: tuple[float, ...]
    end_count: tuple[int, ...]


def wilson_interval(mean: float, n: float) -> tuple[float, float]:
    """Wilson's score interval of a share `mean` in `n` > 0 trials (Wilson 1927).

    It is inside [0, 1] and never empty.
    """
    # Not mean ± z * error, which is a point where all trials agree and leaves [0, 1] near it.
    z = NORMAL_QUANTILE
    scale = 1 + z**2 / n
    centre = (mean + z**2 / (2 * n)) / scale
    half = z / scale * sqrt(max(mean * (1 - mean), 0) / n + z**2 / (4 * n**2))
    return max(0.0, centre - half), min(1.0, centre + half)


def estimate_share(scores: Sequence[float]) -> Estimate:
    """Mean of independent scores in [0, 1], with Wilson's interval; there is at least one."""
    mean = fsum(scores) / len(scores)
    low, high = wilson_interval(mean, len(scores))
    return Estimate(mean, low, high, len(scores))


def difference_of_shares(
    first: Sequence[float], second: Sequence[float]
) -> tuple[Estimate, Estimate, Estimate]:
    """Means of two independent samples of scores in [0, 1], and the first minus the second.

    The interval of the difference is method 10 of Newcombe (1998). Neither sample is empty.
    """
    first_mean = sum(first) / len(first)
    first_low, first_high = wilson_interval(first_mean, len(first))
    second_mean = sum(second) / len(second)
    second_low, second_high = wilson_interval(second_mean, len(second))

    # Each side takes the distance to the bound of either share that makes the gap larger.
    gap = first_mean - second_mean
    below = sqrt((first_mean - first_low) ** 2 + (second_high - second_mean) ** 2)
    above = sqrt((first_high - first_mean) ** 2 + (second_mean - second_low) ** 2)
    return (
        Estimate(first_mean, first_low, first_high, len(first)),
        Estimate(second_mean, second_low, second_high, len(second)),
        Estimate(gap, gap - below, gap + above, len(first) + len(second)),
    )


def clustered_mean(groups: Sequence[Sequence[float]]) -> Estimate:
    """Mean of all scores with Student's t interval; groups are independent.

    `groups` is not empty.
    """
    mean, error, count = _mean_and_error(groups)
    if error is None:
        return Estimate(mean, None, None, count)

    half = t_quantile(len(groups) - 1) * error
    return Estimate(mean, mean - half, mean + half, count)


def clustered_share(groups: Sequence[Sequence[float]]) -> Estimate:
    """Mean of scores in [0, 1] with Wilson's interval; groups are independent.

    The interval is that of as many trials as would have the standard error of the groups.
    """
    mean, error, count = _mean_and_error(groups)
    trials: float = len(groups)
    if error and 0 < mean < 1:
        # n in error^2 = p (1-p) / n: the effective sample size, at most the number of scores
        trials = min(mean * (1 - mean) / error**2, count)
    low, high = wilson_interval(mean, trials)
    return Estimate(mean, low, high, count)


def _mean_and_error(groups: Sequence[Sequence[float]]) -> tuple[float, float | None, int]:
    """Mean, standard error by the ratio estimator (None for one group), and count."""
    count = sum(map(len, groups))
    mean = sum(map(sum, groups)) / count
    if len(groups) < 2:
        return mean, None, count

    # The ratio estimator: groups of other sizes have other weights.
    squares = sum((sum(group) - mean * len(group)) ** 2 for group in groups)
    error = sqrt(squares * len(groups) / (len(groups) - 1)) / count
    return mean, error, count


def stratified_difference(
    strata: Sequence[tuple[Sequence[float], Sequence[float]]],
) -> Estimate | None:
    """Mean of the first scores minus that of the second, within strata, with Student's t interval.

    It is the effect in a regression on an indicator of the first and one of each stratum, with
    errors of one variance. `n` counts the scores of strata that have both kinds; None without any.
    """
    pairs = [(first, second) for first, second in strata if first and second]
    if not pairs:
        return None

    gaps = []
    weights = []
    squares = 0.0
    for sides in pairs:
        means = [fsum(scores) / len(scores) for scores in sides]
        gaps.append(means[0] - means[1])
        weights.append(1 / sum(1 / len(scores) for scores in sides))
        for mean, scores in zip(means, sides, strict=True):
            squares += fsum((score - mean) ** 2 for score in scores)

    difference = fsum(w * gap for w, gap in zip(weights, gaps, strict=True)) / fsum(weights)
    squares += fsum(
        w * (gap - difference) ** 2 for w, gap in zip(weights, gaps, strict=True)
    )
    count = sum(len(first) + len(second) for first, second in pairs)
    # a mean of every stratum was fitted, and the difference
    freedom = count - len(pairs) - 1
    if freedom < 1:
        return Estimate(difference, None, None, count)
    half = t_quantile(freedom) * sqrt(squares / freedom / fsum(weights))
    return Estimate(difference, difference - half, difference + half, count)


def t_quantile(freedom: int) -> float:
    """The 97.5 % point of Student's t, to three digits (Abramowitz and Stegun 26.7.5)."""
    if freedom <= len(_SMALL_T_QUANTILES):
        return _SMALL_T_QUANTILES[freedom - 1]

    z = NORMAL_QUANTILE
    first = (z**3 + z) / 4
    second = (5 * z**5 + 16 * z**3 + 3 * z) / 96
    third = (3 * z**7 + 19 * z**5 + 17 * z**3 - 15 * z) / 384
    return z + first / freedom + second / freedom**2 + third / freedom**3


def paired_change(
    strata: Sequence[Sequence[PairedScores]], seed: int = 0, resamples: int = 1000
) -> PairedChange:
    """Mean over strata and agents, before and after, with an interval of the change.

    A stratum is a domain. Its problems are resampled together with all answers to them, so
    that two measurements on one problem stay paired. An agent without answers on both sides
    of a stratum is left out. The interval is the percentile bootstrap's (Efron 1979).
    """
    strata = [problems for problems in strata if problems]
    means = _mean_before_and_after(strata)
    if means is None:
        return PairedChange()
    start, end = means

    random = Random(seed)
    changes = []
    for _ in range(resamples):
        resampled = [random.choices(problems, k=len(problems)) for problems in strata]
        means = _mean_before_and_after(resampled)
        if means is not None:
            before, after = means
            changes.append(after - before)

    # The 2.5 % at either end are outside of the interval.
    changes.sort()
    cut = round(0.025 * len(changes))
    return PairedChange(start, end, end - start, changes[cut], changes[-1 - cut])


def _mean_before_and_after(
    strata: Sequence[Sequence[PairedScores]],
) -> tuple[float, float] | None:
    before = []
    after = []
    for problems in strata:
        # (4, agents): start, its count, end and its count, each summed over the problems
        sums = [map(sum, zip(*rows, strict=True)) for rows in zip(*problems, strict=True)]
        for start, start_count, end, end_count in zip(*sums, strict=True):
            if start_count and end_count:
                before.append(start / start_count)
                after.append(end / end_count)
    if not before:
        return None
    return sum(before) / len(before), sum(after) / len(after)
