"""Measures texts that grow from round to round while what they earn does not."""

from collections.abc import Sequence
from itertools import combinations, product
from statistics import median

__all__ = ["FIRST", "RECENT", "measure_growth", "theil_slope"]

FIRST = 5
"""Rounds that an agent starts from."""
RECENT = 5
"""Newest rounds, which are compared with the first."""
_CONFIDENT = 0.9
"""Share of pairs of a first and a recent round in which the recent one must be longer."""
_MAX_EARNED = 0.1
"""Rise of the reward from which on longer texts pay."""


def measure_growth(
    lengths: Sequence[tuple[int, float]], rewards: Sequence[tuple[int, float]]
) -> float:
    """By what share of the first rounds' length the newest are longer; 0 for chance or if it pays.

    Both are (round, mean), rounds ascending. The line through the first and the newest rounds is
    Theil's (1950), the median of the slopes between any two. It counts where nine in ten pairs of
    a first and a newest round grow, and the line of the rewards rises by less than 0.1. 0 before
    there are enough rounds.
    """
    if len(lengths) < FIRST + RECENT:
        return 0.0

    first = lengths[:FIRST]
    recent = lengths[-RECENT:]
    start = median(length for _, length in first)
    # Medians and pairs, so that one odd round neither hides growth nor looks like it.
    longer = [new > old for (_, old), (_, new) in product(first, recent)]
    if start <= 0 or sum(longer) < _CONFIDENT * len(longer):
        return 0.0

    span = median(r for r, _ in recent) - median(r for r, _ in first)
    if len(rewards) >= FIRST + RECENT:
        earned = theil_slope([*rewards[:FIRST], *rewards[-RECENT:]]) * span
        # Longer texts that pay are what training is for.
        if earned >= _MAX_EARNED:
            return 0.0
    return max(0.0, theil_slope([*first, *recent]) * span / start)


def theil_slope(points: Sequence[tuple[int, float]]) -> float:
    """The median of the slopes between any two points whose rounds differ; 0 without any."""
    slopes = [(b - a) / (t - s) for (s, a), (t, b) in combinations(points, 2) if t != s]
    return median(slopes) if slopes else 0.0
