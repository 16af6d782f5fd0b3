"""Multiple choice in the forms that data have."""

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from docendo.datasets.cells import RowError
from docendo.datasets.choices import ChoiceQuestion, read_choices
from docendo.datasets.columns import Columns
from docendo.datasets.files import read_problems
from docendo.datasets.rows import FileRow
from docendo.records import Problem
from tests.datasets.files import json_lines, parquet, reasons, written

TOWNS = ["Lima", "Quito", "La Paz", "Bogota"]
FORMS: dict[str, tuple[Any, Any]] = {
    "a list and an index": (TOWNS, 1),
    "a list and a letter": (TOWNS, "B"),
    "a list and a text": (TOWNS, "quito"),
    "a list in a text": (json.dumps(TOWNS), "b)"),
    "lines": ("\n".join(TOWNS), "1"),
    "letters": ({"A": "Lima", "B": "Quito", "C": "La Paz", "D": "Bogota"}, "B"),
    "texts and labels": ({"text": TOWNS, "label": ["1", "2", "3", "4"]}, "2"),
    "texts and labels, by number": ({"text": TOWNS, "label": ["1", "2", "3", "4"]}, 2),
}


def read(cell: Any, answer: Any, seed: int = 0, solution: str = "") -> ChoiceQuestion:
    row = FileRow(1, {"choices": cell})
    return read_choices(row, "choices", answer=answer, solution=solution, seed=seed)


def right_text(asked: ChoiceQuestion | Problem) -> str:
    return asked.choices["ABCDEFGH".index(asked.answer)]


@pytest.mark.parametrize("form", FORMS)
def test_every_form_of_choices_names_the_same_right_one(form: str) -> None:
    asked = read(*FORMS[form])
    assert sorted(asked.choices) == sorted(TOWNS)
    assert right_text(asked) == "Quito"


def test_choices_in_columns_of_their_own_may_be_fewer() -> None:
    row = FileRow(1, {"a": "Lima", "b": "Quito", "c": 3, "d": None})
    asked = read_choices(row, ["a", "b", "c", "d"], answer="c", solution="", seed=0)
    assert right_text(asked) == "3"
    assert len(asked.choices) == 3


@given(st.lists(st.text("xyz", min_size=1), min_size=2, max_size=8, unique=True), st.data())
def test_the_order_depends_on_the_problem_and_the_seed_alone(
    texts: list[str], data: st.DataObject
) -> None:
    place = data.draw(st.integers(0, len(texts) - 1))
    moved = data.draw(st.permutations(texts))
    asked = read(texts, place, seed=3)
    assert right_text(asked) == texts[place]
    assert read(moved, moved.index(texts[place]), seed=3) == asked


def test_no_letter_is_right_more_often_than_others() -> None:
    letters = Counter(read([f"{n}", "w", "x", "y"], 0).answer for n in range(1000))
    assert all(abs(count - 250) < 60 for count in letters.values()), "four deviations"


@pytest.mark.parametrize(
    ("texts", "solution"),
    [
        (["1", "2", "all of the above"], ""),
        (["1", "2", "A and B"], ""),
        (["1", "2", "3"], "So (B) is wrong."),
        (["1", "2", "3"], "The answer is A, as 1 is odd."),
    ],
)
def test_choices_that_are_spoken_of_stay_in_their_order(
    texts: list[str], solution: str
) -> None:
    for seed in range(20):
        asked = read(texts, "A", seed, solution)
        assert (asked.choices, asked.answer) == (tuple(texts), "A")


@pytest.mark.parametrize(
    ("cell", "answer", "reason"),
    [
        (TOWNS, "Lisbon", "the answer 'Lisbon' is none of the choices"),
        (TOWNS, 4, "the answer '4' is none of the choices, expected an index from 0 to 3"),
        (TOWNS, "E", "is none of the choices, expected a choice, its letter or its index"),
        (["0", "2", "1"], "1", "the answer '1' may be two choices"),
        (["B", "A"], "A", "the answer 'A' may be two choices"),
        (["one"], 0, "1 choices, expected 2 to 26"),
        (["one", "one"], 0, "two choices are the same"),
        (["one", ""], 0, "an empty choice in 'choices'"),
        (["one", None], 0, r"no choices\[1\]"),
        (None, 0, "no 'choices', expected a list"),
        ({"text": ["a"], "label": ["A", "B"]}, "A", "2 labels of 1 choices"),
    ],
)
def test_choices_that_say_no_right_one_are_refused(
    cell: Any, answer: Any, reason: str
) -> None:
    with pytest.raises(RowError, match=reason):
        read(cell, answer)


def test_a_row_of_choices_becomes_a_lettered_problem(tmp_path: Path) -> None:
    rows = [
        {
            "q": "Which is in Peru?",
            "o": TOWNS,
            "a": 0,
            "solution": "By the sea.\nAnswer: 0",
        },
        {"q": "which is in peru ?", "o": TOWNS[::-1], "a": "Lima"},
        {"q": "Which is in Peru?", "o": ["Cusco", "Rome"], "a": "A"},
        {"q": "Which is in Peru?", "o": TOWNS, "a": 9},
    ]
    columns = Columns(question="q", choices="o", answer="a")
    path = written(tmp_path, "a.jsonl", json_lines(*rows))
    first = read_problems(path, "d", columns)
    assert reasons(first) == [
        (2, "the same question as in line 1"),
        (4, "the answer '9' is none of the choices, expected an index from 0 to 3"),
    ]
    problem = first.problems[0]
    assert problem.prompt.splitlines() == [
        "Which is in Peru?",
        *(f"{'ABCD'[i]}) {text}" for i, text in enumerate(problem.choices)),
    ]
    assert right_text(problem) == "Lima"
    assert problem.solution == f"By the sea.\nAnswer: {problem.answer}"

    # another seed is another order, and the same halves
    orders = set()
    for seed in range(9):
        again = read_problems(path, "d", columns, seed=seed)
        orders.add(again.problems[0].choices)
        held_out = [problem.key in again.held_out for problem in again.problems]
        assert held_out == [problem.key in first.held_out for problem in first.problems]
    assert len(orders) > 1


def test_choices_of_parquet_are_read_alike(tmp_path: Path) -> None:
    cells = [
        {"text": TOWNS, "label": list("ABCD")},
        {"text": ["a", "b"], "label": ["A", "B"]},
    ]
    path = parquet(
        tmp_path, "a.parquet", question=["P?", "Q?"], answer=["C", "B"], choices=cells
    )
    read = read_problems(path, "d", Columns(choices="choices"))
    assert [right_text(problem) for problem in read.problems] == ["La Paz", "b"]
