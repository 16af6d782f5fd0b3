"""The records of a round and how they become rows of the database."""

import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from docendo.records import Duel, Episode, Evaluation, Finding, Metrics, Question, Usage
from docendo.store.database import pack
from docendo.store.queries import insert_row
from docendo.store.record_rows import (
    insert_duel,
    insert_episode,
    insert_evaluation,
    insert_question,
)

__all__ = ["QuarantineRow", "RoundRecord", "RoundRow", "insert_round"]


class QuarantineRow(NamedTuple):
    """A row of the user's data that was left out, and why."""

    file: str
    line: int
    reason: str


class RoundRow(NamedTuple):
    round: int
    stage: str
    seconds: float


@dataclass(frozen=True, slots=True)
class RoundRecord:
    """All results of one round. Indices ascend; -1 may hold what was measured before the first."""

    index: int
    stage: str
    """``experts`` or ``teaching``."""
    seconds: float
    episodes: Sequence[Episode] = ()
    evaluations: Sequence[Evaluation] = ()
    metrics: Metrics = field(default_factory=lambda: Metrics(0))
    ledger: Sequence[Usage] = ()
    state: Mapping[str, Any] = field(default_factory=dict)
    """JSON that a resumed run starts from: standings, curriculum, counters."""
    duels: Sequence[Duel] = ()
    questions: Sequence[Question] = ()
    findings: Sequence[Finding] = ()
    """Of the monitors, in this round's episodes."""


def insert_round(connection: sqlite3.Connection, record: RoundRecord) -> str | bytes:
    """Insert all rows of a round, inside the caller's transaction; returns its state as stored.

    Raises ValueError if the record holds an episode, duel or question of another round.
    """
    index = record.index
    # First of all, as every other row refers to its round.
    state = pack(dict(record.state))
    insert_row(connection, "rounds", index, record.stage, record.seconds, state)
    for metric in record.metrics.records:
        insert_row(
            connection, "metrics", index, metric.name, metric.agent or "", metric.value
        )
    for usage in record.ledger:
        insert_row(connection, "ledger", index, *usage)
    for finding in record.findings:
        # The round that the finding is of is this one.
        insert_row(connection, "findings", index, *finding[1:])
    for evaluation in record.evaluations:
        insert_evaluation(connection, index, evaluation)

    _check_rounds(record)
    for episode in record.episodes:
        insert_episode(connection, episode)
    for duel in record.duels:
        insert_duel(connection, duel)
    for question in record.questions:
        insert_question(connection, question)
    return state


def _check_rounds(record: RoundRecord) -> None:
    for results in (record.episodes, record.duels, record.questions):
        for row in results:
            if row.round != record.index:
                kind = type(row).__name__.lower()
                raise ValueError(
                    f"the {kind} of round {row.round} was passed with round {record.index}"
                )
