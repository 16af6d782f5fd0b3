"""Files and folders that are written whole or not at all, and made durable."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from docendo.errors import RunError

__all__ = ["UNFINISHED", "folder_written_aside", "nearest_existing", "write_atomically"]

UNFINISHED = ".tmp-"
"""How the name of a folder begins while it is written."""


def nearest_existing(path: Path) -> Path:
    """The path itself or, where it does not exist yet, the nearest folder above it that does."""
    # not exists(): since Python 3.14 it is false, too, of a name that no file can have
    for place in (path, *path.absolute().parents):
        with suppress(FileNotFoundError, NotADirectoryError):
            place.stat()
            return place
    raise FileNotFoundError(path)


def write_atomically(path: Path, content: bytes, *, make_parents: bool = True) -> None:
    """Write or replace a file in one step, so that no reader sees half of it.

    Raises RunError where it cannot be written, as on a full disk; an older file then stays.
    """
    # With the process's number, so that two writers do not share a file.
    unfinished = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        if make_parents:
            path.parent.mkdir(parents=True, exist_ok=True)
        unfinished.write_bytes(content)
        # Without this a power cut may leave the new name with the content of neither.
        _sync(unfinished)
        unfinished.replace(path)
        _sync(path.parent)
    except OSError as error:
        raise RunError(f"{path}: {error.strerror}") from error
    finally:
        with suppress(OSError):
            unfinished.unlink()


@contextmanager
def folder_written_aside(folder: Path) -> Iterator[Path]:
    """An empty folder to fill; at the end of the block its content moves to `folder`, durably.

    `folder` may be there, without files of these names. Where the block raises, nothing moves.
    """
    exists = folder.is_dir()
    # On the same file system as the folder, so that a rename moves it there in one step.
    parent = folder if exists else folder.parent
    unfinished = parent / f"{UNFINISHED}{folder.name}-{os.getpid()}"
    shutil.rmtree(unfinished, ignore_errors=True)
    try:
        unfinished.mkdir(parents=True)
        yield unfinished
        for path in (unfinished, *unfinished.rglob("*")):
            _sync(path)
        if exists:
            for part in sorted(unfinished.iterdir()):
                part.rename(folder / part.name)
        else:
            unfinished.rename(folder)
        _sync(folder)
        _sync(folder.parent)
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)


def _sync(path: Path) -> None:
    """Make a file's content or a folder's names durable, where the system can."""
    if path.is_file():
        # Windows can only sync a file that is open for writing.
        with path.open("rb+") as file:
            os.fsync(file.fileno())
    elif os.name != "nt":
        handle = os.open(path, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
