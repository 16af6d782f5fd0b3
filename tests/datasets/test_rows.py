"""The columns that are read, by their names."""

import pytest

from docendo.datasets.rows import MAX_NAMES, ColumnNames
from docendo.errors import UserError

NAMES = ColumnNames(required=("question", "answer"), optional=("solution",))


@pytest.mark.parametrize(
    ("columns", "selected"),
    [
        (["answer", "question"], ["question", "answer"]),
        (["id", "solution", "answer", "question"], ["question", "answer", "solution"]),
    ],
)
def test_required_and_optional_columns_are_selected_in_their_order(
    columns: list[str], selected: list[str]
) -> None:
    assert NAMES.select(columns, "a.csv") == selected


def test_a_column_that_has_two_roles_is_read_once() -> None:
    assert ColumnNames(("text", "text")).select(["text"], "a.csv") == ["text"]


def test_a_missing_required_column_is_an_error_with_the_nearest_name() -> None:
    with pytest.raises(
        UserError, match=r"^a.csv: no column 'answer'; did you mean 'anwser'\?$"
    ):
        NAMES.select(["question", "anwser"], "a.csv")


def test_a_column_that_stands_twice_is_an_error_only_where_it_is_read() -> None:
    assert NAMES.select(["id", "id", "question", "answer"], "a.csv")
    with pytest.raises(UserError, match=r"a.csv: two columns are called 'answer'"):
        NAMES.select(["question", "answer", "answer"], "a.csv")


def test_an_error_stays_short_whatever_the_columns_are_called() -> None:
    columns = ["x" * 1000 + str(n) for n in range(10 * MAX_NAMES)]
    with pytest.raises(UserError) as caught:
        NAMES.select(columns, "a.csv")
    assert len(str(caught.value)) < 10_000
