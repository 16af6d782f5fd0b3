"""A new run directory, made whole or not at all."""

from pathlib import Path

from docendo.errors import UserError
from docendo.store.atomic import folder_written_aside, write_atomically
from docendo.store.database import create_database, run_errors

__all__ = ["make_folder", "refuse_taken"]


def make_folder(path: Path, config_toml: str) -> None:
    """Make an empty run at `path`.

    Raises UserError where the path is taken or cannot be made, and then leaves nothing behind.
    """
    refuse_taken(path)
    try:
        # The database comes last in the alphabet: what has one is a whole run.
        with folder_written_aside(path.resolve()) as folder:
            (folder / "checkpoints").mkdir()
            write_atomically(folder / "config.toml", config_toml.encode())
            with run_errors(folder):
                create_database(folder / "run.db")
    except OSError as error:
        raise UserError(
            f"{path}: cannot make a run directory there: {error.strerror}"
        ) from error


def refuse_taken(path: Path) -> None:
    """Raise UserError where something other than an empty folder is at `path`."""
    # First, as this error has the most useful advice.
    if (path / "run.db").exists():
        raise UserError(
            f"{path} holds another run; resume it with `docendo resume {path}` "
            "or choose another --out"
        )
    if path.exists() and not path.is_dir():
        raise UserError(f"{path} is a file; choose another --out")
    if path.is_dir() and any(path.iterdir()):
        raise UserError(f"{path} is not empty; choose another --out")
