"""A user's own file: what is read, what is set aside, and what is refused."""

import csv
import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from docendo.datasets.files import (
    Columns,
    parse_columns,
    read_problems,
)
from docendo.errors import UserError
from docendo.records import Problem
from tests.datasets.files import (
    Pairs,
    capitals,
    json_lines,
    pairs,
    qa,
    reasons,
    written,
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
