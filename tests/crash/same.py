"""What a finished run comes to, part by part, as hashes: equal where not a bit differs."""

import hashlib
import json
import sqlite3
from collections.abc import Iterable
from contextlib import closing
from pathlib import Path

__all__ = ["differences", "fingerprint"]

_UNTIMED = {"rounds": "round, stage, state"}
"""How long a round took is the one thing that may differ."""
_OF_PROCESSES = {"sqlite_sequence"}


def fingerprint(run: Path) -> dict[str, str]:
    """Hashes of every file of every checkpoint, of each part of the newest state, and of every table's rows."""
    files = {
        path.relative_to(run).as_posix(): _hash([path.read_bytes()])
        for path in sorted((run / "checkpoints").rglob("*"))
        if path.is_file()
    }
    with closing(sqlite3.connect(run / "run.db")) as database:
        names = [
            name
            for (name,) in database.execute(
                "SELECT name FROM sqlite_schema WHERE type = 'table'"
            )
        ]
        tables = {
            f"table {name}": _hash(
                repr(row).encode() for row in database.execute(_rows(name))
            )
            for name in sorted(set(names) - _OF_PROCESSES)
        }
        newest = (
            "SELECT state FROM rounds WHERE state IS NOT NULL ORDER BY round DESC LIMIT 1"
        )
        state = json.loads(database.execute(newest).fetchone()[0])
    parts = {
        f"state {name}": _hash([json.dumps(part).encode()]) for name, part in state.items()
    }
    return {
        "config.toml": _hash([(run / "config.toml").read_bytes()]),
        **files,
        **parts,
        **tables,
    }


def differences(one: dict[str, str], other: dict[str, str]) -> list[str]:
    """The parts that are not the same in both."""
    return sorted(
        name for name in one.keys() | other.keys() if one.get(name) != other.get(name)
    )


def _rows(table: str) -> str:
    return f"SELECT {_UNTIMED.get(table, '*')} FROM {table} ORDER BY rowid"  # noqa: S608


def _hash(parts: Iterable[bytes]) -> str:
    found = hashlib.sha256()
    for part in parts:
        found.update(len(part).to_bytes(8, "big") + part)
    return found.hexdigest()
