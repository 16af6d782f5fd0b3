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
from docendo.store.database import pack, unpack
from docendo.store.problem_rows import StoredProblems, insert_problem
from docendo.store.queries import insert_row
from docendo.store.rollout_json import from_json, to_json

__all__ = ["insert_episode", "insert_evaluation", "read_episode", "read_evaluation"]


def insert_episode(connection: sqlite3.Connection, episode: Episode) -> None:
    """Insert an episode with its problems."""
    index = episode.round
    lesson = episode.lesson
    problem_ids = [insert_problem(connection, index, p) for p in lesson.problems]
    payoff = episode.payoff
    insert_row(
        connection,
        "episodes",
        index,
        *episode.match,
        insert_problem(connection, index, episode.test),
        pack({"problems": problem_ids, "examples": to_json(lesson.examples)}),
        pack(to_json(episode.control)),
        pack(to_json(episode.attempts)),
        episode.expected,
        int(episode.again),
        pack(None if payoff is None else [payoff.teacher, list(payoff.student)]),
    )


def read_episode(row: Sequence[Any], problems: StoredProblems) -> Episode:
    """The episode of one row of ``episodes``, all columns except the id."""
    index, teacher, student, *task_type, test, lesson, control, attempts = row[:-3]
    expected, again, payoff = row[-3:]
    parts = unpack(lesson)
    lesson_problems = tuple(problems[row_id] for row_id in parts["problems"])
    return Episode(
        round=index,
        match=Match(AgentId(teacher), AgentId(student), *task_type),
        test=problems[test],
        lesson=Lesson(lesson_problems, from_json(parts["examples"])),
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
    insert_row(
        connection,
        "evaluations",
        committed,
        evaluation.round,
        evaluation.agent,
        insert_problem(connection, committed, evaluation.problem),
        evaluation.text,
        *evaluation.verdict,
        evaluation.split,
    )


def read_evaluation(row: Sequence[Any], problems: StoredProblems) -> Evaluation:
    """The evaluation of one row: round, agent, problem, text, score, reason, split."""
    index, agent, problem, text, score, reason, split = row
    verdict = Verdict(_nan_if_null(score), reason)
    return Evaluation(index, AgentId(agent), problems[problem], text, verdict, split)


def _read_payoff(parts: Any) -> Payoff | None:
    if parts is None:
        return None
    teacher, student = parts
    return Payoff(float(teacher), tuple(map(float, student)))


def _nan_if_null(value: float | None) -> float:
    # SQLite stores a number that is none as NULL.
    return math.nan if value is None else value
