"""What people said, in a database of its own beside the run's, so that it can be written during the run."""

import sqlite3
import time
from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any, NamedTuple

from docendo.errors import UserError
from docendo.records import AgentId, Opinion
from docendo.store.database import (
    decode_text,
    encode_text,
    pack,
    raw_text,
    run_errors,
    transaction,
    unpack,
)
from docendo.store.validation import (
    check_cells,
    check_tables,
    corruption_as_run_error,
    two_texts,
)

__all__ = ["PEOPLE", "Grade", "VoteStore"]

PEOPLE = "people.db"
"""The file's name in a run directory."""
_APPLICATION = 0x646F6370
_VERSION = 2
_SCHEMA = """
CREATE TABLE opinions (
    id INTEGER PRIMARY KEY, time REAL NOT NULL, round INTEGER, person TEXT NOT NULL, prompt TEXT NOT NULL,
    first TEXT NOT NULL, second TEXT NOT NULL, texts TEXT NOT NULL, choice TEXT NOT NULL, right TEXT NOT NULL);
CREATE TABLE answers (
    id INTEGER PRIMARY KEY, problem TEXT NOT NULL, text TEXT NOT NULL, prompt TEXT NOT NULL, known TEXT NOT NULL,
    UNIQUE (problem, text));
CREATE TABLE grades (
    id INTEGER PRIMARY KEY, time REAL NOT NULL, answer INTEGER NOT NULL REFERENCES answers, person TEXT NOT NULL,
    score REAL);
CREATE TABLE horizons (batch TEXT PRIMARY KEY, last INTEGER NOT NULL);
"""
_COLUMNS = "person, prompt, first, second, texts, choice, right"
_GRADES = """
SELECT problem, text, prompt, known, AVG(score) FROM answers LEFT JOIN (
    SELECT answer, score, MAX(id) FROM grades WHERE id <= ? GROUP BY answer, person) ON answer = answers.id
GROUP BY answers.id ORDER BY answers.id"""


class Grade(NamedTuple):
    """An answer that waits for a person's verdict, or has it."""

    problem: str
    """The problem's key."""
    prompt: str
    text: str
    score: float | None
    """The mean of each person's last grade; None while it waits."""
    right_answer: str = ""
    """Empty where the problem has none."""


