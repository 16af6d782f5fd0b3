"""Held-out problems: the evaluation's test split, and a fresh one that no data holds."""

from collections import Counter
from collections.abc import Collection, Iterator, Sequence

from docendo.datasets.file_source import FileSource
from docendo.interfaces import Source
from docendo.records import Problem, TaskType
from docendo.seeds import seed_for

__all__ = ["draw_fresh_split", "draw_test_split", "up_to"]


def draw_test_split(
    source: Source, courses: Sequence[tuple[str, int]], count: int, seed: int
) -> list[Problem]:
    """`count` held-out problems without repeats, spread evenly over `courses`, (family, level) each.

    A user's own file gives all that it has where that is fewer. Raises UserError where a family and
    level has no problem.
    """
    problems: list[Problem] = []
    for task_type, share in _split_evenly(source.domain, courses, count):
        _, family, level = task_type
        available = _cap(source, task_type, share)
        draw_seed = seed_for(seed, "held-out", family, level)
        problems += source.draw(family, level, available, draw_seed, "held-out")
    return problems


def draw_fresh_split(
    source: Source,
    courses: Sequence[tuple[str, int]],
    count: int,
    seed: int,
    exclude: Collection[Problem] | None = None,
) -> list[Problem]:
    """As many other held-out problems, none of `exclude`, by default the test split.

    Fewer where a file has no more.
    """
    if exclude is None:
        exclude = draw_test_split(source, courses, count, seed)
    # By key: a problem of the same text may come from another file.
    excluded_keys = {problem.key: problem.task_type for problem in exclude}
    excluded_counts = Counter(excluded_keys.values())

    problems: list[Problem] = []
    for task_type, share in _split_evenly(source.domain, courses, count):
        _, family, level = task_type
        # Enough that `share` problems are left when all the excluded ones are among them.
        enough = _cap(source, task_type, share + excluded_counts[task_type])
        draw_seed = seed_for(seed, "fresh", family, level)
        drawn = source.draw(family, level, enough, draw_seed, "held-out")
        problems += [p for p in drawn if p.key not in excluded_keys][:share]
    return problems


def up_to(source: Source, task_type: TaskType, count: int, seed: int) -> list[Problem]:
    """`count` training problems of a task type; all that there are where a file has fewer."""
    _, family, level = task_type
    if isinstance(source, FileSource):
        count = min(count, source.size(family, level, "train"))
    return source.draw(family, level, count, seed, "train")


def _split_evenly(
    domain: str, courses: Sequence[tuple[str, int]], count: int
) -> Iterator[tuple[TaskType, int]]:
    """The task types that get a share of `count` problems, and the share of each."""
    for i, (family, level) in enumerate(courses):
        share = count // len(courses) + (i < count % len(courses))
        if share:
            yield TaskType(domain, family, level), share


def _cap(source: Source, task_type: TaskType, count: int) -> int:
    """At most as many held-out problems as a file has.

    At least 1, so that a file without any is an error.
    """
    if not isinstance(source, FileSource):
        return count
    return max(1, min(count, source.size(task_type.family, task_type.level, "held-out")))
