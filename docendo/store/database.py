"""The run's SQLite file: its tables, how it is opened, and which failures the user can fix."""

import errno
import json
import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from docendo.errors import RunError, UserError
from docendo.store.validation import check_cells, check_tables

__all__ = [
    "SCHEMA",
    "connect",
    "create_database",
    "decode_text",
    "encode_text",
    "pack",
    "raw_text",
    "run_errors",
    "transaction",
    "unpack",
]

_APPLICATION = 0x646F6365
_SCHEMA_VERSION = 5
SCHEMA = """
CREATE TABLE meta (name TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE rounds (round INTEGER PRIMARY KEY, stage TEXT NOT NULL, seconds REAL NOT NULL, state TEXT);
CREATE TABLE checkpoints (
    round INTEGER PRIMARY KEY REFERENCES rounds ON DELETE CASCADE, name TEXT NOT NULL, manifest TEXT NOT NULL);
CREATE TABLE problems (
    id TEXT PRIMARY KEY, key TEXT NOT NULL, round INTEGER NOT NULL REFERENCES rounds ON DELETE CASCADE,
    domain TEXT NOT NULL, family TEXT NOT NULL, level INTEGER NOT NULL, body TEXT NOT NULL);
CREATE INDEX problems_key ON problems (key);
CREATE INDEX problems_round ON problems (round);
CREATE TABLE episodes (
    id INTEGER PRIMARY KEY, round INTEGER NOT NULL REFERENCES rounds ON DELETE CASCADE,
    teacher TEXT NOT NULL, student TEXT NOT NULL, domain TEXT NOT NULL, family TEXT NOT NULL, level INTEGER NOT NULL,
    test TEXT NOT NULL REFERENCES problems, lesson TEXT NOT NULL, control TEXT NOT NULL, attempts TEXT NOT NULL,
    expected REAL, again INTEGER NOT NULL, payoff TEXT NOT NULL);
CREATE INDEX episodes_round ON episodes (round);
CREATE INDEX episodes_test ON episodes (test);
CREATE TABLE duels (
    id INTEGER PRIMARY KEY, round INTEGER NOT NULL REFERENCES rounds ON DELETE CASCADE,
    game TEXT NOT NULL, first TEXT NOT NULL, second TEXT NOT NULL, deal TEXT NOT NULL, moves TEXT NOT NULL,
    first_payoff REAL NOT NULL, second_payoff REAL NOT NULL);
CREATE INDEX duels_round ON duels (round);
CREATE TABLE evaluations (
    id INTEGER PRIMARY KEY, committed INTEGER NOT NULL REFERENCES rounds ON DELETE CASCADE, round INTEGER NOT NULL,
    agent TEXT NOT NULL, problem TEXT NOT NULL REFERENCES problems, text TEXT NOT NULL, score REAL,
    reason TEXT NOT NULL, split TEXT NOT NULL);
CREATE INDEX evaluations_committed ON evaluations (committed);
CREATE INDEX evaluations_problem ON evaluations (problem);
CREATE TABLE questions (
    id INTEGER PRIMARY KEY, round INTEGER NOT NULL REFERENCES rounds ON DELETE CASCADE,
    asker TEXT NOT NULL, persona TEXT NOT NULL, domain TEXT NOT NULL, family TEXT NOT NULL, level INTEGER NOT NULL,
    text TEXT NOT NULL, tokens TEXT NOT NULL, problem TEXT REFERENCES problems, refused TEXT NOT NULL,
    tries TEXT NOT NULL);
CREATE INDEX questions_round ON questions (round);
CREATE TABLE findings (
    id INTEGER PRIMARY KEY, round INTEGER NOT NULL REFERENCES rounds ON DELETE CASCADE,
    monitor TEXT NOT NULL, agent TEXT NOT NULL, episode INTEGER NOT NULL, reason TEXT NOT NULL);
CREATE INDEX findings_round ON findings (round);
CREATE TABLE metrics (
    round INTEGER NOT NULL REFERENCES rounds ON DELETE CASCADE, name TEXT NOT NULL, agent TEXT NOT NULL, value REAL,
    PRIMARY KEY (round, name, agent));
CREATE TABLE ledger (
    id INTEGER PRIMARY KEY, round INTEGER NOT NULL REFERENCES rounds ON DELETE CASCADE,
    agent TEXT NOT NULL, purpose TEXT NOT NULL, tokens INTEGER NOT NULL, flops REAL NOT NULL, cost REAL NOT NULL);
CREATE INDEX ledger_round ON ledger (round);
CREATE TABLE quarantine (
    id INTEGER PRIMARY KEY, file TEXT NOT NULL, line INTEGER NOT NULL, reason TEXT NOT NULL,
    UNIQUE (file, line, reason));
"""
_MACHINE_FAILURES = {
    sqlite3.SQLITE_FULL,
    sqlite3.SQLITE_IOERR,
    sqlite3.SQLITE_READONLY,
    sqlite3.SQLITE_BUSY,
    sqlite3.SQLITE_CANTOPEN,
}
_DAMAGED = {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}
_MACHINE_ERRNO = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO, errno.EROFS}


