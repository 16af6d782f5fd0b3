"""A new run directory, made whole or not at all."""

import os
import shutil
from pathlib import Path

from docendo.errors import UserError
from docendo.store.atomic import sync_folder, write_atomically
from docendo.store.database import create_database, run_errors

__all__ = ["make_folder"]

_PARTS = ("checkpoints", "config.toml", "run.db")


def make_folder(path: Path, config_toml: str) -> None:
    """Make an empty run at `path`.

    Raises UserError where the path is taken or cannot be made, and then leaves nothing behind.
    """
    _refuse_taken(path)
    folder = path.resolve()
    exists = folder.is_dir()
    # On the same file system as the folder, so that a rename moves it there in one step.
    parent = folder if exists else folder.parent
    unfinished = parent / f".{folder.name}-{os.getpid()}.tmp"
    shutil.rmtree(unfinished, ignore_errors=True)
    try:
        unfinished.mkdir(parents=True)
        _fill(unfinished, config_toml)
        if exists:
            for part in _PARTS:
                (unfinished / part).rename(folder / part)
            unfinished.rmdir()
        else:
            unfinished.rename(folder)
        sync_folder(folder)
        sync_folder(folder.parent)
    except OSError as error:
        raise UserError(
            f"{path}: cannot make a run directory there: {error.strerror}"
        ) from error
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)


def _refuse_taken(path: Path) -> None:
    if path.is_dir():
        if (path / "run.db").exists():
            raise UserError(
                f"{path} holds another run; resume it with `docendo resume {path}` "
                "or choose another --out"
            )
        if any(path.iterdir()):
            raise UserError(f"{path} is not empty; choose another --out")
    elif path.exists():
        raise UserError(f"{path} is a file; choose another --out")


def _fill(folder: Path, config_toml: str) -> None:
    (folder / "checkpoints").mkdir()
    write_atomically(folder / "config.toml", config_toml.encode())
    with run_errors(folder):
        create_database(folder / "run.db")
    sync_folder(folder)
