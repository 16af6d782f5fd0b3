"""A new run directory, whole or not at all."""

import os
import shutil
from pathlib import Path

from docendo.errors import UserError
from docendo.store.checkpoints import sync_folder
from docendo.store.database import create_database, run_errors

__all__ = ["make_folder", "write_config"]

_PARTS = ("checkpoints", "config.toml", "run.db")


def make_folder(path: Path, config_toml: str) -> None:
    """An empty run at `path`. Raises UseError where that is taken or cannot be made, and then leaves nothing behind."""
    _refuse_taken(path)
    folder = path.resolve()
    inside = folder.is_dir()
    aside = (folder if inside else folder.parent) / f".{folder.name}-{os.getpid()}.tmp"
    shutil.rmtree(aside, ignore_errors=True)
    try:
        aside.mkdir(parents=True)
        _fill(aside, config_toml)
        if inside:
            for part in _PARTS:
                (aside / part).rename(folder / part)
            aside.rmdir()
        else:
            aside.rename(folder)
        sync_folder(folder)
        sync_folder(folder.parent)
    except OSError as error:
        raise UserError(
            f"{path}: cannot make a run directory there: {error.strerror}"
        ) from error
    finally:
        shutil.rmtree(aside, ignore_errors=True)


def write_config(folder: Path, config_toml: str) -> None:
    """Puts ``config.toml`` in the place of the one that is there, at once. Raises RunError on a full disk."""
    aside = folder / ".config.toml.tmp"
    with run_errors(folder):
        _write(aside, config_toml)
        aside.replace(folder / "config.toml")
        sync_folder(folder)


def _refuse_taken(path: Path) -> None:
    if path.is_dir():
        if (path / "run.db").exists():
            raise UserError(
                f"{path} holds another run; resume it with `docendo resume {path}` or choose another --out"
            )
        if any(path.iterdir()):
            raise UserError(f"{path} is not empty; choose another --out")
    elif path.exists():
        raise UserError(f"{path} is a file; choose another --out")


def _fill(folder: Path, config_toml: str) -> None:
    (folder / "checkpoints").mkdir()
    with run_errors(folder):
        _write(folder / "config.toml", config_toml)
        create_database(folder / "run.db")
    sync_folder(folder)


def _write(path: Path, text: str) -> None:
    with path.open("wb") as file:
        file.write(text.encode())
        file.flush()
        os.fsync(file.fileno())
