"""What people said, in a database of its own beside the run's: it can be written while the run goes on."""

import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any, NamedTuple

from docendo.errors import UseError
from docendo.records import AgentId, Opinion
from docendo.store.database import cell, pack, run_errors, transaction, uncell, unpack

__all__ = ["Grade", "Opinions", "preferences", "wins"]

_APPLICATION, _VERSION = 0x646F6370, 1
_SCHEMA = """
CREATE TABLE opinions (
    id INTEGER PRIMARY KEY, person TEXT NOT NULL, prompt TEXT NOT NULL, first TEXT NOT NULL, second TEXT NOT NULL,
    texts TEXT NOT NULL, choice TEXT NOT NULL, right TEXT NOT NULL);
CREATE TABLE grades (
    problem TEXT NOT NULL, text TEXT NOT NULL, prompt TEXT NOT NULL, person TEXT NOT NULL, score REAL,
    PRIMARY KEY (problem, text));
"""


class Grade(NamedTuple):
    """An answer that waits for a person's verdict, or has it."""

    problem: str
    """The problem's key."""
    prompt: str
    text: str
    score: float | None
    """None while it waits."""


class Opinions:
    """Open for reading and writing; a context manager. Every word is committed before `say` returns."""

    def __init__(self, run: Path) -> None:
        """The people's database of a run directory, made where there is none. Raises UseError for another file."""
        self.path = run / "people.db"
        with run_errors(self.path):
            self._connection = sqlite3.connect(self.path, isolation_level=None, timeout=30)
            try:
                self._prepare()
            except (sqlite3.Error, UseError):
                self._connection.close()
                raise

    def _prepare(self) -> None:
        (application,) = self._connection.execute("PRAGMA application_id").fetchone()
        (version,) = self._connection.execute("PRAGMA user_version").fetchone()
        (tables,) = self._connection.execute("SELECT COUNT(*) FROM sqlite_master").fetchone()
        if tables and (application, version) != (_APPLICATION, _VERSION):
            raise UseError(f"{self.path} is not a docendo people's database of version {_VERSION}; move it away")
        self._connection.execute("PRAGMA journal_mode = WAL")
        self._connection.execute("PRAGMA synchronous = FULL")
        if not tables:
            with transaction(self._connection) as connection:
                for statement in _SCHEMA.strip().split(";\n"):
                    connection.execute(statement)
            self._connection.execute(f"PRAGMA application_id = {_APPLICATION}")
            self._connection.execute(f"PRAGMA user_version = {_VERSION}")

    def __enter__(self) -> "Opinions":
        return self

    def __exit__(self, *_: object) -> None:
        self._connection.close()

    def say(self, opinion: Opinion) -> int:
        """Keep an opinion; its number, by which it can be taken back."""
        o = opinion
        texts = (cell(t) for t in (o.person, o.prompt, o.first, o.second))
        row = (*texts, pack(list(o.texts)), o.choice, cell(o.right))
        query = (
            "INSERT INTO opinions (person, prompt, first, second, texts, choice, right) VALUES (?, ?, ?, ?, ?, ?, ?)"
        )
        return int(self._write(query, row).lastrowid or 0)

    def take_back(self, number: int) -> None:
        """Forget an opinion."""
        self._write("DELETE FROM opinions WHERE id = ?", (number,))

    def all(self) -> list[Opinion]:
        """Every opinion, the oldest first."""
        query = "SELECT person, prompt, first, second, texts, choice, right FROM opinions ORDER BY id"
        found = []
        for person, prompt, first, second, texts, choice, right in self._read(query):
            one, other = unpack(texts)
            who = uncell(person), uncell(prompt), AgentId(uncell(first)), AgentId(uncell(second))
            found.append(Opinion(*who, (one, other), choice, uncell(right)))
        return found

    def wait_for(self, grades: Sequence[Grade]) -> None:
        """Put answers into the queue of what is to be graded; what is known or waits already stays as it is."""
        query = "INSERT OR IGNORE INTO grades (problem, text, prompt, person, score) VALUES (?, ?, ?, '', NULL)"
        with run_errors(self.path), transaction(self._connection) as connection:
            connection.executemany(query, [(cell(g.problem), cell(g.text), cell(g.prompt)) for g in grades])

    def grade(self, grade: Grade, person: str) -> None:
        """Give an answer its score, in [0, 1]."""
        query = "INSERT OR REPLACE INTO grades (problem, text, prompt, person, score) VALUES (?, ?, ?, ?, ?)"
        self._write(query, (cell(grade.problem), cell(grade.text), cell(grade.prompt), cell(person), grade.score))

    def grades(self, waiting: bool) -> list[Grade]:
        """Those that wait, or those that were given."""
        condition = "IS NULL" if waiting else "IS NOT NULL"
        query = f"SELECT problem, prompt, text, score FROM grades WHERE score {condition} ORDER BY rowid"  # noqa: S608
        return [Grade(uncell(p), uncell(q), uncell(t), s) for p, q, t, s in self._read(query)]

    def _write(self, query: str, values: Sequence[Any]) -> sqlite3.Cursor:
        with run_errors(self.path), transaction(self._connection) as connection:
            return connection.execute(query, tuple(values))

    def _read(self, query: str) -> Iterator[Any]:
        with run_errors(self.path), closing(self._connection.execute(query)) as cursor:
            yield from cursor.fetchall()


def preferences(opinions: Sequence[Opinion]) -> list[dict[str, Any]]:
    """Rows in TRL's conversational preference format, ``prompt``, ``chosen`` and ``rejected``; ties are left out.

    An answer that the person gave is preferred to both.
    """
    rows = []
    for o in opinions:
        first, second = o.texts
        pairs = {"first": [(first, second)], "second": [(second, first)]}.get(o.choice, [])
        pairs += [(o.right, text) for text in o.texts] if o.right else []
        for chosen, rejected in pairs:
            answers = {"chosen": _turn("assistant", chosen), "rejected": _turn("assistant", rejected)}
            rows.append({"prompt": _turn("user", o.prompt), **answers})
    return rows


def wins(opinions: Sequence[Opinion]) -> Mapping[tuple[AgentId, AgentId], tuple[float, float]]:
    """(wins, comparisons) of each ordered pair; a tie is half a win, and so are two bad answers."""
    found: dict[tuple[AgentId, AgentId], tuple[float, float]] = {}
    for o in opinions:
        share = {"first": 1.0, "second": 0.0}.get(o.choice, 0.5)
        for pair, won in (((o.first, o.second), share), ((o.second, o.first), 1 - share)):
            before = found.get(pair, (0.0, 0.0))
            found[pair] = before[0] + won, before[1] + 1
    return found


def _turn(role: str, content: str) -> list[dict[str, str]]:
    return [{"role": role, "content": content}]
