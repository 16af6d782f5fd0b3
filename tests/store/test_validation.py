"""Databases and rows that docendo could not have written."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from docendo.errors import RunError, UserError
from docendo.store.validation import (
    check_cells,
    check_tables,
    corruption_as_run_error,
    problem_parts,
    rollout_parts,
)

SCHEMA = "CREATE TABLE metrics (name TEXT NOT NULL, value REAL NOT NULL, note TEXT);"


@contextmanager
def database(*statements: str) -> Iterator[sqlite3.Connection]:
    with closing(sqlite3.connect(":memory:")) as connection:
        connection.executescript(SCHEMA)
        for statement in statements:
            connection.execute(statement)
        yield connection


@pytest.mark.parametrize(
    "statement",
    [
        "CREATE TABLE more (x)",
        "ALTER TABLE metrics ADD COLUMN x",
        "CREATE VIEW v AS SELECT 1",
    ],
)
def test_other_tables_columns_or_views_are_damage(statement: str) -> None:
    with database() as whole, database(statement) as changed:
        check_tables(whole, "run.db", SCHEMA)
        with pytest.raises(UserError, match=r"run\.db is damaged"):
            check_tables(changed, "run.db", SCHEMA)


@pytest.mark.parametrize(("value", "actual"), [("much", "text"), (float("inf"), "real")])
def test_a_cell_that_is_no_finite_number_is_named_with_its_row(
    value: object, actual: str
) -> None:
    fault = f"row 1 of metrics: value is {actual}, expected finite real"
    with database() as connection:
        connection.execute("INSERT INTO metrics VALUES ('loss', ?, NULL)", (value,))
        with pytest.raises(UserError, match=fault):
            check_cells(connection, "run.db")


@pytest.mark.parametrize(
    "stored",
    [
        {"text": 1, "tokens": [], "score": 0.5, "reason": ""},
        {"text": "", "tokens": [True], "score": 0.5, "reason": ""},
        {"text": "", "tokens": [1], "score": "0.5", "reason": ""},
    ],
)
def test_a_rollout_with_a_value_of_another_type_is_refused(stored: object) -> None:
    with pytest.raises(ValueError, match="expected a rollout"):
        rollout_parts(stored)


def test_a_problem_is_four_texts_and_a_list_of_tests() -> None:
    body = ["2 + 2?", "4", "Answer: 4", ["f(2) == 4"], "toy 1"]
    assert problem_parts(body) == (
        "2 + 2?",
        "4",
        "Answer: 4",
        ("f(2) == 4",),
        "toy 1",
        (),
        "",
    )
    assert problem_parts([*body, ["3", "4"], "Count."])[5:] == (("3", "4"), "Count.")
    with pytest.raises(ValueError, match="expected a problem"):
        problem_parts(["2 + 2?", "4", "Answer: 4", "f(2) == 4", 1])


def test_what_a_foreign_row_raises_becomes_a_run_error_with_its_reason() -> None:
    with (
        pytest.raises(RunError, match=r"run: the database is damaged.*KeyError: 'text'"),
        corruption_as_run_error(Path("run")),
    ):
        rollout_parts({})
