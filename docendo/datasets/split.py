"""The split of a problem, train or held-out, from its key alone."""

from docendo.interfaces import Split
from docendo.records import Problem

__all__ = ["HELD_OUT_SHARE", "split_of"]

HELD_OUT_SHARE = 5
"""One problem in so many is held out."""


def split_of(problem: Problem) -> Split:
    """The split of a problem. It depends on the content alone, so no seed can leak one into the other."""
    return "held-out" if int(problem.key, 16) % HELD_OUT_SHARE == 0 else "train"
