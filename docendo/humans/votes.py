"""What people said, in a database of its own beside the run's: it can be written while the run goes on."""

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
_APPLICATION, _VERSION = 0x646F6370, 2
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
_OPINION = "person, prompt, first, second, texts, choice, right"
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
    """The mean of what people said last; None while it waits."""
    known: str = ""
    """The right answer, where the problem has one."""


class VoteStore:
    """Open for reading and writing; a context manager. Every word is committed before the call returns.

    Grades are only ever added, so that what was known at any moment can be had again.
    """

    def __init__(self, run: Path) -> None:
        """The people's database of a run directory, made where there is none. Raises UseError for another file."""
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
        read = self._connection.execute
        (application,) = read("PRAGMA application_id").fetchone()
        (version,) = read("PRAGMA user_version").fetchone()
        (tables,) = read("SELECT COUNT(*) FROM sqlite_master").fetchone()
        if tables and (application, version) != (_APPLICATION, _VERSION):
            raise UserError(
                f"{self.path} is not a docendo people's database of version {_VERSION}; move it away"
            )
        if tables:
            check_tables(self._connection, str(self.path), _SCHEMA)
            check_cells(self._connection, str(self.path))
        read("PRAGMA journal_mode = WAL")
        read("PRAGMA synchronous = FULL")
        if not tables:
            marks = (
                f"PRAGMA application_id = {_APPLICATION}; PRAGMA user_version = {_VERSION};"
            )
            again = _SCHEMA.replace("CREATE TABLE", "CREATE TABLE IF NOT EXISTS")
            self._connection.executescript(f"BEGIN IMMEDIATE; {again} {marks} COMMIT;")

    def __enter__(self) -> "VoteStore":
        return self

    def __exit__(self, *_: object) -> None:
        self._connection.close()

    def record(self, opinion: Opinion, round: int | None = None) -> int:
        """Keep an opinion of agents as they were after a round; its number, by which it can be taken back."""
        o = opinion
        texts = (encode_text(t) for t in (o.person, o.prompt, o.first, o.second))
        row = (
            time.time(),
            round,
            *texts,
            pack(list(o.texts)),
            o.choice,
            encode_text(o.right),
        )
        query = f"INSERT INTO opinions (time, round, {_OPINION}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)"  # noqa: S608
        return int(self._write(query, row).lastrowid or 0)

    def delete(self, number: int) -> None:
        """Forget an opinion."""
        self._write("DELETE FROM opinions WHERE id = ?", (number,))

    def read_opinions(self) -> list[Opinion]:
        """Every opinion, the oldest first."""
        found = []
        query = f"SELECT {_OPINION} FROM opinions ORDER BY id"  # noqa: S608
        with corruption_as_run_error(self.path):
            for person, prompt, first, second, texts, choice, right in self._read(query):
                one, other = two_texts(unpack(decode_text(texts)))
                who = (
                    decode_text(person),
                    decode_text(prompt),
                    AgentId(decode_text(first)),
                    AgentId(decode_text(second)),
                )
                found.append(Opinion(*who, (one, other), choice, decode_text(right)))
        return found

    def enqueue(self, grades: Sequence[Grade]) -> None:
        """Put answers into the queue of what is to be graded; what is known or waits already stays as it is."""
        query = "INSERT OR IGNORE INTO answers (problem, text, prompt, known) VALUES (?, ?, ?, ?)"
        rows = [
            (
                encode_text(g.problem),
                encode_text(g.text),
                encode_text(g.prompt),
                encode_text(g.known),
            )
            for g in grades
        ]
        with run_errors(self.path), transaction(self._connection) as connection:
            connection.executemany(query, rows)

    def grade(self, grade: Grade, person: str) -> None:
        """Give an answer its score, in [0, 1]; None takes back what the person said of it."""
        self.enqueue([grade])
        query = "INSERT INTO grades (time, answer, person, score) SELECT ?, id, ?, ? FROM answers"
        values = (
            time.time(),
            encode_text(person),
            grade.score,
            encode_text(grade.problem),
            encode_text(grade.text),
        )
        self._write(f"{query} WHERE problem = ? AND text = ?", values)

    def grades(self, waiting: bool, horizon: int = 2**62) -> list[Grade]:
        """Those that wait, or those that were given, as they were when `horizon` grades had been said."""
        with corruption_as_run_error(self.path):
            found = [
                Grade(
                    decode_text(problem),
                    decode_text(prompt),
                    decode_text(text),
                    score,
                    decode_text(known),
                )
                for problem, text, prompt, known, score in self._read(_GRADES, (horizon,))
            ]
        return [g for g in found if (g.score is None) == waiting]

    def horizon(self, batch: str) -> int | None:
        """The last grade that was known when a batch of answers was judged; None where it never was."""
        rows = list(self._read("SELECT last FROM horizons WHERE batch = ?", (batch,)))
        return int(rows[0][0]) if rows else None

    def fix_horizon(self, batch: str) -> int:
        """The horizon of a batch: what is known now, or what was known when it was first judged."""
        query = "INSERT OR IGNORE INTO horizons SELECT ?, COALESCE(MAX(id), 0) FROM grades"
        self._write(query, (batch,))
        return self.horizon(batch) or 0

    def _write(self, query: str, values: Sequence[Any]) -> sqlite3.Cursor:
        with run_errors(self.path), transaction(self._connection) as connection:
            return connection.execute(query, tuple(values))

    def _read(self, query: str, values: Sequence[Any] = ()) -> Iterator[Any]:
        with (
            run_errors(self.path),
            closing(self._connection.execute(query, tuple(values))) as cursor,
        ):
            yield from cursor.fetchall()
