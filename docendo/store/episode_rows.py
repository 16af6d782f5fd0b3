"""Episodes and evaluations as rows of the database, and back."""

import math
import sqlite3
from collections.abc import Sequence
from typing import Any

from docendo.records import (
    AgentId,
    Episode,
    Evaluation,
    Lesson,
    Match,
    Payoff,
    Verdict,
)
from docendo.store.database import decode_text, encode_text, pack, unpack
from docendo.store.problem_rows import StoredProblems, insert_problem
from docendo.store.queries import insert_row
from docendo.store.rollout_json import from_json, to_json

__all__ = ["insert_episode", "insert_evaluation", "read_episode", "read_evaluation"]


def insert_episode(connection: sqlite3.Connection, episode: Episode) -> None:
    """Insert an episode with its problems."""
    match = episode.match
    problem_ids = [
        insert_problem(connection, episode.round, problem)
        for problem in episode.lesson.problems
    ]
    test_id = insert_problem(connection, episode.round, episode.test)
    lesson = {"problems": problem_ids, "examples": to_json(episode.lesson.examples)}
    row = (
        episode.round,
        encode_text(match.teacher),
        encode_text(match.student),
        encode_text(match.domain),
        encode_text(match.family),
        match.level,
        test_id,
        pack(lesson),
        pack(to_json(episode.control)),
        pack(to_json(episode.attempts)),
        episode.expected,
        int(episode.again),
        pack(_payoff_parts(episode.payoff)),
    )
    insert_row(connection, "episodes", row)


def read_episode(row: Sequence[Any], problems: StoredProblems) -> Episode:
    """The episode of one row of ``episodes``, all columns except the id."""
    index, teacher, student, domain, family, level, test, lesson, *results = row
    control, attempts, expected, again, payoff = results
    match = Match(
        AgentId(decode_text(teacher)),
        AgentId(decode_text(student)),
        decode_text(domain),
        decode_text(family),
        level,
    )
    lesson_parts = unpack(lesson)
    lesson_problems = tuple(problems[row_id] for row_id in lesson_parts["problems"])
    return Episode(
        round=index,
        match=match,
        test=problems[test],
        lesson=Lesson(lesson_problems, from_json(lesson_parts["examples"])),
        control=from_json(unpack(control)),
        attempts=from_json(unpack(attempts)),
        expected=_nan_if_null(expected),
        again=bool(again),
        payoff=_read_payoff(unpack(payoff)),
    )


def insert_evaluation(
    connection: sqlite3.Connection, committed: int, evaluation: Evaluation
) -> None:
    """Insert an evaluation with its problem; `committed` is the round that it is stored with."""
    connection.execute(
        "INSERT INTO evaluations (committed, round, agent, problem, text, score, reason, split) "
        "VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        (
            committed,
            evaluation.round,
            encode_text(evaluation.agent),
            insert_problem(connection, committed, evaluation.problem),
            encode_text(evaluation.text),
            evaluation.verdict.score,
            encode_text(evaluation.verdict.reason),
            encode_text(evaluation.split),
        ),
    )


def read_evaluation(row: Sequence[Any], problems: StoredProblems) -> Evaluation:
    """The evaluation of one row: round, agent, problem, text, score, reason, split."""
    index, agent, problem, text, score, reason, split = row
    return Evaluation(
        round=index,
        agent=AgentId(decode_text(agent)),
        problem=problems[problem],
        text=decode_text(text),
        verdict=Verdict(_nan_if_null(score), decode_text(reason)),
        split=split,
    )


def _payoff_parts(payoff: Payoff | None) -> list[Any] | None:
    return None if payoff is None else [payoff.teacher, list(payoff.student)]


def _read_payoff(parts: Any) -> Payoff | None:
    if parts is None:
        return None
    teacher, student = parts
    return Payoff(float(teacher), tuple(float(reward) for reward in student))


def _nan_if_null(value: float | None) -> float:
    # SQLite stores a number that is none as NULL.
    return math.nan if value is None else value
