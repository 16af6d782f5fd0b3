"""Statements that insert and select rows."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing

import pytest

from docendo.store.database import SCHEMA, raw_text
from docendo.store.queries import decode_row, insert_row, select_rows


@pytest.fixture
def database() -> Iterator[sqlite3.Connection]:
    with closing(sqlite3.connect(":memory:")) as connection:
        connection.text_factory = raw_text
        connection.executescript(SCHEMA)
        yield connection


def quarantined(database: sqlite3.Connection) -> list[list[object]]:
    rows = database.execute("SELECT file, line, reason FROM quarantine ORDER BY id")
    return list(map(decode_row, rows))


def test_a_lone_surrogate_comes_back_as_it_was(database: sqlite3.Connection) -> None:
    insert_row(database, "quarantine", "b\udcffd.jsonl", 7, "no answer\x00")
    assert quarantined(database) == [["b\udcffd.jsonl", 7, "no answer\x00"]]


def test_a_byte_that_is_no_text_is_a_sign_of_damage(database: sqlite3.Connection) -> None:
    insert_row(database, "quarantine", "a.jsonl", 1, "damaged")
    database.execute("UPDATE quarantine SET reason = CAST(x'61ff' AS TEXT)")
    with pytest.raises(UnicodeError):
        quarantined(database)


def test_a_row_that_is_there_is_ignored_only_if_asked_for(
    database: sqlite3.Connection,
) -> None:
    insert_row(database, "quarantine", "a.jsonl", 1, "no prompt")
    insert_row(database, "quarantine", "a.jsonl", 1, "no prompt", ignore=True)
    assert len(quarantined(database)) == 1
    with pytest.raises(sqlite3.IntegrityError):
        insert_row(database, "quarantine", "a.jsonl", 1, "no prompt")


def test_filters_join_with_and_and_none_filters_nothing(
    database: sqlite3.Connection,
) -> None:
    insert_row(database, "rounds", 0, "teaching", 1.0, "{}")
    for agent, reason in (("ann", "x"), ("bob", "y"), ("ann", "y")):
        insert_row(database, "findings", 0, "answer_leak", agent, 0, reason)

    def reasons(newest: int | None = None, **filters: str | None) -> list[object]:
        rows = database.execute(*select_rows("findings", filters, newest))
        return [row[-1] for row in map(decode_row, rows)]

    assert reasons() == ["x", "y", "y"]
    assert reasons(agent="ann", reason="y") == ["y"]
    assert reasons(agent="ann", reason=None) == ["x", "y"]
    assert reasons(newest=1, agent="ann") == ["y"]
