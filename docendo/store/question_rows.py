"""Questions of LLM askers as rows of the database, and back."""

import sqlite3
from collections.abc import Sequence
from typing import Any

from docendo.records import AgentId, Completion, Question, TaskType
from docendo.store.database import decode_text, encode_text, pack, unpack
from docendo.store.problem_rows import StoredProblems, insert_problem
from docendo.store.queries import insert_row

__all__ = ["insert_question", "read_question"]


def insert_question(connection: sqlite3.Connection, question: Question) -> None:
    """Insert a question, with its problem unless it was refused."""
    problem_id = None
    if question.problem is not None:
        problem_id = insert_problem(connection, question.round, question.problem)
    row = (
        question.round,
        encode_text(question.asker),
        encode_text(question.persona),
        encode_text(question.task_type.domain),
        encode_text(question.task_type.family),
        question.task_type.level,
        encode_text(question.completion.text),
        pack(question.completion.tokens),
        problem_id,
        encode_text(question.refused),
        pack(question.tries),
    )
    insert_row(connection, "questions", row)


def read_question(row: Sequence[Any], problems: StoredProblems) -> Question:
    """The question of one row of ``questions``, all columns except the id."""
    index, asker, persona, domain, family, level, text, tokens, *results = row
    problem, refused, tries = results
    return Question(
        round=index,
        asker=AgentId(decode_text(asker)),
        persona=decode_text(persona),
        task_type=TaskType(decode_text(domain), decode_text(family), level),
        completion=Completion(decode_text(text), tokens=tuple(unpack(tokens))),
        problem=None if problem is None else problems[problem],
        refused=decode_text(refused),
        tries=tuple((AgentId(agent), score) for agent, score in unpack(tries)),
    )
