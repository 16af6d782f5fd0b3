"""Reads of a run's database: rows, records, the newest checkpoint and state, findings, metrics, ledger."""

import math
import sqlite3
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

from docendo.errors import RunError
from docendo.records import AgentId, Finding, Usage
from docendo.store.checkpoints import (
    Checkpoint,
    checkpoint_name,
    find_damage,
    is_state_changed,
)
from docendo.store.database import decode_text, run_errors, unpack
from docendo.store.rows import QuarantineRow
from docendo.store.validation import corruption_as_run_error

__all__ = [
    "RowReader",
    "read_findings",
    "read_latest_checkpoint",
    "read_ledger",
    "read_metrics",
    "read_quarantine",
    "read_state",
]

_Record = TypeVar("_Record")


class RowReader(NamedTuple):
    """Executes queries; failures of the machine and damaged rows become RunError."""

    path: Path
    connection: sqlite3.Connection

    def rows(self, query: str, *values: object) -> list[Any]:
        """All rows at once, as SQLite holds them."""
        with run_errors(self.path):
            return self.connection.execute(query, values).fetchall()

    def records(
        self, read: Callable[[Any], _Record], query: str, values: Sequence[object]
    ) -> Iterator[_Record]:
        """One record at a time: a run may hold more episodes than fit in memory."""
        with (
            run_errors(self.path),
            closing(self.connection.execute(query, tuple(values))) as cursor,
        ):
            for row in cursor:
                with corruption_as_run_error(self.path):
                    record = read(row)
                yield record


def read_latest_checkpoint(reader: RowReader) -> Checkpoint | None:
    """The newest checkpoint of which every hash fits; None if none was committed.

    Its `warnings` name the newer ones that are damaged. Raises RunError if all are damaged.
    """
    query = (
        "SELECT round, manifest, state FROM checkpoints JOIN rounds USING (round) "
        "ORDER BY round DESC"
    )
    warnings: list[str] = []
    with corruption_as_run_error(reader.path):
        for index, hashes, state in reader.rows(query):
            path = reader.path / "checkpoints" / checkpoint_name(index)
            damage = find_damage(path, decode_text(hashes), state)
            if not damage:
                return Checkpoint(index, path, unpack(state), tuple(warnings))
            warnings.append(f"checkpoint {path} is damaged ({damage})")
    if warnings:
        raise RunError("; ".join((*warnings, "no older one is left")))
    return None


def read_state(reader: RowReader) -> dict[str, Any]:
    """The newest state in the database; empty before any.

    It is the newest round's, unless rounds were rolled back.
    """
    query = (
        "SELECT round, state, manifest FROM rounds LEFT JOIN checkpoints USING (round) "
        "WHERE state IS NOT NULL ORDER BY round DESC LIMIT 1"
    )
    rows = reader.rows(query)
    if not rows:
        return {}

    index, state, hashes = rows[0]
    with corruption_as_run_error(reader.path):
        if is_state_changed(decode_text(hashes or ""), state):
            raise RunError(
                f"{reader.path}: the database is damaged: the state of round {index} was changed"
            )
        return dict(unpack(state))


def read_findings(reader: RowReader) -> list[Finding]:
    """All findings of the monitors, in the order of their commits."""
    query = "SELECT round, monitor, agent, episode, reason FROM findings ORDER BY id"

    def read(row: Any) -> Finding:
        index, monitor, agent, episode, reason = row
        return Finding(
            index,
            decode_text(monitor),
            AgentId(decode_text(agent)),
            episode,
            decode_text(reason),
        )

    return list(reader.records(read, query, ()))


def read_metrics(reader: RowReader) -> dict[str, list[tuple[int, float]]]:
    """(round, value) of each metric, rounds ascending."""
    rows = reader.rows("SELECT name, round, value FROM metrics ORDER BY round, name")
    series: dict[str, list[tuple[int, float]]] = defaultdict(list)
    with corruption_as_run_error(reader.path):
        for name, index, value in rows:
            # SQLite stores a number that is none as NULL.
            number = math.nan if value is None else value
            series[decode_text(name)].append((index, number))
    return dict(series)


def read_ledger(reader: RowReader) -> list[Usage]:
    """Tokens, FLOPs and costs summed over the rounds, one row for each agent and purpose."""
    query = (
        "SELECT agent, purpose, CAST(TOTAL(tokens) AS INTEGER), TOTAL(flops), TOTAL(cost) "
        "FROM ledger GROUP BY purpose, agent ORDER BY 2, 1"
    )

    def read(row: Any) -> Usage:
        agent, purpose, *sums = row
        return Usage(AgentId(decode_text(agent)), decode_text(purpose), *sums)

    return list(reader.records(read, query, ()))


def read_quarantine(reader: RowReader) -> list[QuarantineRow]:
    """All data rows that were left out, in the order in which they were noted."""
    rows = reader.rows("SELECT file, line, reason FROM quarantine ORDER BY id")
    with corruption_as_run_error(reader.path):
        return [
            QuarantineRow(decode_text(file), line, decode_text(reason))
            for file, line, reason in rows
        ]
