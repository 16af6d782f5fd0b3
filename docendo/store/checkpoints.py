"""Checkpoint folders: written aside, hashed, made durable, renamed; read only if every hash fits."""

import json
import shutil
import sqlite3
from collections.abc import Callable, Container
from hashlib import file_digest, sha256
from pathlib import Path
from typing import Any, NamedTuple

from docendo.store.atomic import UNFINISHED, folder_written_aside

__all__ = [
    "Checkpoint",
    "checkpoint_name",
    "delete_other_checkpoints",
    "find_damage",
    "hash_file",
    "hash_state",
    "is_state_changed",
    "prune_checkpoints",
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


def checkpoint_name(round: int) -> str:
    """``000001`` for round 0: the number of rounds that are in it."""
    return f"{round + 1:06d}"


def write_checkpoint_folder(folder: Path, name: str, write: Callable[[Path], None]) -> str:
    """Make ``folder/name`` from the files that `write` puts into a path; return its manifest's hash.

    The folder appears under its name only when all its files are durable.
    """
    shutil.rmtree(folder / name, ignore_errors=True)
    with folder_written_aside(folder / name) as unfinished:
        write(unfinished)
        manifest = _manifest_of(unfinished)
        (unfinished / _MANIFEST).write_bytes(manifest)
    return sha256(manifest).hexdigest()


def _manifest_of(folder: Path) -> bytes:
    """The hash and the size of every file in the folder, as JSON."""
    entries = {}
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            name = path.relative_to(folder).as_posix()
            entries[name] = {"sha256": hash_file(path), "size": path.stat().st_size}
    return json.dumps({"files": entries}, indent=1).encode()


def hash_state(state: str | bytes) -> str:
    """The hash of a state as the database holds it; it is stored after the manifest's."""
    if isinstance(state, str):
        state = state.encode("utf-8", "surrogateescape")
    return sha256(state).hexdigest()


def is_state_changed(hashes: str, state: str | bytes) -> bool:
    """Whether the state is not the one that was hashed.

    `hashes` is the manifest's hash and, after a space, the state's. A run of a version that did not
    hash states has only the first; its state counts as unchanged.
    """
    _, _, state_hash = hashes.partition(" ")
    return bool(state_hash) and state_hash != hash_state(state)


def find_damage(folder: Path, hashes: str, state: str | bytes) -> str:
    """What is wrong with a checkpoint, in words; empty if every file and the state are as written.

    `hashes` is as in `is_state_changed`.
    """
    if state is None or is_state_changed(hashes, state):
        return "its state was changed"
    manifest = folder / _MANIFEST
    if not manifest.is_file():
        return f"{_MANIFEST} is missing"
    content = manifest.read_bytes()
    if sha256(content).hexdigest() != hashes.partition(" ")[0]:
        return f"{_MANIFEST} was changed"

    # The manifest's own hash is in the database: to change a file unnoticed takes both.
    for name, entry in json.loads(content)["files"].items():
        path = folder / name
        if not path.is_file():
            return f"{name} is missing"
        if path.stat().st_size != entry["size"] or hash_file(path) != entry["sha256"]:
            return f"{name} was changed"
    return ""


def prune_checkpoints(connection: sqlite3.Connection, count: int) -> None:
    """Keep the newest `count` checkpoints, and the states of their rounds and of the newest round."""
    newest = f"SELECT round FROM checkpoints ORDER BY round DESC LIMIT {count}"  # noqa: S608
    connection.execute(f"DELETE FROM checkpoints WHERE round NOT IN ({newest})")  # noqa: S608
    needed = "SELECT round FROM checkpoints UNION SELECT MAX(round) FROM rounds"
    connection.execute(
        f"UPDATE rounds SET state = NULL WHERE state IS NOT NULL AND round NOT IN ({needed})"  # noqa: S608
    )


def delete_other_checkpoints(folder: Path, keep: Container[str]) -> None:
    """Delete every checkpoint folder, finished or not, whose name is not in `keep`.

    Files and folders of other names stay: a user may have put them there.
    """
    for path in folder.iterdir():
        is_checkpoint = path.name.startswith(UNFINISHED) or path.name.isdecimal()
        if path.is_dir() and is_checkpoint and path.name not in keep:
            shutil.rmtree(path, ignore_errors=True)


def hash_file(path: Path) -> str:
    """The SHA-256 of a file."""
    with path.open("rb") as file:
        return file_digest(file, "sha256").hexdigest()
