"""Episodes, evaluations, duels and questions as rows of the database, and back."""

import math
import sqlite3
from collections.abc import Sequence
from typing import Any

from docendo.records import (
    AgentId,
    Completion,
    Duel,
    Episode,
    Evaluation,
    Lesson,
    Match,
    Move,
    Payoff,
    Question,
    TaskType,
    Trial,
    Verdict,
)
from docendo.store.database import pack, unpack
from docendo.store.problem_rows import StoredProblems, insert_problem
from docendo.store.queries import insert_row
from docendo.store.rollout_json import from_json, to_json

__all__ = [
    "insert_duel",
    "insert_episode",
    "insert_evaluation",
    "insert_question",
    "read_duel",
    "read_episode",
    "read_evaluation",
    "read_question",
]


def insert_episode(connection: sqlite3.Connection, episode: Episode) -> None:
    """Insert an episode with its problems."""
    index = episode.round
    lesson = episode.lesson
    # The lessons of a match share their control; each row has it, to be read alone.
    problem_ids = [insert_problem(connection, index, p) for p in lesson.problems]
    payoff = episode.payoff

    # Only where there is any: other rows are as they were before there were trials.
    extra: dict[str, Any] = {}
    if episode.trial:
        trial_id = insert_problem(connection, index, episode.trial.problem)
        extra["trial"] = [trial_id, episode.trial.gain]
    for name, rollouts in {"tries": lesson.tries, "hints": episode.hints}.items():
        if rollouts:
            extra[name] = to_json(rollouts)
    insert_row(
        connection,
        "episodes",
        index,
        *episode.match,
        insert_problem(connection, index, episode.test),
        pack({"problems": problem_ids, "examples": to_json(lesson.examples), **extra}),
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
        lesson=Lesson(
            problems=lesson_problems,
            examples=from_json(parts["examples"]),
            tries=from_json(parts.get("tries", [])),
        ),
        control=from_json(unpack(control)),
        attempts=from_json(unpack(attempts)),
        expected=_nan_if_null(expected),
        again=bool(again),
        payoff=_read_payoff(unpack(payoff)),
        hints=from_json(parts.get("hints", [])),
        trial=_read_trial(parts.get("trial"), problems),
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


def insert_duel(connection: sqlite3.Connection, duel: Duel) -> None:
    """Insert a duel with all its moves."""
    players = duel.first, duel.second
    moves = [[m.seat, m.view, m.choice, *to_json([m.attempt])] for m in duel.moves]
    row = (duel.round, duel.game, *players, duel.deal, pack(moves), *duel.payoffs)
    insert_row(connection, "duels", *row)


def read_duel(row: Sequence[Any]) -> Duel:
    """The duel of one row of ``duels``, all columns except the id."""
    index, game, first, second, deal, moves_json, *payoffs = row
    moves = []
    for seat, view, choice, attempt in unpack(moves_json):
        moves.append(Move(seat, view, choice, *from_json([attempt])))

    players = AgentId(first), AgentId(second)
    first_payoff, second_payoff = payoffs
    return Duel(index, game, *players, deal, tuple(moves), (first_payoff, second_payoff))


def insert_question(connection: sqlite3.Connection, question: Question) -> None:
    """Insert a question, with its problem unless it was refused."""
    # A refused question became no problem.
    problem_id = None
    if question.problem is not None:
        problem_id = insert_problem(connection, question.round, question.problem)
    insert_row(
        connection,
        "questions",
        question.round,
        question.asker,
        question.persona,
        *question.task_type,
        question.completion.text,
        pack(question.completion.tokens),
        problem_id,
        question.refused,
        pack(question.tries),
    )


def read_question(row: Sequence[Any], problems: StoredProblems) -> Question:
    """The question of one row of ``questions``, all columns except the id."""
    index, asker, persona, *task_type, text, tokens, problem, refused, tries = row
    return Question(
        round=index,
        asker=AgentId(asker),
        persona=persona,
        task_type=TaskType(*task_type),
        completion=Completion(text, tokens=tuple(unpack(tokens))),
        problem=None if problem is None else problems[problem],
        refused=refused,
        tries=tuple((AgentId(agent), score) for agent, score in unpack(tries)),
    )


def _read_payoff(parts: Any) -> Payoff | None:
    if parts is None:
        return None
    teacher, student = parts
    paid = None if teacher is None else float(teacher)
    return Payoff(paid, tuple(map(float, student)))


def _read_trial(parts: Any, problems: StoredProblems) -> Trial | None:
    if parts is None:
        return None
    row_id, gain = parts
    return Trial(problems[row_id], float(gain))


def _nan_if_null(value: float | None) -> float:
    # SQLite stores a number that is none as NULL.
    return math.nan if value is None else value
