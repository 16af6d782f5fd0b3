"""The run directory: ``config.toml``, ``run.db``, ``checkpoints/`` and the writer's ``run.lock``.

Rounds are committed whole. After a crash at any moment the directory holds the last committed round, the
checkpoint that belongs to it, and nothing of the next.
"""

import sqlite3
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Self

from docendo.errors import UserError
from docendo.store.atomic import nearest_existing, write_atomically
from docendo.store.checkpoints import (
    checkpoint_name,
    delete_other_checkpoints,
    hash_state,
    prune_checkpoints,
    write_checkpoint_folder,
)
from docendo.store.create import make_folder
from docendo.store.database import connect, pack, run_errors, transaction
from docendo.store.lock import WriterLock
from docendo.store.queries import insert_row
from docendo.store.reader import RunReader
from docendo.store.rows import QuarantineRow, RoundRecord, insert_round

__all__ = ["RunDirectory"]

_CHECKPOINTS = 2
"""How many stay: the older one is read where the newest is damaged."""


class RunDirectory(RunReader):
    """An open run; a context manager. Use `create` or `open`."""

    def __init__(
        self, path: Path, connection: sqlite3.Connection, lock: WriterLock | None
    ) -> None:
        super().__init__(path, connection)
        self._lock = lock

    @classmethod
    def create(cls, path: str | Path, config_toml: str) -> Self:
        """A new run, open for writing.

        Raises UserError where `path` is taken, and then leaves nothing behind.
        """
        make_folder(Path(path), config_toml)
        return cls.open(path, write=True)

    @classmethod
    def open(cls, path: str | Path, *, write: bool = False) -> Self:
        """An existing run, for reading or, under the writer's lock, for writing.

        Raises UserError if it is no run, if its database is damaged or newer than this docendo, or
        if another process writes it.
        """
        folder = Path(path)
        _check_is_run(folder, path)
        with ExitStack() as undo:
            lock = WriterLock(folder / "run.lock") if write else None
            if lock:
                undo.callback(lock.release)
            run = cls(folder, connect(folder / "run.db", write=write), lock)
            undo.callback(run._connection.close)
            if write:
                # Folders of checkpoints whose round was never committed, as after a crash.
                (folder / "checkpoints").mkdir(exist_ok=True)
                delete_other_checkpoints(folder / "checkpoints", run._checkpoint_names())
            undo.pop_all()
        return run

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the database and give the lock to the next writer. Closing twice does nothing."""
        self._connection.close()
        if self._lock:
            self._lock.release()
            self._lock = None

    def finish(self) -> None:
        """Mark the run as complete."""
        self.note(finished=1)

    def note(self, **values: object) -> None:
        """Store facts about the whole run by name, as JSON; they replace older ones."""
        rows = [(name, pack(value)) for name, value in values.items()]
        with run_errors(self.path), self._transaction() as connection:
            connection.executemany("INSERT OR REPLACE INTO meta VALUES (?, ?)", rows)

    def change_config(self, config_toml: str) -> None:
        """Replace the settings that the run goes on with."""
        if self._lock is None:
            raise ValueError(f"{self.path} is open for reading only")
        write_atomically(self.path / "config.toml", config_toml.encode())

    def commit(
        self, record: RoundRecord, write_checkpoint: Callable[[Path], None] | None = None
    ) -> None:
        """Store a round, with the checkpoint that `write_checkpoint` writes into a folder.

        Only the newest two checkpoints stay. Raises RunError on a failure of the machine, such as a
        full disk, and ValueError where the index does not ascend; the old state then stays.
        """
        last = self._rows("SELECT COALESCE(MAX(round), -2) FROM rounds")[0][0]
        if record.index <= last:
            raise ValueError(f"round {record.index} was passed after round {last}")

        folder = self.path / "checkpoints"
        name = checkpoint_name(record.index)
        manifest_hash = ""
        keep = set[str]()
        with run_errors(self.path), ExitStack() as undo:
            if write_checkpoint is not None:
                manifest_hash = write_checkpoint_folder(folder, name, write_checkpoint)
                # Ask the database for names: an interrupt may come between its commit and the
                # end of this block.
                undo.callback(
                    lambda: delete_other_checkpoints(
                        folder, self._checkpoint_names() | keep
                    )
                )
            with self._transaction() as connection:
                state = insert_round(connection, record)
                connection.execute("DELETE FROM meta WHERE name = 'finished'")
                if manifest_hash:
                    hashes = f"{manifest_hash} {hash_state(state)}"
                    connection.execute(
                        "INSERT INTO checkpoints VALUES (?, ?, ?)",
                        (record.index, name, hashes),
                    )
                prune_checkpoints(connection, _CHECKPOINTS)
                # A COMMIT whose fsync fails may still hold when the database is opened again.
                keep.add(name)
            undo.pop_all()
            delete_other_checkpoints(folder, self._checkpoint_names())

    def rollback(self, round_index: int) -> None:
        """Delete every round after `round_index` with all its rows; -2 deletes the base model's too."""
        with run_errors(self.path):
            with self._transaction() as connection:
                connection.execute("DELETE FROM rounds WHERE round > ?", (round_index,))
                connection.execute("DELETE FROM meta WHERE name = 'finished'")
            delete_other_checkpoints(self.path / "checkpoints", self._checkpoint_names())

    def quarantine(self, rows: Iterable[QuarantineRow]) -> None:
        """Note data rows that were left out; a row that is noted already is not noted twice."""
        with run_errors(self.path), self._transaction() as connection:
            for row in rows:
                insert_row(connection, "quarantine", *row, ignore=True)

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        if self._lock is None:
            raise ValueError(f"{self.path} is open for reading only")
        with transaction(self._connection) as connection:
            yield connection

    def _checkpoint_names(self) -> set[str]:
        rows = self._rows("SELECT round FROM checkpoints")
        return {checkpoint_name(index) for (index,) in rows}


def _check_is_run(folder: Path, path: str | Path) -> None:
    if nearest_existing(folder) != folder:
        raise UserError(f"{path}: no such run directory")
    if not folder.is_dir():
        raise UserError(f"{path}: is a file, not a run directory")
    missing = [name for name in ("config.toml", "run.db") if not (folder / name).is_file()]
    if missing:
        raise UserError(
            f"{path} is not a run directory: it has no {' and no '.join(missing)}"
        )
