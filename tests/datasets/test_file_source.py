"""Draws from the problems of a file."""

import pytest

from docendo.datasets.file_source import FileSource
from docendo.datasets.split import question_id, split_of_question
from docendo.errors import UserError
from docendo.interfaces import Source, Split
from docendo.records import Problem


def split_of(problem: Problem) -> Split:
    return split_of_question(question_id(problem.prompt))


def made(count: int, family: str = "f", level: int = 1) -> tuple[Problem, ...]:
    return tuple(
        Problem("d", family, level, f"{family} {level} {i}?", str(i)) for i in range(count)
    )


def test_a_draw_is_a_seeded_sample_from_one_split() -> None:
    problems = made(100) + made(50, level=3) + made(10, "g", 2)
    source: Source = FileSource("d", problems)
    assert source.levels == {"f": (1, 3), "g": (2,)}
    train, held_out = (
        source.draw("f", 1, 20, 7, "train"),
        source.draw("f", 1, 5, 7, "held-out"),
    )
    assert len({p.key for p in train}) == 20
    assert {(p.family, p.level, split_of(p)) for p in train} == {("f", 1, "train")}
    assert {split_of(p) for p in held_out} == {"held-out"}
    assert train == FileSource("d", problems[::-1]).draw("f", 1, 20, 7, "train")
    assert train != source.draw("f", 1, 20, 8, "train")


def test_an_impossible_draw_is_refused_with_the_reason() -> None:
    source = FileSource("d", made(30, "sums") + made(1, "odd"))
    empty: Split = "held-out" if split_of(made(1, "odd")[0]) == "train" else "train"
    with pytest.raises(UserError, match="d has no family 'sum'; did you mean 'sums'"):
        source.draw("sum", 1, 1, 0, "train")
    with pytest.raises(UserError, match="d/sums has no level 2; known: 1"):
        source.draw("sums", 2, 1, 0, "train")
    with pytest.raises(
        UserError,
        match=f"d/odd level 1 has only 0 {empty} problems, not 1; ask for fewer, or add rows",
    ):
        source.draw("odd", 1, 1, 0, empty)
    with pytest.raises(UserError, match=r"has only \d+ train problems, not 31"):
        source.draw("sums", 1, 31, 0, "train")
