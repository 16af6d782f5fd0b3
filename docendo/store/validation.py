"""Checks that docendo could have written a run's database: every cell's type, every JSON's shape.

SQLite stores any value in any column, so a damaged or foreign file can open without an error.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from docendo.errors import RunError, UserError

__all__ = [
    "check_cells",
    "check_tables",
    "corruption_as_run_error",
    "problem_parts",
    "rollout_parts",
    "two_texts",
]

_TYPES = {"INTEGER": "'integer'", "REAL": "'real'", "TEXT": "'text', 'blob'"}
_READ_ERRORS = (
    TypeError,
    ValueError,
    LookupError,
    AttributeError,
    RecursionError,
    OverflowError,
)


def check_tables(connection: sqlite3.Connection, name: str, schema: str) -> None:
    """Check that the database has the tables and columns of the schema, and no triggers or views.

    Raises UserError where it has not; `name` is for its message.
    """
    # A trigger would run somebody else's SQL inside our transactions.
    with closing(sqlite3.connect(":memory:")) as empty:
        empty.executescript(schema)
        expected = _columns(empty)
    actual = _columns(connection)
    for table in sorted(expected.keys() | actual.keys()):
        if expected.get(table) != actual.get(table):
            raise UserError(f"{name} is damaged: {table} is not as docendo makes it")


def _columns(connection: sqlite3.Connection) -> dict[str, list[Any]]:
    query = "SELECT name, type FROM sqlite_master WHERE type <> 'index' AND name NOT LIKE 'sqlite%'"
    columns = {}
    for table, kind in connection.execute(query).fetchall():
        info = connection.execute("SELECT * FROM pragma_table_info(?)", (table,))
        columns[table] = [kind, *info]
    return columns


def check_cells(connection: sqlite3.Connection, name: str) -> None:
    """Check every cell's type, that required numbers are finite, and that rows refer to rows that exist.

    Raises UserError for the first fault; `name` is for its message.
    """
    query = "SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY 1"
    for (table,) in connection.execute(query).fetchall():
        info = connection.execute(f'PRAGMA table_info("{table}")')
        for _, column, kind, required, _, key in info:
            _check_column(connection, name, table, column, kind, bool(required or key))

    if orphan := connection.execute("PRAGMA foreign_key_check").fetchone():
        table, row, parent, _ = orphan
        raise UserError(
            f"{name} is damaged: row {row} of {table} belongs to {parent} that are not there"
        )


def _check_column(
    connection: sqlite3.Connection,
    name: str,
    table: str,
    column: str,
    kind: str,
    required: bool,
) -> None:
    types = _TYPES[kind] if required else f"{_TYPES[kind]}, 'null'"
    condition = f"typeof({column}) IN ({types})"
    expected = kind.lower()
    if required and kind == "REAL":
        # An infinite number minus itself is not a number, which SQLite stores as NULL.
        condition += f" AND {column} - {column} = 0"
        expected = "finite real"

    query = f'SELECT rowid, typeof({column}) FROM "{table}" WHERE ({condition}) IS NOT TRUE LIMIT 1'  # noqa: S608
    if fault := connection.execute(query).fetchone():
        row, actual = fault
        raise UserError(
            f"{name} is damaged: row {row} of {table}: {column} is {actual}, expected {expected}"
        )


@contextmanager
def corruption_as_run_error(path: Path) -> Iterator[None]:
    """Turn the errors that rows raise which docendo did not write into RunError."""
    try:
        yield
    except (RunError, UserError):
        raise
    except _READ_ERRORS as error:
        reason = f"{type(error).__name__}: {str(error)[:100]}"
        raise RunError(
            f"{path}: the database is damaged: a row holds what docendo does not write ({reason})"
        ) from error


def rollout_parts(stored: Any) -> tuple[str, str, tuple[int, ...], float, str]:
    """Text, raw text, tokens, score and reason of a stored rollout. Raises ValueError or KeyError if it is none."""
    text = stored["text"]
    raw = stored.get("raw", "")
    tokens = stored["tokens"]
    score = stored["score"]
    reason = stored["reason"]
    # By type and not `isinstance`, for which True is an integer too.
    are_ids = all(type(token) is int for token in tokens)
    if not (_are_texts(text, raw, reason) and are_ids and type(score) in {int, float}):
        raise ValueError("expected a rollout")
    return text, raw, tuple(tokens), score, reason


def problem_parts(
    body: Any,
) -> tuple[str, str, str, tuple[str, ...], str, tuple[str, ...], str]:
    """Prompt, answer, solution, tests, source, choices and hints of a stored problem.

    Raises ValueError if it is none.
    """
    prompt, answer, solution, tests, source, *others = body
    choices, hints = others or ([], "")
    are_texts = _are_texts(prompt, answer, solution, source, hints, *tests, *choices)
    if not (are_texts and isinstance(tests, list) and isinstance(choices, list)):
        raise ValueError("expected a problem")
    return prompt, answer, solution, tuple(tests), source, tuple(choices), hints


def two_texts(stored: Any) -> tuple[str, str]:
    """The texts of a stored pair. Raises ValueError if it is none."""
    first, second = stored
    if not _are_texts(first, second):
        raise ValueError("expected two texts")
    return first, second


def _are_texts(*values: Any) -> bool:
    return all(isinstance(value, str) for value in values)
