"""Statements that insert and select rows: texts are encoded and decoded here, and nowhere else."""

import sqlite3
from collections.abc import Mapping, Sequence
from typing import Any

from docendo.store.database import decode_text, encode_text

__all__ = ["decode_row", "insert_row", "select_rows"]

_COLUMNS = {
    "episodes": "round, teacher, student, domain, family, level, test, lesson, control, "
    "attempts, expected, again, payoff",
    "evaluations": "committed, round, agent, problem, text, score, reason, split",
    "duels": "round, game, first, second, deal, moves, first_payoff, second_payoff",
    "questions": "round, asker, persona, domain, family, level, text, tokens, problem, "
    "refused, tries",
    "findings": "round, monitor, agent, episode, reason",
    "metrics": "round, name, agent, value",
    "ledger": "round, agent, purpose, tokens, flops, cost",
    "problems": "id, key, round, domain, family, level, body",
    "quarantine": "file, line, reason",
    "rounds": "round, stage, seconds, state",
}
"""All columns of a table except the id, where SQLite counts it up in the order of the commits."""


def insert_row(
    connection: sqlite3.Connection, table: str, *row: object, ignore: bool = False
) -> None:
    """Insert one row; `row` holds all columns except the id.

    With `ignore` a row whose unique columns are there already is left as it is.
    """
    cells = [encode_text(cell) if isinstance(cell, str) else cell for cell in row]
    verb = "INSERT OR IGNORE" if ignore else "INSERT"
    marks = ", ".join("?" * len(cells))
    connection.execute(f"{verb} INTO {table} ({_COLUMNS[table]}) VALUES ({marks})", cells)


def decode_row(row: Sequence[Any]) -> list[Any]:
    """The cells that were given to `insert_row`. Raises UnicodeError for a text that is none."""
    return [decode_text(cell) if isinstance(cell, str | bytes) else cell for cell in row]


def select_rows(
    table: str, filters: Mapping[str, int | str | None], newest: int | None = None
) -> tuple[str, tuple[Any, ...]]:
    """The query, and its values, for the rows of a table whose columns equal all filters.

    A filter that is None does not count. Rows come in the order of their commits, with all columns
    except the id; with `newest`, only the last so many of them.
    """
    conditions = ["1"]
    values = []
    for column, value in filters.items():
        if value is not None:
            conditions.append(f"{column} = ?")
            values.append(encode_text(value) if isinstance(value, str) else value)
    # SQLite takes a negative limit for none.
    values.append(-1 if newest is None else newest)

    where = " AND ".join(conditions)
    ids = f"SELECT id FROM {table} WHERE {where} ORDER BY id DESC LIMIT ?"  # noqa: S608
    query = f"SELECT {_COLUMNS[table]} FROM {table} WHERE id IN ({ids}) ORDER BY id"  # noqa: S608
    return query, tuple(values)