def encode_text(text: str) -> str | bytes:
    """The text as SQLite can hold it: bytes if it has a lone surrogate, which UTF-8 cannot write."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-8", "surrogatepass")
    return text


def decode_text(value: str | bytes) -> str:
    """The text that was given to `encode_text`. Raises UnicodeError for a value that is no text."""
    if isinstance(value, bytes):
        return value.decode("utf-8", "surrogatepass")
    if not value.isascii():
        value.encode()  # raises for the surrogates that `raw_text` puts in for damaged bytes
    return value


def raw_text(text: bytes) -> str:
    """Text as SQLite holds it; a byte that is not UTF-8, a sign of damage, becomes a lone surrogate."""
    return text.decode("utf-8", "surrogateescape")


def pack(value: object) -> str | bytes:
    """The value as JSON, encoded for a cell."""
    # Escaped, two lone surrogates side by side would come back as one character.
    return encode_text(json.dumps(value, ensure_ascii=False, separators=(",", ":")))


def unpack(text: str) -> Any:
    """The value that was given to `pack`, its tuples as lists; `text` is the decoded cell."""
    return json.loads(text)


def create_database(path: Path) -> None:
    """Make an empty database at `path`, which must not exist, and close it."""
    connection = sqlite3.connect(path, isolation_level=None)
    try:
        # Readers see the last commit while a round is written.
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")
        connection.executescript(f"BEGIN; {SCHEMA} COMMIT;")
        connection.execute(f"PRAGMA application_id = {_APPLICATION}")
        connection.execute(f"PRAGMA user_version = {_SCHEMA_VERSION}")
    finally:
        connection.close()


def connect(path: Path, *, write: bool) -> sqlite3.Connection:
    """An open, checked database.

    Raises UserError if it is damaged, not a run's, or written by a newer docendo.
    """
    try:
        connection = _open_checked(f"{path.absolute().as_uri()}?{_open_mode(path, write)}")
    except sqlite3.OperationalError as error:
        raise UserError(f"{path} cannot be opened: {error}") from error
    except (sqlite3.DatabaseError, UnicodeDecodeError) as error:
        raise UserError(f"{path} is damaged: {error}") from error
    if write:
        # A round that is committed survives a power cut.
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute("PRAGMA foreign_keys = ON")
    return connection


def _open_mode(path: Path, write: bool) -> str:
    if write:
        return "mode=rw"
    # In a read-only folder SQLite cannot make the files that a WAL needs; it can do without
    # them only if the database is declared immutable, which is right only if the WAL is empty.
    wal = path.with_name(f"{path.name}-wal")
    has_wal = wal.exists() and wal.stat().st_size > 0
    return "mode=ro" if os.access(path.parent, os.W_OK) or has_wal else "immutable=1"


def _open_checked(uri: str) -> sqlite3.Connection:
    # Waits up to ten seconds for another process's commit.
    connection = sqlite3.connect(uri, uri=True, isolation_level=None, timeout=10)
    connection.text_factory = raw_text
    try:
        _check(connection)
    except (sqlite3.Error, UnicodeDecodeError, UserError):
        connection.close()
        raise
    return connection


def _check(connection: sqlite3.Connection) -> None:
    (application,) = connection.execute("PRAGMA application_id").fetchone()
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    name = connection.execute("PRAGMA database_list").fetchone()[2]

    if application != _APPLICATION:
        raise UserError(f"{name} is a database, but not one of a docendo run")
    if version != _SCHEMA_VERSION:
        advice = (
            "upgrade docendo"
            if version > _SCHEMA_VERSION
            else "read it with the docendo that wrote it"
        )
        raise UserError(
            f"{name} has schema {version}, this docendo reads schema {_SCHEMA_VERSION}; {advice}"
        )

    (state,) = connection.execute("PRAGMA quick_check(1)").fetchone()
    if state != "ok":
        raise UserError(f"{name} is damaged: {state}")
    check_tables(connection, name, SCHEMA)
    check_cells(connection, name)


@contextmanager
def transaction(connection: sqlite3.Connection) -> Iterator[sqlite3.Connection]:
    """Execute all statements of the block, or none of them."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield connection
        connection.execute("COMMIT")
    finally:
        if connection.in_transaction:
            connection.execute("ROLLBACK")


@contextmanager
def run_errors(path: Path) -> Iterator[None]:
    """Turn failures of the machine, such as a full disk, into RunError; leave bugs alone."""
    try:
        yield
    except sqlite3.DatabaseError as error:
        # The low byte is the error, the rest says more of its cause.
        code = getattr(error, "sqlite_errorcode", 0) & 0xFF
        if code in _DAMAGED:
            raise RunError(f"{path}: the database is damaged: {error}") from error
        if code not in _MACHINE_FAILURES:
            raise
        raise RunError(f"{path}: {error}; what was committed before is safe") from error
    except OSError as error:
        if error.errno not in _MACHINE_ERRNO:
            raise
        raise RunError(
            f"{path}: {error.strerror}; what was committed before is safe"
        ) from error
