"""A table of decayed counts: evidence, sum and sum of squares of observations in each cell.

Agents learn, so old outcomes say less: every round multiplies all sums by the decay, as in
discounted UCB (Garivier and Moulines 2011).

Axes: N queries, A places of rows, C places of columns, E observations, F cells (A times C).
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import count, repeat
from typing import Any

import numpy as np

from docendo.interfaces import FloatArray

__all__ = ["DecayedCounts", "Observation", "Places", "never_observed"]

Places = dict[str, int]
"""The row or column of each name."""
Observation = tuple[str, str, float]
"""(row, column, value)."""


@dataclass
class DecayedCounts:
    """Decayed sums of the observations of (row, column) cells."""

    rows: Places
    columns: Places
    """Rows and columns may be shared with other tables, and may be the same object."""
    sums: FloatArray = field(default_factory=lambda: np.zeros((3, 0, 0)))
    """(3, A, C): evidence, total, sum of squares, as of the cell's own round."""
    when: Any = field(default_factory=lambda: np.zeros((0, 0), np.int64))
    """(A, C): the round up to which decay was applied to the cell."""

    def add(self, observations: Sequence[Observation], decay: float, clock: int) -> None:
        """Add values that were observed in round `clock`."""
        row_E = []
        column_E = []
        for row, column, _ in observations:
            row_E.append(_place_of(row, self.rows))
            column_E.append(_place_of(column, self.columns))
        value_E = np.array([value for _, _, value in observations])
        self._grow()

        # Lazy decay: only the observed cells are brought to this round. `read` does the same for
        # those it reads, so the table is never multiplied as a whole.
        sums_3F = self.sums.reshape(3, -1)
        when_F = self.when.reshape(-1)
        _, num_columns = self.when.shape
        cell_E = np.array(row_E, np.int64) * num_columns + column_E
        cells = np.unique(cell_E)
        sums_3F[:, cells] *= decay ** (clock - when_F[cells])
        when_F[cells] = clock

        # np.add.at, since a cell may be observed several times
        np.add.at(sums_3F[0], cell_E, np.ones_like(value_E))
        np.add.at(sums_3F[1], cell_E, value_E)
        np.add.at(sums_3F[2], cell_E, value_E**2)

    def read(
        self, rows: Sequence[str], columns: Sequence[str], decay: float, clock: int
    ) -> FloatArray:
        """(4, N): evidence, total, squares and staleness of the cells (rows[n], columns[n]).

        A cell that was never observed is as stale as the league is old. A single row or column
        stands for all.
        """
        row_N, column_N = np.broadcast_arrays(
            _places_of(rows, self.rows), _places_of(columns, self.columns)
        )
        # a name may have a place that this table, which shares its places, has not grown to yet
        num_rows, num_columns = self.when.shape
        has_row_N = (row_N >= 0) & (row_N < num_rows)
        has_column_N = (column_N >= 0) & (column_N < num_columns)
        has_cell_N = has_row_N & has_column_N
        if not has_cell_N.any():
            return never_observed(len(row_N), clock)

        # cells that do not exist read cell (0, 0), and are overwritten below
        row_N = np.where(has_cell_N, row_N, 0)
        column_N = np.where(has_cell_N, column_N, 0)
        sums_3N = self.sums[:, row_N, column_N]
        idle_N = np.maximum(clock - self.when[row_N, column_N], 0)

        is_observed_N = has_cell_N & (sums_3N[0] > 0)
        stale_N = np.where(is_observed_N, idle_N, clock + 1)
        sums_3N = sums_3N * np.where(is_observed_N, decay**idle_N, 0.0)
        return np.asarray([*sums_3N, stale_N])

    def copy(self, source: str, target: str) -> None:
        """Copy the row of one name to another, and the column where columns have the same names."""
        if source not in self.rows:
            return

        old = self.rows[source]
        new = _place_of(target, self.rows)
        self._grow()
        self.sums[:, new] = self.sums[:, old]
        self.when[new] = self.when[old]
        if self.columns is self.rows:
            self.sums[:, :, new] = self.sums[:, :, old]
            self.when[:, new] = self.when[:, old]

    def clear(self, name: str) -> None:
        """Remove all observations of a name."""
        place = self.rows.get(name, len(self.when))
        if place < len(self.when):
            self.sums[:, place] = 0.0
            if self.columns is self.rows:
                self.sums[:, :, place] = 0.0

    def cells(self) -> list[list[Any]]:
        """[row, column, round, evidence, total, squares] of every observed cell, by places."""
        row_names = {place: name for name, place in self.rows.items()}
        column_names = {place: name for name, place in self.columns.items()}
        cells = []
        for row, column in np.argwhere(self.sums[0]).tolist():
            names = [row_names[row], column_names[column]]
            when = int(self.when[row, column])
            sums = self.sums[:, row, column].tolist()
            cells.append([*names, when, *sums])
        return cells

    def set_cells(self, cells: Sequence[Sequence[Any]]) -> None:
        """Put back what `cells` returned; rows and columns must have its names."""
        self._grow()
        for row, column, when, *sums in cells:
            place = self.rows[row], self.columns[column]
            self.when[place] = when
            self.sums[:, *place] = sums

    def _grow(self) -> None:
        """Make room for all places of rows and columns."""
        num_rows, num_columns = self.when.shape
        new_rows = _grown_size(num_rows, self.rows) - num_rows
        new_columns = _grown_size(num_columns, self.columns) - num_columns
        if new_rows or new_columns:
            padding = [(0, new_rows), (0, new_columns)]
            self.sums = np.pad(self.sums, [(0, 0), *padding])
            self.when = np.pad(self.when, padding)


def _grown_size(size: int, places: Places) -> int:
    needed = max(places.values(), default=-1) + 1
    if needed <= size:
        return size
    # by half again, so that a growing league copies its cells rarely
    return max(needed, size + size // 2, 8)


def never_observed(count: int, clock: int) -> FloatArray:
    """(4, N): what `read` returns for cells without an observation."""
    values_4N = np.zeros((4, count))
    values_4N[3] = clock + 1.0
    return values_4N


def _place_of(name: str, places: Places) -> int:
    """The name's place; a new name gets the first free one."""
    if name not in places:
        # the place of an agent that left, if there is one
        taken = set(places.values())
        places[name] = next(place for place in count() if place not in taken)
    return places[name]


def _places_of(names: Sequence[str], places: Places) -> Any:
    """(N,) places, -1 for unknown names."""
    places_N = map(places.get, names, repeat(-1))
    return np.fromiter(places_N, np.int64, len(names))
