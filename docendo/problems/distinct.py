"""Drawing different problems of one split by trying until there are enough, and what may be drawn."""

from collections.abc import Callable

from docendo.datasets.split import split_of
from docendo.errors import UserError, suggestion
from docendo.interfaces import Source, Split
from docendo.records import Problem

__all__ = ["draw_distinct", "require_level"]


def require_level(source: Source, family: str, level: int) -> None:
    """Raises UserError where the source has no such family, or the family no such level."""
    levels = source.levels.get(family)
    if levels is None:
        hint = suggestion(family, source.levels)
        raise UserError(f"{source.domain} has no family {family!r}{hint}")
    if level not in levels:
        place = f"{source.domain}/{family}"
        raise UserError(f"{place} has levels {levels[0]} to {levels[-1]}, got {level}")


def draw_distinct(
    propose: Callable[[], Problem | None],
    *,
    count: int,
    split: Split,
    patience: int,
    place: str,
) -> list[Problem]:
    """`count` problems of a split with different keys, in the order of their proposal.

    `propose` makes a problem at random, or None where that fails; proposals may repeat, and nobody
    knows how many different ones there are. Raises UserError, naming `place`, after `patience`
    proposals in a row without a new problem.
    """
    # Rejection: which split a problem is in is known by its key alone, once it was made.
    problems: dict[str, Problem] = {}
    misses = 0
    while len(problems) < count and misses < patience:
        problem = propose()
        if problem and split_of(problem) == split and problem.key not in problems:
            problems[problem.key] = problem
            misses = 0
        else:
            misses += 1

    if len(problems) < count:
        raise UserError(f"{place} has only {len(problems)} {split} problems, not {count}")
    return list(problems.values())
