"""Held-out problems: the evaluation's own test split, and a fresh one that no agent's data ever holds."""

from collections import Counter
from collections.abc import Collection, Sequence

from docendo.datasets.files import FileSource
from docendo.interfaces import Source
from docendo.records import Problem, TaskType
from docendo.seeds import seed_for

__all__ = ["fresh_split", "test_split", "up_to"]


def test_split(
    source: Source, courses: Sequence[tuple[str, int]], count: int, seed: int
) -> list[Problem]:
    """`count` held-out problems, the (family, level) of `courses` as equally as possible, without repeats.

    A user's own file gives all that it has where that is fewer; UseError where a family and level has none.
    """
    return [
        problem
        for (family, level), share in _shares(courses, count)
        for problem in source.draw(
            family,
            level,
            _at_most(source, family, level, share),
            seed_for(seed, "held-out", family, level),
            "held-out",
        )
    ]


def fresh_split(
    source: Source,
    courses: Sequence[tuple[str, int]],
    count: int,
    seed: int,
    taken: Collection[Problem] | None = None,
) -> list[Problem]:
    """As many other held-out problems, none of the test split, or of those that are `taken`; fewer where a file has no
    more.
    """
    taken = test_split(source, courses, count, seed) if taken is None else taken
    known = Counter({p.key: p.kind for p in taken}.values())
    keys, found = {p.key for p in taken}, list[Problem]()
    for (family, level), share in _shares(courses, count):
        wanted = _at_most(
            source, family, level, share + known[TaskType(source.domain, family, level)]
        )
        drawn = source.draw(
            family, level, wanted, seed_for(seed, "fresh", family, level), "held-out"
        )
        found += [p for p in drawn if p.key not in keys][:share]
    return found


def up_to(source: Source, kind: TaskType, count: int, seed: int) -> list[Problem]:
    """`count` training problems of a kind; all that there are where a file has fewer."""
    wanted = (
        source.size(kind.family, kind.level, "train")
        if isinstance(source, FileSource)
        else count
    )
    return source.draw(kind.family, kind.level, min(count, wanted), seed, "train")


def _shares(
    courses: Sequence[tuple[str, int]], count: int
) -> list[tuple[tuple[str, int], int]]:
    shares = [
        count // len(courses) + (i < count % len(courses)) for i in range(len(courses))
    ]
    return [(course, share) for course, share in zip(courses, shares, strict=True) if share]


def _at_most(source: Source, family: str, level: int, share: int) -> int:
    return (
        max(1, min(share, source.size(family, level, "held-out")))
        if isinstance(source, FileSource)
        else share
    )
