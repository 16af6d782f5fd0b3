"""Cells of a row: numbers, levels, lists."""

from pathlib import Path

import pytest

from docendo.datasets.columns import Columns
from docendo.datasets.files import read_problems
from tests.datasets.files import json_lines, parquet, qa, reasons, written


def test_numbers_have_the_digits_that_a_person_would_write(tmp_path: Path) -> None:
    lines = {
        "42": "42",
        "-7": "-7",
        "42.0": "42",
        "0.1": "0.1",
        "0.10": "0.10",
        "3.14159265358979323846": "3.14159265358979323846",
        "1e-7": "0.0000001",
        "1e3": "1000",
        "1e22": "1e22",
        "1.5e300": "1.5e300",
        "100000000000000000001": "100000000000000000001",
        '"007"': "007",
    }
    rows = [f'{{"question": "Q {i}", "answer": {a}}}' for i, a in enumerate(lines)]
    problems = read_problems(written(tmp_path, "a.jsonl", "\n".join(rows)), "d").problems
    assert [p.answer for p in problems] == list(lines.values())


def test_a_narrow_float_of_parquet_keeps_its_own_digits(tmp_path: Path) -> None:
    arrow = pytest.importorskip("pyarrow")
    for kind in (arrow.float16(), arrow.float32(), arrow.float64()):
        path = parquet(
            tmp_path,
            "a.parquet",
            question=["A", "B", "C"],
            answer=arrow.array([0.1, 42, None], kind),
        )
        read = read_problems(path, "d")
        assert [p.answer for p in read.problems] == ["0.1", "42"]
        assert reasons(read) == [(3, "no 'answer'")]


@pytest.mark.parametrize("level", [0, 10, 2.5, True, None, "ten", "12", [1], float("nan")])
def test_a_level_that_is_not_a_whole_number_from_1_to_9_is_a_bad_row(
    tmp_path: Path, level: object
) -> None:
    rows = [
        qa("One?", "1", level=1),
        qa("Two?", "2", level=level),
        qa("Three?", "3", level="9"),
    ]
    found = read_problems(
        written(tmp_path, "a.jsonl", json_lines(*rows)), "d", Columns(level="level")
    )
    assert [p.level for p in found.problems] == [1, 9]
    [(line, reason)] = reasons(found)
    assert line == 2
    assert reason.endswith("expected a whole number from 1 to 9")


@pytest.mark.parametrize(
    "cell",
    [["f(1) == 2", "f(2) == 3"], '["f(1) == 2", "f(2) == 3"]', "f(1) == 2\n\nf(2) == 3\n"],
)
def test_tests_are_a_list_or_lines(tmp_path: Path, cell: object) -> None:
    path = written(tmp_path, "a.jsonl", json_lines(qa("Q?", "x + 1", tests=cell)))
    [problem] = read_problems(path, "d", Columns(tests="tests")).problems
    assert problem.tests == ("f(1) == 2", "f(2) == 3")


def test_hints_are_a_text_or_a_list_and_may_be_empty(tmp_path: Path) -> None:
    cells = ["Count.", ["Count.", "Carry."], [], None, ""]
    rows = [qa(f"Q {i}?", 1, tip=cell) for i, cell in enumerate(cells)]
    path = written(tmp_path, "a.jsonl", json_lines(*rows))
    problems = read_problems(path, "d", Columns(hints="tip")).problems
    assert [p.hints for p in problems] == ["Count.", "Count.\nCarry.", "", "", ""]
