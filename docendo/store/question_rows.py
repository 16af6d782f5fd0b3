"""Questions of LLM askers as rows of the database, and back."""

import sqlite3
from collections.abc import Sequence
from typing import Any

from docendo.records import AgentId, Completion, Question, TaskType
from docendo.store.database import pack, unpack
from docendo.store.problem_rows import StoredProblems, insert_problem
from docendo.store.queries import insert_row

__all__ = ["insert_question", "read_question"]


def insert_question(connection: sqlite3.Connection, question: Question) -> None:
    """Insert a question, with its problem unless it was refused."""
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
