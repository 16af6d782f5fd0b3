"""Every format gives the same rows; a row that cannot be read is set aside with its line."""

import csv
import json
from pathlib import Path
from random import Random
from typing import Any

import pytest

from docendo.datasets.columns import Columns, SplitNames
from docendo.datasets.files import (
    BadRow,
    read_problems,
)
from docendo.errors import UserError
from tests.datasets.files import (
    CAPITALS,
    capitals,
    json_lines,
    pairs,
    parquet,
    qa,
    written,
)


@pytest.mark.parametrize(
    "name", ["a.jsonl", "a.ndjson", "a.csv", "a.tsv", "a.parquet", "A.CSV"]
)
def test_every_format_gives_the_same_problems(tmp_path: Path, name: str) -> None:
    found = read_problems(capitals(tmp_path, name), "geography")
    assert pairs(found) == CAPITALS
    assert found.quarantined == ()
    assert {(p.domain, p.family, p.level, p.solution) for p in found.problems} == {
        ("geography", "geography", 1, "")
    }


@pytest.mark.parametrize(
    ("name", "first"), [("a.jsonl", 1), ("a.csv", 2), ("a.parquet", 1)]
)
def test_the_source_names_file_and_line(tmp_path: Path, name: str, first: int) -> None:
    found = read_problems(capitals(tmp_path, name), "geography")
    assert [p.source for p in found.problems] == [f"{name}:{first + i}" for i in range(3)]


@pytest.mark.parametrize("name", ["a.jsonl", "a.csv"])
@pytest.mark.parametrize("end", [b"\r\n", b"\r", b"\n\n"])
def test_a_byte_order_mark_any_line_end_and_blank_lines_are_accepted(
    tmp_path: Path, name: str, end: bytes
) -> None:
    plain = capitals(tmp_path, name).read_bytes()
    path = written(tmp_path, f"b{name}", b"\xef\xbb\xbf" + plain.replace(b"\n", end))
    assert pairs(read_problems(path, "d")) == CAPITALS
    assert (
        pairs(read_problems(written(tmp_path, name, plain.rstrip(b"\n")), "d")) == CAPITALS
    )


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (
            "{oops",
            "not JSON: Expecting property name enclosed in double quotes at column 2",
        ),
        ("[" * 100_000, "JSON nested too deeply"),
        (
            '{"question": "Q?", "answer": ' + "9" * 5000 + "}",
            "a number with too many digits",
        ),
        ('["Q?", "A"]', "a JSON list, expected an object"),
        ('{"question": "Q?"}', "no 'answer'"),
        ('{"answer": "A"}', "no 'question'"),
        ('{"question": " ", "answer": "A"}', "'question' is empty"),
        ('{"question": 3, "answer": "A"}', "'question' is of type int, expected text"),
        ('{"question": "Q?", "answer": null}', "no 'answer'"),
        (
            '{"question": "Q?", "answer": true}',
            "'answer' is of type bool, expected text or a number",
        ),
        (
            '{"question": "Q?", "answer": ["A"]}',
            "'answer' is of type list, expected text or a number",
        ),
        ('{"question": "Q?", "answer": NaN}', "'answer' is nan, expected a finite number"),
        (
            '{"question": "Q?", "answer": -Infinity}',
            "'answer' is -inf, expected a finite number",
        ),
        ('{"question": "Q?", "answer": "\\u0000"}', "'answer' has a NUL character"),
        (
            '{"question": "Q?", "answer": "\\ud800"}',
            "'answer' has half of a surrogate pair",
        ),
        (
            f'{{"question": "{"x" * 100_001}", "answer": "A"}}',
            "'question' has over 100,000 characters",
        ),
        ('{"question": "Right?", "answer": "yes"}', "the same question as in line 1"),
    ],
    ids=lambda text: text[:40],
)
def test_a_bad_json_row_is_quarantined_with_its_reason(
    tmp_path: Path, line: str, reason: str
) -> None:
    good = [json.dumps(qa("Right?", "yes")), json.dumps(qa("Left?", "no"))]
    path = written(tmp_path, "a.jsonl", "\n".join((good[0], line, good[1])))
    found = read_problems(path, "d")
    assert pairs(found) == [("Right?", "yes"), ("Left?", "no")]
    assert found.quarantined == (BadRow(str(path), 2, reason),)


