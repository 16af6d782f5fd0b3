"""Who does well with whom: win rates and gains of every ordered pair and subject, decayed with the rounds.

Axes: N agents that are asked about, A places for agents, C columns (agents, or kinds of problems), E observations.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import count, repeat
from statistics import fmean
from typing import Any

import numpy as np

from docendo.interfaces import FloatArray
from docendo.league.candidates import Candidates
from docendo.league.posteriors import GainPosterior, RatePosterior
from docendo.records import AgentId, Episode, TaskType, by_match, mean_score

__all__ = ["DecayedCounts", "LiveStandings"]

_Places = dict[str, int]
_Seen = tuple[str, str, float]
"""(row, column, value)."""


@dataclass
class DecayedCounts:
    """Decayed sums of the observations in cells (row, column); three numbers and a round for each cell."""

    rows: _Places
    columns: _Places
    """Both shared with other tables: name -> place."""
    sums: FloatArray = field(default_factory=lambda: np.zeros((3, 0, 0)))
    """(3, A, C): evidence, total, sum of squares, as of the cell's own round."""
    when: Any = field(default_factory=lambda: np.zeros((0, 0), np.int64))
    """(A, C): the round up to which decay was applied."""

    def add(self, seen: Sequence[_Seen], decay: float, clock: int) -> None:
        """Take in values, all observed in round `clock`."""
        row_E = [_place(self.rows, row) for row, _, _ in seen]
        column_E = [_place(self.columns, column) for _, column, _ in seen]
        self._fit()
        flat_E = np.array(row_E, np.int64) * self.when.shape[1] + column_E
        value_E = np.array([value for _, _, value in seen])
        cells, sums_3F, when_F = (
            np.unique(flat_E),
            self.sums.reshape(3, -1),
            self.when.reshape(-1),
        )
        sums_3F[:, cells] *= decay ** (clock - when_F[cells])
        when_F[cells] = clock
        for sum_F, by_E in zip(
            sums_3F, (np.ones_like(value_E), value_E, value_E**2), strict=True
        ):
            np.add.at(sum_F, flat_E, by_E)

    def read(
        self, rows: Sequence[str], columns: Sequence[str], decay: float, clock: int
    ) -> FloatArray:
        """(4, N): evidence, total, squares and staleness in the cells (rows[n], columns[n]).

        Zeros for what was never seen, which is as stale as the league is old. A single row or column stands for all.
        """
        row_N, column_N = np.broadcast_arrays(
            _places(rows, self.rows), _places(columns, self.columns)
        )
        known_N = (
            (row_N >= 0)
            & (row_N < self.when.shape[0])
            & (column_N >= 0)
            & (column_N < self.when.shape[1])
        )
        row_N, column_N = np.where(known_N, row_N, 0), np.where(known_N, column_N, 0)
        if not known_N.any():
            return _unseen(len(row_N), clock)
        sums_3N, idle_N = (
            self.sums[:, row_N, column_N],
            np.maximum(clock - self.when[row_N, column_N], 0),
        )
        seen_N = known_N & (sums_3N[0] > 0)
        stale_N = np.where(seen_N, idle_N, clock + 1)
        return np.asarray([*(sums_3N * np.where(seen_N, decay**idle_N, 0.0)), stale_N])

    def copy(self, source: str, into: str) -> None:
        """Give one name the row, and where columns are the same names the column, of another."""
        if source not in self.rows:
            return
        old, new = self.rows[source], _place(self.rows, into)
        self._fit()
        self.sums[:, new], self.when[new] = self.sums[:, old], self.when[old]
        if self.columns is self.rows:
            self.sums[:, :, new], self.when[:, new] = (
                self.sums[:, :, old],
                self.when[:, old],
            )

    def clear(self, name: str) -> None:
        """As if nothing had been seen of it."""
        place = self.rows.get(name, len(self.when))
        if place < len(self.when):
            self.sums[:, place] = 0.0
            if self.columns is self.rows:
                self.sums[:, :, place] = 0.0

    def cells(self) -> Iterable[tuple[str, str, int]]:
        """(row, column, round) of every cell that was ever seen, in the order of their names' places."""
        rows, columns = (
            {place: name for name, place in names.items()}
            for names in (self.rows, self.columns)
        )
        for a, c in zip(*np.nonzero(self.sums[0]), strict=True):
            yield rows[int(a)], columns[int(c)], int(self.when[a, c])

    def _fit(self) -> None:
        wanted = tuple(
            max(names.values(), default=-1) + 1 for names in (self.rows, self.columns)
        )
        have = self.when.shape
        if wanted[0] > have[0] or wanted[1] > have[1]:
            # by half again, so that a growing league copies its cells rarely
            shape = tuple(
                h if w <= h else max(w, h + h // 2, 8)
                for w, h in zip(wanted, have, strict=True)
            )
            more = [(0, new - old) for new, old in zip(shape, have, strict=True)]
            self.sums, self.when = (
                np.pad(self.sums, [(0, 0), *more]),
                np.pad(self.when, more),
            )


@dataclass
class LiveStandings:
    """All tables of a league, and the clock by which they fade."""

    decay: float = 0.95
    """Multiplies the evidence of everything with each round; 1 never forgets."""
    textbooks: frozenset[AgentId] = frozenset()
    """Teachers whose lessons are copied: that these are right says nothing of what they can do."""
    clock: int = 0
    """The newest round that was taken in."""
    agents: _Places = field(default_factory=dict)
    kinds: _Places = field(default_factory=dict)
    tables: dict[tuple[str, str], DecayedCounts] = field(default_factory=dict)
    """By (measure, subject). Gains and wins have agents in rows and columns, alone and helped agents and kinds."""

    def gain(self, teacher: AgentId, student: AgentId, subject: str) -> float:
        """The posterior mean gain of lessons; 0 for a pair that never met. `subject` as in `gains`."""
        return float(self.gains([teacher], [student], subject).mean_N[0])

    def alone(self, student: AgentId, family: str, level: int) -> tuple[float, float]:
        """(rate, evidence) of right answers without a lesson; `family` is ``domain/family``."""
        ((evidence,), (total,), *_) = self._read(
            "alone", "", [student], [f"{family}/{level}"]
        )
        return (float(total / evidence) if evidence else 0.0), float(evidence)

    def helped(
        self, students: Sequence[AgentId], kinds: Sequence[TaskType]
    ) -> RatePosterior:
        """How often each students[n] is right at kinds[n] after a lesson."""
        return self._shares("helped", "", students, [str(k) for k in kinds])

    def unaided(
        self, agents: Sequence[AgentId], kinds: Sequence[TaskType]
    ) -> RatePosterior:
        """How often each agents[n] is right at kinds[n] without a lesson: at home, in controls, in writing lessons."""
        return self._shares("alone", "", agents, [str(k) for k in kinds])

    def gains(
        self, teachers: Sequence[AgentId], students: Sequence[AgentId], subject: str
    ) -> GainPosterior:
        """Gains of each (teachers[n], students[n]); `subject` is a domain or ``domain/family``.

        A lesson that the gate stopped is one of gain 0: the student got nothing from it.
        """
        evidence_N, total_N, squares_N, stale_N = self._read(
            "gains", subject, teachers, students
        )
        return GainPosterior(total_N, squares_N, evidence_N, stale_N)

    def wins(
        self, rows: Sequence[AgentId], columns: Sequence[AgentId], subject: str
    ) -> RatePosterior:
        """Win rates of each rows[n] against columns[n] in a game."""
        return self._shares("wins", subject, rows, columns)

    def opponents_of(
        self, player: AgentId, opponents: Sequence[AgentId], game: str
    ) -> Candidates:
        """The opponents that a player could have, judged by its win rate against them."""
        return Candidates(
            player,
            opponents,
            lambda names: self.wins([player], names, game),
            lambda names: self.win_matrix(names, game),
        )

    def win_matrix(self, names: Sequence[AgentId], game: str) -> FloatArray:
        """(N, N) posterior mean win rates, row against column; one half on the diagonal."""
        rows, columns = [a for a in names for _ in names], [b for _ in names for b in names]
        rates_NN = self.wins(rows, columns, game).mean_N.reshape(len(names), -1)
        np.fill_diagonal(rates_NN, 0.5)
        return rates_NN

    def skills(self, agent: AgentId, least: float = 3.0) -> dict[str, float]:
        """Plain rates by kind of problem without a lesson, and by game against all others.

        Only where `least` evidence is left: an agent of which little is known is neither good nor bad.
        """
        found: dict[str, float] = {}
        for (what, subject), table in self.tables.items():
            if what in {"alone", "wins"}:
                columns = list(table.columns)
                evidence_C, total_C, *_ = table.read(
                    [agent], columns, self.decay, self.clock
                )
                if what == "alone":
                    known = zip(columns, evidence_C, total_C, strict=True)
                    found |= {
                        kind: float(total / seen)
                        for kind, seen, total in known
                        if seen >= least
                    }
                elif evidence_C.sum() >= least:
                    found[subject] = float(total_C.sum() / evidence_C.sum())
        return found

    def inherit(self, copy: AgentId, agent: AgentId) -> None:
        """All that is known of an agent is known of its copy."""
        for table in self.tables.values():
            table.copy(agent, copy)

    def forget(self, agent: AgentId) -> None:
        """What was seen of an agent says nothing any more: it became another one."""
        for table in self.tables.values():
            table.clear(agent)

    def leave(self, agent: AgentId) -> None:
        """An agent is no more; the next new one has its place: tables are as large as the league at its largest."""
        self.forget(agent)
        self.agents.pop(agent, None)

    def record(self, episodes: Sequence[Episode]) -> None:
        """Take in episodes of one round or several."""
        for index in sorted({e.round for e in episodes}):
            self._record([e for e in episodes if e.round == index], index)

    def practised(
        self, scores: Iterable[tuple[AgentId, TaskType, float]], round: int
    ) -> None:
        """Take in mean scores of problems that were worked on without a lesson."""
        self.clock = max(self.clock, round)
        self._add("alone", "", [(agent, str(kind), score) for agent, kind, score in scores])

    def results(
        self, scores: Iterable[tuple[AgentId, AgentId, float]], game: str, round: int
    ) -> None:
        """Take in results of a game: (row, column, score of the row in [0, 1]). The column gets the rest."""
        both = [
            pair for a, b, score in scores for pair in ((a, b, score), (b, a, 1.0 - score))
        ]
        self.clock = max(self.clock, round)
        self._add("wins", game, both)

    def state(self) -> dict[str, Any]:
        """JSON from which `restore` makes an equal object."""
        tables = [
            [
                what,
                subject,
                [[a, c, when, *self._cell(table, a, c)] for a, c, when in table.cells()],
            ]
            for (what, subject), table in self.tables.items()
        ]
        return {
            "clock": self.clock,
            "agents": dict(self.agents),
            "kinds": dict(self.kinds),
            "tables": tables,
        }

    def restore(self, state: Mapping[str, Any]) -> None:
        self.clock, self.tables = state["clock"], {}
        self.agents, self.kinds = dict(state["agents"]), dict(state["kinds"])
        for what, subject, cells in state["tables"]:
            table = self._table(what, subject)
            table._fit()
            for row, column, when, *sums in cells:
                at = self.agents[row], table.columns[column]
                table.when[at], table.sums[:, *at] = when, sums

    def _record(self, episodes: Sequence[Episode], index: int) -> None:
        """One observation a match and problem: what was answered several times to one problem is no more evidence."""
        self.clock = max(self.clock, index)
        gains: dict[str, list[_Seen]] = {}
        alone, helped = list[_Seen](), list[_Seen]()
        for lessons in by_match(episodes):
            first, (teacher, student, domain, family, _) = lessons[0], lessons[0].match
            kind = str(first.match.kind)
            gain = fmean(e.gain or 0.0 for e in lessons)
            for subject in (domain, f"{domain}/{family}"):
                gains.setdefault(subject, []).append((teacher, student, gain))
            if teacher not in self.textbooks:
                written = zip(*(e.lesson.examples for e in lessons), strict=True)
                alone += [(teacher, kind, mean_score(of_one)) for of_one in written]
            shown = [mean_score(e.attempts) for e in lessons if e.attempts]
            if not first.again:
                alone.append((student, kind, mean_score(first.control)))
                helped += [(student, kind, fmean(shown))] if shown else []
        for subject, found in gains.items():
            self._add("gains", subject, found)
        self._add("alone", "", alone)
        self._add("helped", "", helped)

    def _add(self, what: str, subject: str, seen: Sequence[_Seen]) -> None:
        if seen:
            self._table(what, subject).add(seen, self.decay, self.clock)

    def _table(self, what: str, subject: str) -> DecayedCounts:
        columns = self.kinds if what in {"alone", "helped"} else self.agents
        return self.tables.setdefault((what, subject), DecayedCounts(self.agents, columns))

    def _read(
        self, what: str, subject: str, rows: Sequence[str], columns: Sequence[str]
    ) -> FloatArray:
        table = self.tables.get((what, subject))
        if table is None:
            return _unseen(len(columns) if len(rows) == 1 else len(rows), self.clock)
        return table.read(rows, columns, self.decay, self.clock)

    def _shares(
        self, what: str, subject: str, rows: Sequence[str], columns: Sequence[str]
    ) -> RatePosterior:
        evidence_N, total_N, _, stale_N = self._read(what, subject, rows, columns)
        return RatePosterior(total_N, evidence_N, stale_N)

    @staticmethod
    def _cell(table: DecayedCounts, row: str, column: str) -> list[float]:
        found: list[float] = table.sums[:, table.rows[row], table.columns[column]].tolist()
        return found


def _unseen(count: int, clock: int) -> FloatArray:
    return np.repeat([[0.0], [0.0], [0.0], [clock + 1.0]], count, axis=1)


def _place(known: _Places, name: str) -> int:
    """Its place; a new name gets the first that nobody has."""
    if name not in known:
        taken = set(known.values())
        known[name] = next(place for place in count() if place not in taken)
    return known[name]


def _places(names: Sequence[str], known: _Places) -> Any:
    """(N,) places, -1 for the unknown."""
    return np.fromiter(map(known.get, names, repeat(-1)), np.int64, len(names))
