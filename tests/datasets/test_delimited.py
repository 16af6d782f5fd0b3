"""CSV records and overlong lines."""

import csv
from pathlib import Path

import pytest

from docendo.datasets import delimited
from docendo.datasets.files import (
    read_problems,
)
from docendo.errors import UserError
from tests.datasets.files import (
    CAPITALS,
    capitals,
    pairs,
    reasons,
    written,
)


def test_quotes_commas_and_line_ends_inside_a_csv_field_are_kept(tmp_path: Path) -> None:
    text = 'answer,question\r\n"a ""b"", c","one\r\ntwo"\r\n\r\n,nothing\r\n"","","x"\r\nlast,5" pipe'
    found = read_problems(written(tmp_path, "a.csv", text), "d")
    assert pairs(found) == [("one\ntwo", 'a "b", c'), ('5" pipe', "last")]
    assert [p.source for p in found.problems] == ["a.csv:2", "a.csv:7"]
    assert reasons(found) == [(5, "'answer' is empty"), (6, "3 cells, the header has 2")]


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        (b"Q\xff?,A", "not UTF-8"),
        (b'"Q"?,A', "text after a closing quote"),
        (b"Q\0?,A", "'question' has a NUL character"),
        (b"Q?,A,B", "3 cells, the header has 2"),
        (b'"' + b"x\n" * 60_000 + b'",A', "'question' has over 100,000 characters"),
    ],
    ids=lambda value: str(value)[:30],
)
def test_a_bad_csv_row_is_quarantined_and_the_next_is_read(
    tmp_path: Path, row: bytes, reason: str
) -> None:
    limit = csv.field_size_limit()
    found = read_problems(
        written(tmp_path, "a.csv", b"question,answer\n" + row + b"\nRight?,yes\n"), "d"
    )
    assert pairs(found) == [("Right?", "yes")]
    assert reasons(found) == [(2, reason)]
    assert csv.field_size_limit() == limit


def test_a_quote_that_is_never_closed_is_one_bad_row_at_its_line(tmp_path: Path) -> None:
    path = written(tmp_path, "a.csv", 'question,answer\nRight?,yes\n"Left?,no\nUp?,no\n')
    assert reasons(read_problems(path, "d")) == [(3, "a quote that is never closed")]


@pytest.mark.parametrize("name", ["a.jsonl", "a.csv"])
def test_an_overlong_line_is_a_bad_row_and_is_never_held_in_memory(
    tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(delimited, "MAX_LINE", 100)
    row = {"a.jsonl": '{"question": "%s", "answer": "A"}', "a.csv": '"%s",A'}[name] % (
        "x," * 500
    )
    good = capitals(tmp_path, name).read_text()
    path = written(tmp_path, name, good.replace("\n", f"\n{row}\n", 1))
    found = read_problems(path, "d")
    assert pairs(found) == CAPITALS
    [(line, reason)] = reasons(found)
    assert line == 2
    assert reason.startswith("a line over ")
    with pytest.raises(UserError, match=r"no usable row|header cannot be read"):
        read_problems(written(tmp_path, name, "x" * 1000), "d")


def test_a_file_of_one_endless_line_is_refused_after_a_bounded_read(tmp_path: Path) -> None:
    for name, start in (
        ("a.jsonl", "["),
        ("b.jsonl", '{"question": "'),
        ("a.csv", 'question,answer\n"'),
    ):
        with pytest.raises(UserError, match="no usable row, 1 bad"):
            read_problems(written(tmp_path, name, start + "[x," * 3_000_000), "d")


def test_an_overlong_csv_line_may_end_inside_a_quote(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(delimited, "MAX_LINE", 100)
    path = written(
        tmp_path, "a.csv", f'question,answer\n"{"x" * 500}\nRight?,no\n",A\nRight?,yes\n'
    )
    assert pairs(read_problems(path, "d")) == [("Right?", "yes")]


@pytest.mark.parametrize(
    ("header", "row"),
    [
        ("question;answer", "Pi, roughly?;3,14"),
        ('"question";"answer"', 'Pi, roughly?;"3,14"'),
        ('question;"answer"', '"Pi, roughly?";3,14'),
        ("id;question;answer;a,b", "1;Pi, roughly?;3,14;"),
    ],
)
def test_a_header_with_more_semicolons_is_separated_by_them(
    tmp_path: Path, header: str, row: str
) -> None:
    found = read_problems(written(tmp_path, "a.csv", f"{header}\n{row}\n"), "d")
    # a decimal comma stays as it is written
    assert pairs(found) == [("Pi, roughly?", "3,14")]


def test_semicolons_in_the_rows_or_in_quotes_do_not_separate(tmp_path: Path) -> None:
    text = 'question,"answer",";a;b;"\nOne; two?,1;2,\n'
    assert pairs(read_problems(written(tmp_path, "a.csv", text), "d")) == [
        ("One; two?", "1;2")
    ]