class VoteStore:
    """Open for reading and writing; a context manager. Every vote is committed before the call returns.

    Grades are only ever added, so that what was known at any moment can be had again.
    """

    def __init__(self, run: Path) -> None:
        """The people's database of a run directory, made where there is none. Raises UserError for another file."""
        self.path = run / PEOPLE
        with run_errors(self.path):
            try:
                self._connection = sqlite3.connect(
                    self.path, isolation_level=None, timeout=30
                )
                self._connection.text_factory = raw_text
                self._prepare()
            except sqlite3.OperationalError as error:
                raise UserError(
                    f"{self.path} cannot be opened for writing: {error}"
                ) from error
            except UserError:
                self._connection.close()
                raise
            except (sqlite3.DatabaseError, UnicodeDecodeError) as error:
                self._connection.close()
                raise UserError(f"{self.path} is damaged: {error}") from error

    def _prepare(self) -> None:
        execute = self._connection.execute
        (application,) = execute("PRAGMA application_id").fetchone()
        (version,) = execute("PRAGMA user_version").fetchone()
        (tables,) = execute("SELECT COUNT(*) FROM sqlite_master").fetchone()
        if tables and (application, version) != (_APPLICATION, _VERSION):
            raise UserError(
                f"{self.path} is not a docendo people's database of version {_VERSION}; "
                "move it away"
            )

        if tables:
            check_tables(self._connection, str(self.path), _SCHEMA)
            check_cells(self._connection, str(self.path))

        # A person and a run write at the same time; FULL, since nobody votes twice after a power cut.
        execute("PRAGMA journal_mode = WAL")
        execute("PRAGMA synchronous = FULL")
        if not tables:
            marks = (
                f"PRAGMA application_id = {_APPLICATION}; PRAGMA user_version = {_VERSION};"
            )
            # Another process may have made them since the count.
            schema = _SCHEMA.replace("CREATE TABLE", "CREATE TABLE IF NOT EXISTS")
            self._connection.executescript(f"BEGIN IMMEDIATE; {schema} {marks} COMMIT;")

    def __enter__(self) -> "VoteStore":
        return self

    def __exit__(self, *_: object) -> None:
        self._connection.close()

    def record(self, opinion: Opinion, round: int | None = None) -> int:
        """Keep an opinion of agents as they were after a round; its number, by which it can be taken back."""
        names = map(encode_text, opinion[:4])
        texts = pack(list(opinion.texts))
        right = encode_text(opinion.right)

        row = (time.time(), round, *names, texts, opinion.choice, right)
        query = f"INSERT INTO opinions (time, round, {_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)"  # noqa: S608
        return int(self._write(query, *row).lastrowid or 0)

    def delete(self, number: int) -> None:
        """Forget an opinion."""
        self._write("DELETE FROM opinions WHERE id = ?", number)

    def read_opinions(self) -> list[Opinion]:
        """Every opinion, the oldest first."""
        opinions = []
        query = f"SELECT {_COLUMNS} FROM opinions ORDER BY id"  # noqa: S608
        with corruption_as_run_error(self.path):
            for person, prompt, first, second, texts, choice, right in self._read(query):
                opinion = Opinion(
                    person=decode_text(person),
                    prompt=decode_text(prompt),
                    first=AgentId(decode_text(first)),
                    second=AgentId(decode_text(second)),
                    texts=two_texts(unpack(decode_text(texts))),
                    choice=choice,
                    right=decode_text(right),
                )
                opinions.append(opinion)

        return opinions

    def enqueue(self, grades: Sequence[Grade]) -> None:
        """Put answers into the queue of what is to be graded; those that are there stay as they are."""
        query = "INSERT OR IGNORE INTO answers (problem, text, prompt, known) VALUES (?, ?, ?, ?)"
        rows = []
        for grade in grades:
            texts = (grade.problem, grade.text, grade.prompt, grade.right_answer)
            rows.append(tuple(map(encode_text, texts)))

        with run_errors(self.path), transaction(self._connection) as connection:
            connection.executemany(query, rows)

    def grade(self, grade: Grade, person: str) -> None:
        """Give an answer its score, in [0, 1]; None takes back what the person said of it."""
        # A person may grade an answer that was never put into the queue.
        self.enqueue([grade])
        self._write(
            "INSERT INTO grades (time, answer, person, score) SELECT ?, id, ?, ? "
            "FROM answers WHERE problem = ? AND text = ?",
            time.time(),
            encode_text(person),
            grade.score,
            encode_text(grade.problem),
            encode_text(grade.text),
        )

    def grades(self, waiting: bool, horizon: int = 2**62) -> list[Grade]:
        """Those that wait, or those that were given, as they were after the first `horizon` grades."""
        grades = []
        with corruption_as_run_error(self.path):
            for problem, text, prompt, right_answer, score in self._read(_GRADES, horizon):
                grade = Grade(
                    problem=decode_text(problem),
                    prompt=decode_text(prompt),
                    text=decode_text(text),
                    score=score,
                    right_answer=decode_text(right_answer),
                )
                if (score is None) == waiting:
                    grades.append(grade)

        return grades

    def horizon(self, batch: str) -> int | None:
        """The last grade that was known when a batch of answers was judged; None where it never was."""
        rows = list(self._read("SELECT last FROM horizons WHERE batch = ?", batch))
        return int(rows[0][0]) if rows else None

    def fix_horizon(self, batch: str) -> int:
        """The horizon of a batch: what is known now, or what was known when it was first judged."""
        # OR IGNORE: the first time counts, also where two processes judge the batch.
        query = "INSERT OR IGNORE INTO horizons SELECT ?, COALESCE(MAX(id), 0) FROM grades"
        self._write(query, batch)
        return self.horizon(batch) or 0

    def _write(self, query: str, *values: Any) -> sqlite3.Cursor:
        with run_errors(self.path), transaction(self._connection) as connection:
            return connection.execute(query, values)

    def _read(self, query: str, *values: Any) -> Iterator[Any]:
        with (
            run_errors(self.path),
            closing(self._connection.execute(query, values)) as cursor,
        ):
            yield from cursor.fetchall()
