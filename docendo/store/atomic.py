"""Files that are there whole or not at all, and where they can be."""

import os
from contextlib import suppress
from pathlib import Path

from docendo.errors import RunError
from docendo.store.checkpoints import sync_folder

__all__ = ["standing", "write_whole"]


def standing(path: Path) -> Path:
    """The path itself, or the nearest folder above it that is there: where it would be made."""
    return next(p for p in (path, *path.absolute().parents) if p.exists())


def write_whole(path: Path, content: bytes) -> None:
    """Puts a file in its place, at once and durably; folders on the way are made. Raises RunError on a full disk."""
    aside = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with aside.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        aside.replace(path)
        sync_folder(path.parent)
    except OSError as error:
        raise RunError(f"{path}: {error.strerror}") from error
    finally:
        with suppress(OSError):
            aside.unlink()
