"""A user's own file: what is read, what is set aside, and what is refused."""

import csv
import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from docendo.datasets.columns import Columns, SplitNames
from docendo.datasets.files import BadRow, read_problems
from docendo.datasets.split import question_id
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


def test_an_answer_pattern_splits_reasoning_from_answer(tmp_path: Path) -> None:
    rows = [
        qa("20 + 22?", "20 and 20 is #### 40.\n40 and 2 is 42.\n#### 42"),
        qa("1 + 1?", "2"),
        qa("2 + 2?", "Hm. #### "),
    ]
    found = read_problems(
        written(tmp_path, "a.jsonl", json_lines(*rows)),
        "d",
        Columns(answer_pattern="#### ?(.*)"),
    )
    assert [(p.answer, p.solution) for p in found.problems] == [
        ("42", "20 and 20 is #### 40.\n40 and 2 is 42.\nAnswer: 42")
    ]
    assert reasons(found) == [
        (2, "'answer' has no answer like '#### ?(.*)'"),
        (3, "'answer' has no answer like '#### ?(.*)'"),
    ]


def test_a_file_of_held_out_problems_keeps_them_from_training(tmp_path: Path) -> None:
    train = written(tmp_path, "a.jsonl", json_lines(qa("1 + 1?", 2), qa("ONE  + 2 ", "3")))
    test = written(tmp_path, "test.jsonl", json_lines(qa("one + 2?", "three"), qa("4?", 4)))
    read = read_problems(train, "d", held_out=str(test))
    assert pairs(read) == [("1 + 1?", "2"), ("one + 2?", "three"), ("4?", "4")]
    assert read.held_out == {problem.key for problem in read.problems[1:]}
    assert read.quarantined == (
        BadRow(str(train), 2, "its question is held out, in test.jsonl:1"),
    )


def test_files_of_one_name_are_told_apart(tmp_path: Path) -> None:
    for folder, question in (("train", "A?"), ("test", "B?")):
        (tmp_path / folder).mkdir()
        written(tmp_path / folder, "a.jsonl", json_lines(qa(question, 1)))
    read = read_problems(
        tmp_path / "train" / "a.jsonl", "d", held_out=str(tmp_path / "test" / "a.jsonl")
    )
    assert [problem.source for problem in read.problems] == ["a.jsonl:1", "test/a.jsonl:1"]


def test_a_column_says_which_rows_are_held_out(tmp_path: Path) -> None:
    rows = [
        qa("A?", 1, part="main"),
        qa("B?", 2, part="main"),
        qa("a", 3, part="exam"),
        qa("a ?", 3, part="exam"),
        qa("A", 3, part="main"),
        qa("C?", 4, part="spare"),
    ]
    path = written(tmp_path, "a.jsonl", json_lines(*rows))
    columns = Columns(split="part")
    names = SplitNames(train="main", held_out="exam")
    read = read_problems(path, "d", columns, split=names)
    assert pairs(read) == [("B?", "2"), ("a", "3")]
    assert read.held_out == {read.problems[1].key}
    assert sorted(reasons(read)) == [
        (1, "its question is held out, in line 3"),
        (4, "the same question as in line 3"),
        (5, "the same question as in line 3"),
        (6, "'part' is 'spare', not 'main' or 'exam'"),
    ]

    # without a held-out value the question decides, and others' rows are left out
    alone = read_problems(path, "d", columns, split=SplitNames(train="main"))
    assert pairs(alone) == [("A?", "1"), ("B?", "2")]
    # another file need not have the column
    test = written(tmp_path, "test.jsonl", json_lines(qa("Z?", 9)))
    other = read_problems(
        path, "d", columns, split=SplitNames(train="main"), held_out=str(test)
    )
    assert pairs(other) == [("A?", "1"), ("B?", "2"), ("Z?", "9")]
    assert other.held_out == {other.problems[2].key}


def test_settings_of_splits_that_contradict_each_other_are_refused(tmp_path: Path) -> None:
    path = written(tmp_path, "a.jsonl", json_lines(qa("A?", 1, part="main")))
    both = SplitNames(held_out="exam")
    with pytest.raises(UserError, match="expected one of them"):
        read_problems(path, "d", split=both, held_out=str(path))
    with pytest.raises(UserError, match="held_out is the file itself"):
        read_problems(path, "d", held_out=str(path))
    with pytest.raises(UserError, match="'part' needs the values of that column"):
        read_problems(path, "d", Columns(split="part"))
    with pytest.raises(
        UserError, match=r"has no splits of its own; expected columns\.split"
    ):
        read_problems(path, "d", split=both)

    rows = json_lines(qa("A?", 1, part="main"), qa("B?", 1, part="x"))
    other = written(tmp_path, "b.jsonl", rows)
    names = SplitNames(train="main", held_out="exam")
    message = r"no usable held-out row, 1 bad; line 2: .* not 'main' or 'exam'"
    with pytest.raises(UserError, match=message):
        read_problems(other, "d", Columns(split="part"), split=names)


def test_an_unusable_file_is_refused_with_the_commonest_reasons(tmp_path: Path) -> None:
    rows = [qa("A?", ""), qa("", 1), qa("B?", ""), qa("C?", None), qa("D?", []), qa("", 2)]
    with pytest.raises(UserError) as caught:
        read_problems(written(tmp_path, "a.jsonl", json_lines(*rows)), "d")
    assert str(caught.value).partition(": ")[2] == (
        "no usable row, 6 bad; 2 times, first in line 1: 'answer' is empty; "
        "2 times, first in line 2: 'question' is empty; line 4: no 'answer'; and 1 more reasons; "
        "expected rows with 'question' and 'answer'"
    )


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


def normal(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\r", "\n").strip()


words = st.text(
    st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=30
)


@settings(max_examples=100, deadline=None)
@given(st.lists(st.tuples(words, words), max_size=8))
def test_rows_are_read_back_as_written_but_stripped(rows: Pairs) -> None:
    first: dict[int, tuple[str, str]] = {}
    for q, a in rows:
        if normal(q) and normal(a):
            first.setdefault(question_id(q), (normal(q), normal(a)))
    expected = list(first.values())
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
