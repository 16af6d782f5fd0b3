"""Problems as rows: each is stored once, under a hash of all its fields."""

import sqlite3
from hashlib import blake2b
from typing import Any

from docendo.records import Problem
from docendo.store.database import pack, unpack
from docendo.store.queries import decode_row, insert_row
from docendo.store.validation import problem_parts

__all__ = ["StoredProblems", "insert_problem"]


def insert_problem(connection: sqlite3.Connection, index: int, problem: Problem) -> str:
    """Insert a problem, unless it is stored already, and return the row's id."""
    row_id = _id_of(problem)
    body = _body_of(problem)
    # A row that is there keeps its round, the first that had the problem: with that it goes.
    kind = problem.task_type
    row = (row_id, problem.key, index, *kind, pack(body))
    insert_row(connection, "problems", *row, ignore=True)
    return row_id


class StoredProblems:
    """Problems by row id, each read once."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._problems: dict[str, Problem] = {}

    def __getitem__(self, row_id: str) -> Problem:
        """Raises ValueError if the problem is not the one that was stored."""
        if row_id not in self._problems:
            self._problems[row_id] = self._read(row_id)
        return self._problems[row_id]

    def _read(self, row_id: str) -> Problem:
        query = "SELECT domain, family, level, body FROM problems WHERE id = ?"
        row = self._connection.execute(query, (row_id,)).fetchone()
        domain, family, level, body = decode_row(row)
        problem = Problem(domain, family, level, *problem_parts(unpack(body)))
        if _id_of(problem) != row_id:
            raise ValueError(f"problem {row_id} was changed")
        return problem


def _body_of(problem: Problem) -> tuple[Any, ...]:
    """All fields but the task type."""
    body = (
        problem.prompt,
        problem.answer,
        problem.solution,
        problem.tests,
        problem.source,
    )
    # Rows of problems that have neither are as they were before there were choices and hints.
    if problem.choices or problem.hints:
        return (*body, problem.choices, problem.hints)
    return body


def _id_of(problem: Problem) -> str:
    """A hash of every field; `Problem.key` leaves out level, solution and source."""
    fields = (problem.domain, problem.family, problem.level, *_body_of(problem))
    content = repr(fields).encode(errors="surrogatepass")
    return blake2b(content, digest_size=12).hexdigest()
