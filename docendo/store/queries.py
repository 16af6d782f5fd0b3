"""Statements that insert and select rows of episodes, duels and questions."""

import sqlite3
from collections.abc import Mapping, Sequence
from typing import Any

from docendo.store.database import encode_text

__all__ = ["insert_row", "select_rows"]

_COLUMNS = {
    "episodes": "round, teacher, student, domain, family, level, test, lesson, control, "
    "attempts, expected, again, payoff",
    "duels": "round, game, first, second, deal, moves, first_payoff, second_payoff",
    "questions": "round, asker, persona, domain, family, level, text, tokens, problem, "
    "refused, tries",
}
"""All columns of a table except the id, which SQLite counts up in the order of the commits."""


def insert_row(connection: sqlite3.Connection, table: str, row: Sequence[Any]) -> None:
    """Insert one row; `row` holds all columns except the id."""
    marks = ", ".join("?" * len(row))
    connection.execute(f"INSERT INTO {table} ({_COLUMNS[table]}) VALUES ({marks})", row)  # noqa: S608


def select_rows(
    table: str, filters: Mapping[str, int | str | None], newest: int | None = None
) -> tuple[str, tuple[Any, ...]]:
    """The query, and its values, for the rows of a table whose columns equal all filters.

    A filter that is None does not count. Rows come in the order of their commits, with all columns
    except the id; with `newest`, only the last so many of them.
    """
    conditions = ["1"]
    values: list[Any] = []
    for column, value in filters.items():
        if value is not None:
            conditions.append(f"{column} = ?")
            values.append(encode_text(value) if isinstance(value, str) else value)
    values.append(-1 if newest is None else newest)

    where = " AND ".join(conditions)
    ids = f"SELECT id FROM {table} WHERE {where} ORDER BY id DESC LIMIT ?"  # noqa: S608
    query = f"SELECT {_COLUMNS[table]} FROM {table} WHERE id IN ({ids}) ORDER BY id"  # noqa: S608
    return query, tuple(values)
