"""Files that are written whole or not at all, and made durable."""

import os
from contextlib import suppress
from pathlib import Path

from docendo.errors import RunError

__all__ = ["nearest_existing", "sync_file", "sync_folder", "write_atomically"]


def nearest_existing(path: Path) -> Path:
    """The path itself or, where it does not exist yet, the nearest folder above it that does."""
    return next(p for p in (path, *path.absolute().parents) if p.exists())


def write_atomically(path: Path, content: bytes, *, make_parents: bool = True) -> None:
    """Write or replace a file in one step, so that no reader sees half of it.

    Raises RunError where it cannot be written, as on a full disk; an older file then stays.
    """
    unfinished = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        if make_parents:
            path.parent.mkdir(parents=True, exist_ok=True)
        unfinished.write_bytes(content)
        # Without this a power cut may leave the new name with the content of neither.
        sync_file(unfinished)
        unfinished.replace(path)
        sync_folder(path.parent)
    except OSError as error:
        raise RunError(f"{path}: {error.strerror}") from error
    finally:
        with suppress(OSError):
            unfinished.unlink()


def sync_file(path: Path) -> None:
    """Make the content of a file durable."""
    # Windows can only sync a file that is open for writing.
    with path.open("rb+") as file:
        os.fsync(file.fileno())


def sync_folder(path: Path) -> None:
    """Make the names in a folder durable, where the system can."""
    if os.name == "nt":
        return

    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
