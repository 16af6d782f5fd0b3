"""A user's own file: what is read, what is set aside, and what is refused."""

import csv
import json
import tempfile
from pathlib import Path
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from docendo.datasets.files import (
    BadRow,
    Columns,
    parse_columns,
    read_problems,
)
from docendo.errors import UserError
from docendo.records import Problem
from tests.datasets.files import (
    CAPITALS,
    Pairs,
    capitals,
    json_lines,
    pairs,
    qa,
    reasons,
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


def test_columns_are_read_by_their_given_names(tmp_path: Path) -> None:
    path = written(
        tmp_path,
        "a.csv",
        "id,q,a,topic,grade,how\n7,Capital of Peru?,Lima,america,3,It is on the coast.\n",
    )
    columns = Columns(
        question="q", answer="a", family="topic", level="grade", solution="how"
    )
    [problem] = read_problems(path, "geography", columns).problems
    assert problem == Problem(
        "geography",
        "america",
        3,
        "Capital of Peru?",
        "Lima",
        "It is on the coast.\nAnswer: Lima",
        source="a.csv:2",
    )


def test_whole_numbers_become_text_without_a_decimal_point(tmp_path: Path) -> None:
    answers = [42, -7, 42.0, 0.1, 1e22, 10**20, "007"]
    path = written(
        tmp_path,
        "a.jsonl",
        json_lines(*(qa(f"Question {i}?", a) for i, a in enumerate(answers))),
    )
    expected = ["42", "-7", "42", "0.1", "1e+22", "1" + "0" * 20, "007"]
    assert [p.answer for p in read_problems(path, "d").problems] == expected


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
            '{"question": "Q?", "answer": -1e999}',
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
        ('{"question": "Right?", "answer": "yes"}', "the same problem as in line 1"),
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
    ("given_solution", "kept"),
    [
        ("20 + 22 is 42.", "20 + 22 is 42.\nAnswer: 42"),
        ("20 + 22 is 42.\nAnswer: 42\n", "20 + 22 is 42.\nAnswer: 42"),
        ("20 + 22 is 42.\n#### 42", "20 + 22 is 42.\nAnswer: 42"),
        ("20 + 22.\nAnswer: 420", "20 + 22.\nAnswer: 420\nAnswer: 42"),
        ("Answer: 42", "Answer: 42"),
        ("#### 42", ""),
        ("  ", ""),
        (None, ""),
    ],
)
def test_solutions_end_with_the_answer(
    tmp_path: Path, given_solution: str | None, kept: str
) -> None:
    path = written(
        tmp_path, "a.jsonl", json_lines(qa("20 + 22?", 42, solution=given_solution))
    )
    assert [p.solution for p in read_problems(path, "d").problems] == [kept]


def test_an_answer_marker_splits_reasoning_from_answer(tmp_path: Path) -> None:
    rows = [
        qa("20 + 22?", "20 and 20 is 40.\n40 and 2 is 42.\n#### 42"),
        qa("1 + 1?", "2"),
        qa("2 + 2?", "Hm. ####"),
    ]
    found = read_problems(
        written(tmp_path, "a.jsonl", json_lines(*rows)), "d", Columns(answer_marker="####")
    )
    assert [(p.answer, p.solution) for p in found.problems] == [
        ("42", "20 and 20 is 40.\n40 and 2 is 42.\nAnswer: 42")
    ]
    assert reasons(found) == [
        (2, "'answer' has no answer after '####'"),
        (3, "'answer' has no answer after '####'"),
    ]


@pytest.mark.parametrize("name", ["a.jsonl", "a.csv", "a.parquet"])
@pytest.mark.parametrize(
    ("columns", "message"),
    [
        (Columns(question="questoin"), "no column 'questoin'; did you mean 'question'"),
        (Columns(level="zzz"), "no column 'zzz'; known: answer, question"),
        (Columns(solution="answers"), "no column 'answers'; did you mean 'answer'"),
    ],
)
def test_a_missing_column_is_refused_with_the_nearest_name(
    tmp_path: Path, name: str, columns: Columns, message: str
) -> None:
    with pytest.raises(UserError, match=message) as caught:
        read_problems(capitals(tmp_path, name), "d", columns)
    assert str(tmp_path / name) in str(caught.value)


def test_duplicate_and_blank_column_names_are_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="two columns are called 'answer'"):
        read_problems(written(tmp_path, "a.csv", "question,answer,answer\na,b,c\n"), "d")
    with pytest.raises(UserError, match="is blank; expected a name"):
        Columns(answer_marker="")


def test_columns_of_a_config_are_named_by_role() -> None:
    assert parse_columns({"question": "q", "level": "grade"}, "here") == Columns(
        question="q", level="grade"
    )
    with pytest.raises(
        UserError, match=r"^here: no column role 'anwser'; did you mean 'answer'\?$"
    ):
        parse_columns({"anwser": "a"}, "here")
    with pytest.raises(UserError, match=r"^here: ' ' is blank; expected a name$"):
        parse_columns({"answer": " "}, "here")


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


def normal(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\r", "\n").strip()


words = st.text(
    st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=30
)


@settings(max_examples=100, deadline=None)
@given(st.lists(st.tuples(words, words), max_size=8))
def test_rows_are_read_back_as_written_but_stripped(rows: Pairs) -> None:
    expected = list(
        dict.fromkeys((normal(q), normal(a)) for q, a in rows if normal(q) and normal(a))
    )
    with tempfile.TemporaryDirectory() as folder:
        lines = written(Path(folder), "a.jsonl", json_lines(*(qa(q, a) for q, a in rows)))
        table = Path(folder) / "a.csv"
        with table.open("w", newline="", encoding="utf-8") as file:
            csv.writer(file).writerows([("question", "answer"), *rows])
        for path in (lines, table):
            if not expected:
                with pytest.raises(UserError, match="no usable row"):
                    read_problems(path, "d")
                continue
            found = read_problems(path, "d")
            assert pairs(found) == expected
            assert len(found.quarantined) == len(rows) - len(expected)


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
