"""Texts that grow from round to round while what they earn does not."""

from collections.abc import Sequence
from itertools import combinations
from statistics import median

__all__ = ["FIRST", "RECENT", "measure_growth", "theil_slope"]

FIRST = 5
"""Rounds that an agent starts from."""
RECENT = 5
"""Rounds that are compared with them."""
_SURE = 0.9
_EARNED = 0.1


def measure_growth(
    lengths: Sequence[tuple[int, float]], rewards: Sequence[tuple[int, float]]
) -> float:
    """By what share of the first rounds' length the newest ones are longer; 0 where it is chance or it pays.

    Both are (round, mean), rounds ascending. The line through the first and the newest rounds is Theil's (1950): the
    median of the slopes between any two. It counts where nine in ten of the newest rounds' lengths exceed one of the
    first, pair by pair, and the line of the rewards rises by less than 0.1. 0 before there are enough rounds.
    """
    if len(lengths) < FIRST + RECENT:
        return 0.0
    first, recent = lengths[:FIRST], lengths[-RECENT:]
    pairs = [(a, b) for _, a in first for _, b in recent]
    start = median(length for _, length in first)
    if start <= 0 or sum(b > a for a, b in pairs) < _SURE * len(pairs):
        return 0.0
    span = median(r for r, _ in recent) - median(r for r, _ in first)
    earned = (
        theil_slope([*rewards[:FIRST], *rewards[-RECENT:]]) * span
        if len(rewards) >= FIRST + RECENT
        else 0.0
    )
    return (
        max(0.0, theil_slope([*first, *recent]) * span / start) if earned < _EARNED else 0.0
    )


def theil_slope(points: Sequence[tuple[int, float]]) -> float:
    """The median of the slopes between any two points whose rounds differ; 0 where there are none."""
    slopes = [(b - a) / (t - s) for (s, a), (t, b) in combinations(points, 2) if t != s]
    return median(slopes) if slopes else 0.0
