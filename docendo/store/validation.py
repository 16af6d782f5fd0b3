"""Whether what is in a run's database could have been written there: every cell's type, every JSON's shape.

SQLite keeps any value in any column, and checks no value that is well-formed but of another kind.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from docendo.errors import RunError, UserError

__all__ = [
    "attempt_parts",
    "check_cells",
    "check_tables",
    "misread",
    "problem_parts",
    "two_texts",
]

_KINDS = {"INTEGER": "'integer'", "REAL": "'real'", "TEXT": "'text', 'blob'"}
_MISREAD = (
    TypeError,
    ValueError,
    LookupError,
    AttributeError,
    RecursionError,
    OverflowError,
)


def check_tables(connection: sqlite3.Connection, name: str, schema: str) -> None:
    """Raises UseError where there are other tables or columns than in the schema, or triggers and views, which act."""
    with closing(sqlite3.connect(":memory:")) as fresh:
        fresh.executescript(schema)
        wanted, got = _columns(fresh), _columns(connection)
    for table in sorted(wanted.keys() | got.keys()):
        if wanted.get(table) != got.get(table):
            raise UserError(f"{name} is damaged: {table} is not as docendo makes it")


def _columns(connection: sqlite3.Connection) -> dict[str, list[Any]]:
    query = "SELECT name, type FROM sqlite_master WHERE type <> 'index' AND name NOT LIKE 'sqlite%'"
    found = connection.execute(query).fetchall()
    return {
        t: [kind, *connection.execute("SELECT * FROM pragma_table_info(?)", (t,))]
        for t, kind in found
    }


def check_cells(connection: sqlite3.Connection, name: str) -> None:
    """Raises UseError for a cell whose value is not of its column's type, or not finite where it must be.

    And for a row that belongs to one that is not there.
    """
    tables = [
        t
        for (t,) in connection.execute(
            "SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY 1"
        )
    ]
    for table in tables:
        for _, column, kind, needed, _, key in connection.execute(
            f'PRAGMA table_info("{table}")'
        ):
            kinds = _KINDS[kind] if needed or key else f"{_KINDS[kind]}, 'null'"
            fine = f"typeof({column}) IN ({kinds})"
            finite = needed and kind == "REAL"
            if finite:
                fine += f" AND {column} - {column} = 0"
            query = f'SELECT rowid, typeof({column}) FROM "{table}" WHERE ({fine}) IS NOT TRUE LIMIT 1'  # noqa: S608
            if wrong := connection.execute(query).fetchone():
                row, got = wrong
                wanted = f"finite {kind.lower()}" if finite else kind.lower()
                raise UserError(
                    f"{name} is damaged: row {row} of {table}: {column} is {got}, wanted {wanted}"
                )

    if orphan := connection.execute("PRAGMA foreign_key_check").fetchone():
        table, row, parent, _ = orphan
        raise UserError(
            f"{name} is damaged: row {row} of {table} belongs to {parent} that are not there"
        )


@contextmanager
def misread(path: Path) -> Iterator[None]:
    """Turn what rows raise that no docendo wrote into RunError."""
    try:
        yield
    except (RunError, UserError):
        raise
    except _MISREAD as error:
        told = f"{type(error).__name__}: {str(error)[:100]}"
        raise RunError(
            f"{path}: the database is damaged: a row holds what docendo does not write ({told})"
        ) from error


def attempt_parts(written: Any) -> tuple[str, tuple[int, ...], float, str]:
    """Text, tokens, score and reason of a stored attempt. Raises ValueError, or KeyError, where it is none."""
    text, tokens, score, reason = (
        written[name] for name in ("text", "tokens", "score", "reason")
    )
    if not (
        _texts(text, reason)
        and all(type(t) is int for t in tokens)
        and type(score) in {int, float}
    ):
        raise ValueError("wanted an attempt")
    return text, tuple(tokens), score, reason


def problem_parts(body: Any) -> tuple[str, str, str, tuple[str, ...], str]:
    """Prompt, answer, solution, tests and source of a stored problem. Raises ValueError where it is none."""
    prompt, answer, solution, tests, source = body
    if not (_texts(prompt, answer, solution, source, *tests) and isinstance(tests, list)):
        raise ValueError("wanted a problem")
    return prompt, answer, solution, tuple(tests), source


def two_texts(written: Any) -> tuple[str, str]:
    """The texts of a stored pair. Raises ValueError where it is none."""
    one, other = written
    if not _texts(one, other):
        raise ValueError("wanted two texts")
    return one, other


def _texts(*values: Any) -> bool:
    return all(isinstance(value, str) for value in values)
