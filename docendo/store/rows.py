"""The records of a round and how they become rows of the database."""

import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from docendo.records import Duel, Episode, Evaluation, Finding, Question, Usage
from docendo.store.database import encode_text, pack
from docendo.store.duel_rows import insert_duel
from docendo.store.episode_rows import insert_episode, insert_evaluation
from docendo.store.question_rows import insert_question

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
    metrics: Mapping[str, float] = field(default_factory=dict)
    ledger: Sequence[Usage] = ()
    state: Mapping[str, Any] = field(default_factory=dict)
    """JSON that a resumed run starts from: standings, curriculum, counters."""
    duels: Sequence[Duel] = ()
    questions: Sequence[Question] = ()
    findings: Sequence[Finding] = ()
    """Of the monitors, in this round's episodes."""


def insert_round(connection: sqlite3.Connection, record: RoundRecord) -> None:
    """Insert all rows of a round, inside the caller's transaction.

    Raises ValueError if the record holds an episode, duel or question of another round.
    """
    index = record.index
    connection.execute(
        "INSERT INTO rounds VALUES (?, ?, ?, ?)",
        (index, record.stage, record.seconds, pack(dict(record.state))),
    )
    for name, value in record.metrics.items():
        connection.execute(
            "INSERT INTO metrics VALUES (?, ?, ?)", (index, encode_text(name), value)
        )
    for usage in record.ledger:
        _insert_usage(connection, index, usage)
    for finding in record.findings:
        _insert_finding(connection, index, finding)
    for evaluation in record.evaluations:
        insert_evaluation(connection, index, evaluation)

    _check_rounds(record)
    for episode in record.episodes:
        insert_episode(connection, episode)
    for duel in record.duels:
        insert_duel(connection, duel)
    for question in record.questions:
        insert_question(connection, question)


def _check_rounds(record: RoundRecord) -> None:
    for results in (record.episodes, record.duels, record.questions):
        for row in results:
            if row.round != record.index:
                kind = type(row).__name__.lower()
                raise ValueError(
                    f"the {kind} of round {row.round} was passed with round {record.index}"
                )


def _insert_usage(connection: sqlite3.Connection, index: int, usage: Usage) -> None:
    agent = encode_text(usage.agent)
    purpose = encode_text(usage.purpose)
    connection.execute(
        "INSERT INTO ledger (round, agent, purpose, tokens, flops, cost) "
        "VALUES (?, ?, ?, ?, ?, ?)",
        (index, agent, purpose, usage.tokens, usage.flops, usage.cost),
    )


def _insert_finding(connection: sqlite3.Connection, index: int, finding: Finding) -> None:
    agent = encode_text(finding.agent)
    reason = encode_text(finding.reason)
    connection.execute(
        "INSERT INTO findings (round, monitor, agent, episode, reason) "
        "VALUES (?, ?, ?, ?, ?)",
        (index, finding.monitor, agent, finding.episode, reason),
    )
