"""The evaluation's own problems, and fresh ones."""

from docendo.datasets import eval_sets as splits
from docendo.datasets.file_source import FileSource
from docendo.datasets.split import split_of
from docendo.problems.arithmetic import MATHEMATICS
from docendo.records import Problem

COURSES = [("sums", 1), ("products", 3)]


def test_the_fresh_split_is_held_out_too_and_shares_no_problem_with_the_test_split() -> (
    None
):
    test = splits.draw_test_split(MATHEMATICS, COURSES, 31, 1)
    fresh = splits.draw_fresh_split(MATHEMATICS, COURSES, 31, 1)
    assert len(test) == len(fresh) == 31
    assert not {p.key for p in test} & {p.key for p in fresh}
    assert len({p.key for p in fresh}) == 31
    assert {split_of(p) for p in fresh} == {"held-out"}
    assert [sum(p.family == f for p in fresh) for f, _ in COURSES] == [16, 15]
    assert splits.draw_fresh_split(MATHEMATICS, COURSES, 31, 1) == fresh
    assert splits.draw_fresh_split(MATHEMATICS, COURSES, 31, 2) != fresh


def test_the_fresh_split_of_a_file_is_what_the_test_split_left() -> None:
    problems = [Problem("d", "d", 1, f"what is {n}?", str(n)) for n in range(60)]
    source = FileSource("d", tuple(problems))
    size = source.size("d", 1, "held-out")
    test, fresh = (
        split(source, [("d", 1)], size - 2, 1)
        for split in (splits.draw_test_split, splits.draw_fresh_split)
    )
    assert len(test) == size - 2
    assert len(fresh) == 2
    assert not {p.key for p in test} & {p.key for p in fresh}
    assert splits.draw_fresh_split(source, [("d", 1)], size, 1) == []
