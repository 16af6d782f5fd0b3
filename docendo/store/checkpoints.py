"""Checkpoint folders: written aside, hashed, fsynced, renamed; believed only when every hash still fits."""

import json
import os
import shutil
import sqlite3
from collections.abc import Callable, Container
from hashlib import file_digest, sha256
from pathlib import Path
from typing import Any, NamedTuple

__all__ = [
    "Checkpoint",
    "broken_seal",
    "digest",
    "fault",
    "folder_name",
    "forget_old",
    "seal",
    "sweep",
    "sync_folder",
    "write_checkpoint_folder",
]

_MANIFEST = "manifest.json"


class Checkpoint(NamedTuple):
    round: int
    path: Path
    state: dict[str, Any]
    """As committed with the round; tuples came back as lists."""
    warnings: tuple[str, ...]
    """One line per newer checkpoint that was passed over because it is damaged."""


def folder_name(round: int) -> str:
    """``000001`` for round 0: the number of rounds that are in it."""
    return f"{round + 1:06d}"


def write_checkpoint_folder(folder: Path, name: str, write: Callable[[Path], None]) -> str:
    """Make ``folder/name`` durable with what `write` puts into the path it is given; returns its manifest's hash."""
    aside = folder / f".tmp-{name}"
    shutil.rmtree(aside, ignore_errors=True)
    shutil.rmtree(folder / name, ignore_errors=True)
    aside.mkdir(parents=True)
    try:
        write(aside)
        files = {
            p.relative_to(aside).as_posix(): p
            for p in sorted(aside.rglob("*"))
            if p.is_file()
        }
        manifest = {
            "files": {
                n: {"sha256": digest(p), "size": p.stat().st_size} for n, p in files.items()
            }
        }
        text = json.dumps(manifest, indent=1).encode()
        (aside / _MANIFEST).write_bytes(text)
        for path in (*files.values(), aside / _MANIFEST):
            _sync_file(path)
        for path in (*(p for p in aside.rglob("*") if p.is_dir()), aside):
            sync_folder(path)
        aside.rename(folder / name)
        sync_folder(folder)
    finally:
        shutil.rmtree(aside, ignore_errors=True)
    return sha256(text).hexdigest()


def seal(state: str | bytes) -> str:
    """The hash of a state as the database holds it; it stands after the manifest's."""
    return sha256(
        state.encode("utf-8", "surrogateescape") if isinstance(state, str) else state
    ).hexdigest()


def broken_seal(sealed: str, state: str | bytes) -> bool:
    """Whether the state is not the one that was sealed. A run of before there were seals has none to break."""
    _, _, sealed_state = sealed.partition(" ")
    return bool(sealed_state) and sealed_state != seal(state)


def fault(folder: Path, sealed: str, state: str | bytes) -> str:
    """What is wrong with a checkpoint, in words; empty where every file and the state are as they were written.

    `sealed` is the manifest's hash and, after a space, the state's.
    """
    if state is None or broken_seal(sealed, state):
        return "its state was changed"
    manifest = folder / _MANIFEST
    if not manifest.is_file():
        return f"{_MANIFEST} is missing"
    text = manifest.read_bytes()
    if sha256(text).hexdigest() != sealed.partition(" ")[0]:
        return f"{_MANIFEST} was changed"
    for name, entry in json.loads(text)["files"].items():
        path = folder / name
        if not path.is_file():
            return f"{name} is missing"
        if path.stat().st_size != entry["size"] or digest(path) != entry["sha256"]:
            return f"{name} was changed"
    return ""


def forget_old(connection: sqlite3.Connection, count: int) -> None:
    """Keep the newest `count` checkpoints, and the state of their rounds and of the newest."""
    kept = f"SELECT round FROM checkpoints ORDER BY round DESC LIMIT {count}"  # noqa: S608
    connection.execute(f"DELETE FROM checkpoints WHERE round NOT IN ({kept})")  # noqa: S608
    needed = "SELECT round FROM checkpoints UNION SELECT MAX(round) FROM rounds"
    forget = f"UPDATE rounds SET state = NULL WHERE state IS NOT NULL AND round NOT IN ({needed})"  # noqa: S608
    connection.execute(forget)


def sweep(folder: Path, keep: Container[str]) -> None:
    """Delete every checkpoint folder, finished or not, whose name is not in `keep`; leave other things alone."""
    for path in folder.iterdir():
        ours = path.name.startswith(".tmp-") or path.name.isdecimal()
        if path.is_dir() and ours and path.name not in keep:
            shutil.rmtree(path, ignore_errors=True)


def sync_folder(path: Path) -> None:
    """Make the names in a folder durable, where the system can."""
    if os.name == "nt":
        return
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _sync_file(path: Path) -> None:
    with path.open("rb+") as file:
        os.fsync(file.fileno())


def digest(path: Path) -> str:
    """The SHA-256 of a file."""
    with path.open("rb") as file:
        return file_digest(file, "sha256").hexdigest()