def test_an_unusable_file_is_refused(tmp_path: Path) -> None:
    refused = {
        "no such file": tmp_path / "missing.jsonl",
        "no dataset in it": tmp_path,
        r"extension '.xlsx' says no format; known: .jsonl, .ndjson, .csv, .tsv, .parquet": written(
            tmp_path, "a.xlsx", "x"
        ),
        "no usable row, 0 bad; expected rows with 'question' and 'answer'": written(
            tmp_path, "empty.jsonl", ""
        ),
        "no usable row, 0 bad": written(tmp_path, "empty.csv", "question,answer\n"),
        "no usable row, 1 bad.*line 1: not JSON": written(tmp_path, "bad.jsonl", "[1,\n"),
        "the header cannot be read: not UTF-8": written(tmp_path, "bad.csv", b"\xff\n"),
        "cannot be read": written(tmp_path, "bad.parquet", "PAR1"),
    }
    for message, path in refused.items():
        with pytest.raises(UserError, match=message):
            read_problems(path, "d")


@pytest.mark.parametrize("name", ["a.jsonl", "a.csv", "a.tsv", "a.parquet"])
def test_every_format_has_lists_tests_choices_and_splits(tmp_path: Path, name: str) -> None:
    names = ["text", "key", "tests", "options", "tip", "grade", "part"]
    rows: list[list[Any]] = [
        ["One?", "B", ["f(1) == 1", "f(2) == 2"], ["a, b", "c;d"], "Count.", 2, "train"],
        ["Two?", "a, b", ["f(2) == 4"], ["a, b", 'e"f'], "", 3, "exam"],
    ]
    if name == "a.parquet":
        columns = dict(zip(names, map(list, zip(*rows, strict=True)), strict=True))
        path = parquet(tmp_path, name, **columns)
    elif name == "a.jsonl":
        objects = [dict(zip(names, row, strict=True)) for row in rows]
        path = written(tmp_path, name, json_lines(*objects))
    else:
        path = tmp_path / name
        with path.open("w", newline="") as file:
            writer = csv.writer(file, delimiter="\t" if name == "a.tsv" else ",")
            writer.writerow(names)
            for row in rows:
                writer.writerow(
                    [json.dumps(cell) if isinstance(cell, list) else cell for cell in row]
                )

    settings = Columns(
        question="{text} {tests[0]}",
        answer="key",
        tests="tests",
        choices="options",
        hints="tip",
        level="grade",
        split="part",
    )
    read = read_problems(path, "d", settings, split=SplitNames(held_out="exam"))
    assert [(p.level, p.tests, p.hints) for p in read.problems] == [
        (2, ("f(1) == 1", "f(2) == 2"), "Count."),
        (3, ("f(2) == 4",), ""),
    ]
    assert read.problems[0].prompt.startswith("One? f(1) == 1\nA) ")
    texts = [p.choices["AB".index(p.answer)] for p in read.problems]
    assert texts == ["c;d", "a, b"]
    assert read.held_out == {read.problems[1].key}


def mutated(content: bytes, rng: Random) -> bytes:
    damaged = bytearray(content)
    for _ in range(rng.randint(1, 6)):
        at = rng.randrange(len(damaged))
        damaged[at : at + rng.randint(0, 2)] = rng.choice(
            [b"", b'"', b"\n", b"\r", b"\0", b"\xff", rng.randbytes(2)]
        )
    return bytes(damaged)


@pytest.mark.parametrize("name", ["a.jsonl", "a.csv", "a.tsv", "a.parquet"])
def test_a_damaged_file_is_refused_or_loses_only_its_damaged_rows(
    tmp_path: Path, name: str
) -> None:
    content, rng = capitals(tmp_path, name).read_bytes(), Random(1)
    for _ in range(300):
        path = written(tmp_path, name, mutated(content, rng))
        try:
            found = read_problems(path, "d")
        except UserError:
            continue
        assert all(p.prompt and p.answer for p in found.problems)
        if name == "a.jsonl":
            lines = (
                path.read_bytes().replace(b"\r\n", b"\n").replace(b"\r", b"\n").split(b"\n")
            )
            filled = [
                i
                for i, line in enumerate(lines, 1)
                if line and not line.decode(errors="replace").isspace()
            ]
            told = [int(p.source.rpartition(":")[2]) for p in found.problems] + [
                b.line for b in found.quarantined
            ]
            assert sorted(told) == filled
