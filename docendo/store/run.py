"""The run directory: ``config.toml``, ``run.db``, ``checkpoints/`` and the writer's ``run.lock``.

Rounds are committed whole: after a crash at any moment the directory holds the last committed round, the checkpoint
that belongs to it, and nothing of the next.
"""

import math
import sqlite3
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypeVar

from docendo.errors import RunError, UserError
from docendo.records import AgentId, Duel, Episode, Evaluation, Finding, Question, Usage
from docendo.records.games import EvalSplit
from docendo.store.checkpoints import (
    Checkpoint,
    broken_seal,
    fault,
    folder_name,
    forget_old,
    seal,
    sweep,
    write_checkpoint_folder,
)
from docendo.store.create import make_folder, write_config
from docendo.store.database import (
    cell,
    connect,
    pack,
    run_errors,
    transaction,
    uncell,
    unpack,
)
from docendo.store.lock import WriterLock
from docendo.store.rows import (
    ProblemShelf,
    QuarantineRow,
    RoundRecord,
    RoundRow,
    fitting,
    insert_round,
    read_duel,
    read_episode,
    read_evaluation,
    read_question,
)
from docendo.store.validation import misread

__all__ = ["RunDirectory"]

_KEPT = 2
_T = TypeVar("_T")


class RunDirectory:
    """An open run; a context manager. Use `create` or `open`."""

    def __init__(
        self, path: Path, connection: sqlite3.Connection, lock: WriterLock | None
    ) -> None:
        self.path = path
        self._connection = connection
        self._lock = lock

    @classmethod
    def create(cls, path: str | Path, config_toml: str) -> Self:
        """A new run, open for writing. Raises UseError where `path` is taken, and then leaves nothing behind."""
        make_folder(Path(path), config_toml)
        return cls.open(path, write=True)

    @classmethod
    def open(cls, path: str | Path, *, write: bool = False) -> Self:
        """An existing run, for reading or, under the writer's lock, for going on.

        Raises UseError where it is no run, its database is damaged or newer than this docendo, or someone writes it.
        """
        folder = Path(path)
        if not folder.is_dir():
            raise UserError(
                f"{path}: {'is a file, not a run directory' if folder.exists() else 'no such run directory'}"
            )
        missing = [
            name for name in ("config.toml", "run.db") if not (folder / name).is_file()
        ]
        if missing:
            raise UserError(
                f"{path} is not a run directory: it has no {' and no '.join(missing)}"
            )
        with ExitStack() as undo:
            lock = WriterLock(folder / "run.lock") if write else None
            if lock:
                undo.callback(lock.release)
            run = cls(folder, connect(folder / "run.db", write=write), lock)
            undo.callback(run._connection.close)
            if write:
                (folder / "checkpoints").mkdir(exist_ok=True)
                sweep(folder / "checkpoints", run._checkpoint_names())
            undo.pop_all()
        return run

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the database and let the next writer in. Closing twice does nothing."""
        self._connection.close()
        if self._lock:
            self._lock.release()
            self._lock = None

    @property
    def config_toml(self) -> str:
        """The text that `create` was given, or `change_config` since."""
        try:
            return (self.path / "config.toml").read_bytes().decode()
        except (OSError, UnicodeDecodeError) as error:
            raise UserError(f"{self.path / 'config.toml'}: is not TOML: {error}") from error

    @property
    def finished(self) -> bool:
        """Whether `finish` was called after the last round."""
        return bool(self.noted("finished"))

    def finish(self) -> None:
        """Mark the run as complete."""
        self.note(finished=1)

    def noted(self, name: str) -> Any:
        """What was noted under that name; None where nothing was."""
        rows = self._rows("SELECT value FROM meta WHERE name = ?", name)
        with misread(self.path):
            return unpack(rows[0][0]) if rows else None

    def note(self, **values: object) -> None:
        """Keep facts about the whole run, as JSON, in the place of what was noted under their names before."""
        rows = [(name, pack(value)) for name, value in values.items()]
        with run_errors(self.path), self._transaction() as connection:
            connection.executemany("INSERT OR REPLACE INTO meta VALUES (?, ?)", rows)

    def change_config(self, config_toml: str) -> None:
        """Put other settings in the place of those that the run goes on with."""
        if self._lock is None:
            raise ValueError(f"{self.path} is open for reading only")
        write_config(self.path, config_toml)

    def commit(
        self, record: RoundRecord, write_checkpoint: Callable[[Path], None] | None = None
    ) -> None:
        """Store a round, durably and whole, with the checkpoint that `write_checkpoint` puts into a folder.

        The newest two checkpoints are kept. Raises RunError on a full disk and its like, the old state left as it was;
        ValueError where the index does not ascend.
        """
        last = self._rows("SELECT COALESCE(MAX(round), -2) FROM rounds")[0][0]
        if record.index <= last:
            raise ValueError(f"round {record.index} was handed in after round {last}")
        folder, name = self.path / "checkpoints", folder_name(record.index)
        with run_errors(self.path), ExitStack() as undo:
            manifest, keep = "", set[str]()
            if write_checkpoint is not None:
                manifest = write_checkpoint_folder(folder, name, write_checkpoint)
                # asks the database: a second Ctrl-C may come between its commit and the end of this block
                undo.callback(lambda: sweep(folder, self._checkpoint_names() | keep))
            with self._transaction() as connection:
                insert_round(connection, record)
                connection.execute("DELETE FROM meta WHERE name = 'finished'")
                if manifest:
                    sealed = f"{manifest} {seal(pack(dict(record.state)))}"
                    connection.execute(
                        "INSERT INTO checkpoints VALUES (?, ?, ?)",
                        (record.index, name, sealed),
                    )
                forget_old(connection, _KEPT)
                keep.add(
                    name
                )  # a COMMIT whose fsync fails may be found to hold when the database is opened again
            undo.pop_all()
            sweep(folder, self._checkpoint_names())

    def rollback(self, round_index: int) -> None:
        """Forget every round after `round_index` and all that came with it; -2 forgets the base model's too."""
        with run_errors(self.path):
            with self._transaction() as connection:
                connection.execute("DELETE FROM rounds WHERE round > ?", (round_index,))
                connection.execute("DELETE FROM meta WHERE name = 'finished'")
            sweep(self.path / "checkpoints", self._checkpoint_names())

    def latest_checkpoint(self) -> Checkpoint | None:
        """The newest checkpoint whose every hash fits; None where none was committed.

        Damaged newer ones are named in its `warnings`. Raises RunError where all are damaged.
        """
        query = "SELECT round, manifest, state FROM checkpoints JOIN rounds USING (round) ORDER BY round DESC"
        warnings: list[str] = []
        with misread(self.path):
            for index, manifest, state in self._rows(query):
                path = self.path / "checkpoints" / folder_name(index)
                wrong = fault(path, uncell(manifest), state)
                if not wrong:
                    return Checkpoint(index, path, unpack(state), tuple(warnings))
                warnings.append(f"checkpoint {path} is damaged ({wrong})")
        if warnings:
            raise RunError("; ".join((*warnings, "no older one is left")))
        return None

    def state(self) -> dict[str, Any]:
        """The newest state there is, which is the newest round's unless rounds were rolled back; empty before any."""
        query = "SELECT round, state, manifest FROM rounds LEFT JOIN checkpoints USING (round) WHERE state IS NOT NULL"
        with misread(self.path):
            for index, state, manifest in self._rows(
                f"{query} ORDER BY round DESC LIMIT 1"
            ):
                if broken_seal(uncell(manifest or ""), state):
                    raise RunError(
                        f"{self.path}: the database is damaged: the state of round {index} was changed"
                    )
                return dict(unpack(state))
        return {}

    def rounds(self) -> list[RoundRow]:
        """Every committed round, in order."""
        rows = self._rows("SELECT round, stage, seconds FROM rounds ORDER BY round")
        with misread(self.path):
            return [
                RoundRow(index, uncell(stage), seconds) for index, stage, seconds in rows
            ]

    def episodes(
        self,
        round: int | None = None,
        teacher: str | None = None,
        student: str | None = None,
        domain: str | None = None,
        newest: int | None = None,
    ) -> Iterator[Episode]:
        """Episodes that fit all that is given, in the order of their commits; only the last `newest` of them."""
        asked = {"round": round, "teacher": teacher, "student": student, "domain": domain}
        problems = ProblemShelf(self._connection)
        return self._each(
            lambda row: read_episode(row, problems), *fitting("episodes", asked, newest)
        )

    def duels(
        self, round: int | None = None, game: str | None = None, newest: int | None = None
    ) -> Iterator[Duel]:
        """Duels that fit all that is given, in the order of their commits; only the last `newest` of them."""
        return self._each(
            read_duel, *fitting("duels", {"round": round, "game": game}, newest)
        )

    def questions(
        self, round: int | None = None, asker: str | None = None
    ) -> Iterator[Question]:
        """Questions of LLM askers that fit all that is given, refused ones too, in the order of their commits."""
        problems = ProblemShelf(self._connection)
        asked = {"round": round, "asker": asker}
        return self._each(
            lambda row: read_question(row, problems), *fitting("questions", asked, None)
        )

    def evaluations(
        self, round: int | None = None, split: EvalSplit = "test"
    ) -> Iterator[Evaluation]:
        """Every evaluation on a split, or those measured after one round, in the order of their commits."""
        columns = "round, agent, problem, text, score, reason, split"
        query = f"SELECT {columns} FROM evaluations WHERE (?1 IS NULL OR round = ?1) AND split = ?2"  # noqa: S608
        problems = ProblemShelf(self._connection)
        return self._each(
            lambda row: read_evaluation(row, problems),
            f"{query} ORDER BY id",
            (round, split),
        )

    def findings(self) -> list[Finding]:
        """What the monitors found, in the order of the commits."""
        query = "SELECT round, monitor, agent, episode, reason FROM findings ORDER BY id"
        with misread(self.path):
            return [
                Finding(
                    index, uncell(monitor), AgentId(uncell(agent)), episode, uncell(reason)
                )
                for index, monitor, agent, episode, reason in self._rows(query)
            ]

    def metrics(self) -> dict[str, list[tuple[int, float]]]:
        """(round, value) of each metric, rounds ascending."""
        series: dict[str, list[tuple[int, float]]] = defaultdict(list)
        with misread(self.path):
            for name, index, value in self._rows(
                "SELECT name, round, value FROM metrics ORDER BY round, name"
            ):
                series[uncell(name)].append((index, math.nan if value is None else value))
        return dict(series)

    def ledger(self) -> list[Usage]:
        """Tokens, FLOPs and costs summed over the rounds, one row per agent and purpose."""
        sums = "CAST(TOTAL(tokens) AS INTEGER), TOTAL(flops), TOTAL(cost)"
        query = f"SELECT agent, purpose, {sums} FROM ledger GROUP BY purpose, agent ORDER BY 2, 1"  # noqa: S608
        with misread(self.path):
            return [
                Usage(AgentId(uncell(agent)), uncell(why), *sums)
                for agent, why, *sums in self._rows(query)
            ]

    def quarantine(self, rows: Iterable[QuarantineRow]) -> None:
        """Note data rows that were left out; a row that is noted already is not noted twice."""
        values = [(cell(row.file), row.line, cell(row.reason)) for row in rows]
        with run_errors(self.path), self._transaction() as connection:
            connection.executemany(
                "INSERT OR IGNORE INTO quarantine (file, line, reason) VALUES (?, ?, ?)",
                values,
            )

    def quarantined(self) -> list[QuarantineRow]:
        """Every data row that was left out, in the order it was noted."""
        rows = self._rows("SELECT file, line, reason FROM quarantine ORDER BY id")
        with misread(self.path):
            return [
                QuarantineRow(uncell(file), line, uncell(reason))
                for file, line, reason in rows
            ]

    @contextmanager
    def snapshot(self) -> Iterator[None]:
        """Let every read in the block see the same moment of a run that is being written."""
        self._connection.execute("BEGIN")
        try:
            yield
        finally:
            self._connection.execute("ROLLBACK")

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        if self._lock is None:
            raise ValueError(f"{self.path} is open for reading only")
        with transaction(self._connection) as connection:
            yield connection

    def _checkpoint_names(self) -> set[str]:
        return {
            folder_name(index) for (index,) in self._rows("SELECT round FROM checkpoints")
        }

    def _rows(self, query: str, *values: object) -> list[Any]:
        with run_errors(self.path):
            return self._connection.execute(query, values).fetchall()

    def _each(
        self, made: Callable[[Any], _T], query: str, values: Sequence[object]
    ) -> Iterator[_T]:
        with (
            run_errors(self.path),
            closing(self._connection.execute(query, tuple(values))) as cursor,
        ):
            for row in cursor:
                with misread(self.path):
                    one = made(row)
                yield one
