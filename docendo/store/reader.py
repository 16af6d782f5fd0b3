"""Reads of a run: rounds, records, the newest checkpoint and state, findings, metrics, ledger."""

import math
import sqlite3
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, TypeVar

from docendo.errors import RunError, UserError
from docendo.records import (
    AgentId,
    Duel,
    Episode,
    Evaluation,
    Finding,
    MetricKey,
    MetricSeries,
    Question,
    Usage,
)
from docendo.records.games import EvalSplit
from docendo.store.checkpoints import (
    Checkpoint,
    checkpoint_name,
    find_damage,
    is_state_changed,
)
from docendo.store.database import decode_text, run_errors, unpack
from docendo.store.problem_rows import StoredProblems
from docendo.store.queries import decode_row, select_rows
from docendo.store.record_rows import (
    read_duel,
    read_episode,
    read_evaluation,
    read_question,
)
from docendo.store.rows import QuarantineRow, RoundRow
from docendo.store.validation import corruption_as_run_error

__all__ = ["RunReader"]

_Record = TypeVar("_Record")
_Filters = Mapping[str, int | str | None]


class RunReader:
    """The reading half of a run directory.

    Every read raises RunError if it meets a row that docendo did not write.
    """

    def __init__(self, path: Path, connection: sqlite3.Connection) -> None:
        self.path = path
        self._connection = connection

    @property
    def config_toml(self) -> str:
        """The text of ``config.toml``. Raises UserError if it cannot be read."""
        path = self.path / "config.toml"
        try:
            return path.read_bytes().decode()
        except (OSError, UnicodeDecodeError) as error:
            raise UserError(f"{path}: is not TOML: {error}") from error

    @property
    def finished(self) -> bool:
        """Whether `RunDirectory.finish` was called after the last round."""
        return bool(self.noted("finished"))

    def noted(self, name: str) -> Any:
        """The fact that `RunDirectory.note` stored under the name; None if there is none."""
        facts = self._records(
            lambda row: unpack(row[0]), "SELECT value FROM meta WHERE name = ?", [name]
        )
        return next(facts, None)

    def latest_checkpoint(self) -> Checkpoint | None:
        """The newest checkpoint of which every hash fits; None if none was committed.

        Its `warnings` name the newer ones that are damaged. Raises RunError if all are damaged.
        """
        query = (
            "SELECT round, manifest, state FROM checkpoints JOIN rounds USING (round) "
            "ORDER BY round DESC"
        )
        # Newest first: an older one is good enough only where the newer ones are damaged.
        warnings: list[str] = []
        with corruption_as_run_error(self.path):
            for index, hashes, state in self._rows(query):
                # The hash of a state is over its cell, so it is decoded only afterwards.
                path = self.path / "checkpoints" / checkpoint_name(index)
                damage = find_damage(path, decode_text(hashes), state)
                if not damage:
                    return Checkpoint(
                        index, path, unpack(decode_text(state)), tuple(warnings)
                    )
                warnings.append(f"checkpoint {path} is damaged ({damage})")
        if warnings:
            raise RunError("; ".join((*warnings, "no older one is left")))
        return None

    def state(self) -> dict[str, Any]:
        """The newest state in the database; empty before any.

        It is the newest round's, unless rounds were rolled back.
        """
        query = (
            "SELECT round, state, manifest FROM rounds LEFT JOIN checkpoints USING (round) "
            "WHERE state IS NOT NULL ORDER BY round DESC LIMIT 1"
        )
        rows = self._rows(query)
        if not rows:
            return {}

        index, state, hashes = rows[0]
        with corruption_as_run_error(self.path):
            if is_state_changed(decode_text(hashes or ""), state):
                raise RunError(
                    f"{self.path}: the database is damaged: the state of round {index} was changed"
                )
            return dict(unpack(decode_text(state)))

    def rounds(self) -> list[RoundRow]:
        """Every committed round, in order."""
        query = "SELECT round, stage, seconds FROM rounds ORDER BY round"
        return list(self._records(lambda row: RoundRow(*row), query))

    def episodes(
        self,
        round: int | None = None,
        teacher: str | None = None,
        student: str | None = None,
        domain: str | None = None,
        newest: int | None = None,
    ) -> Iterator[Episode]:
        """Episodes that fit all arguments, in the order of their commits; only the last `newest`."""
        filters = {"round": round, "teacher": teacher, "student": student, "domain": domain}
        # Matches share problems: each is read once.
        problems = StoredProblems(self._connection)
        selection = select_rows("episodes", filters, newest)
        return self._records(lambda row: read_episode(row, problems), *selection)

    def duels(
        self, round: int | None = None, game: str | None = None, newest: int | None = None
    ) -> Iterator[Duel]:
        """Duels that fit all arguments, in the order of their commits; only the last `newest`."""
        filters: _Filters = {"round": round, "game": game}
        return self._records(read_duel, *select_rows("duels", filters, newest))

    def questions(
        self, round: int | None = None, asker: str | None = None
    ) -> Iterator[Question]:
        """Questions of LLM askers that fit all arguments, refused ones too, in the order of their commits."""
        filters: _Filters = {"round": round, "asker": asker}
        problems = StoredProblems(self._connection)
        selection = select_rows("questions", filters)
        return self._records(lambda row: read_question(row, problems), *selection)

    def evaluations(
        self, round: int | None = None, split: EvalSplit = "test"
    ) -> Iterator[Evaluation]:
        """Evaluations on a split, in the order of their commits; with `round`, those after that round."""
        query = (
            "SELECT round, agent, problem, text, score, reason, split FROM evaluations "
            "WHERE (?1 IS NULL OR round = ?1) AND split = ?2 ORDER BY id"
        )
        problems = StoredProblems(self._connection)
        return self._records(
            lambda row: read_evaluation(row, problems), query, (round, split)
        )

    def findings(self) -> list[Finding]:
        """All findings of the monitors, in the order of their commits."""
        query = "SELECT round, monitor, agent, episode, reason FROM findings ORDER BY id"
        return list(self._records(lambda row: Finding(*row), query))

    def metric_series(self) -> list[MetricSeries]:
        """Every metric over the rounds, in the order in which they first came."""
        series: dict[MetricKey, list[tuple[int, float]]] = defaultdict(list)
        query = "SELECT name, agent, round, value FROM metrics ORDER BY round, name, agent"
        for name, agent, index, value in self._records(lambda row: row, query):
            key = MetricKey(name, AgentId(agent) if agent else None)
            # SQLite stores a number that is none as NULL.
            series[key].append((index, math.nan if value is None else value))
        return [MetricSeries(key, points) for key, points in series.items()]

    def metrics(self) -> dict[str, list[tuple[int, float]]]:
        """(round, value) of each metric by ``NAME/AGENT``, rounds ascending."""
        return {str(series.key): series.points for series in self.metric_series()}

    def ledger(self) -> list[Usage]:
        """Tokens, FLOPs and costs summed over the rounds, one row for each agent and purpose."""
        query = (
            "SELECT agent, purpose, CAST(TOTAL(tokens) AS INTEGER), TOTAL(flops), TOTAL(cost) "
            "FROM ledger GROUP BY purpose, agent ORDER BY 2, 1"
        )
        return list(self._records(lambda row: Usage(*row), query))

    def quarantined(self) -> list[QuarantineRow]:
        """All data rows that were left out, in the order in which they were noted."""
        query = "SELECT file, line, reason FROM quarantine ORDER BY id"
        return list(self._records(lambda row: QuarantineRow(*row), query))

    @contextmanager
    def snapshot(self) -> Iterator[None]:
        """Let every read in the block see the same moment of a run that is being written."""
        self._connection.execute("BEGIN")
        try:
            yield
        finally:
            self._connection.execute("ROLLBACK")

    def _rows(self, query: str) -> list[Any]:
        """All rows at once, as SQLite holds them: a hash is over what was stored."""
        with run_errors(self.path):
            return self._connection.execute(query).fetchall()

    def _records(
        self,
        read: Callable[[list[Any]], _Record],
        query: str,
        values: Sequence[object] = (),
    ) -> Iterator[_Record]:
        """One record at a time: a run may hold more episodes than fit in memory."""
        with (
            run_errors(self.path),
            closing(self._connection.execute(query, tuple(values))) as cursor,
        ):
            for row in cursor:
                with corruption_as_run_error(self.path):
                    record = read(decode_row(row))
                yield record
