"""A tournament from a CSV file: a table of payoffs, or a log of games."""

import csv
from collections.abc import Sequence
from io import StringIO
from pathlib import Path
from typing import NamedTuple

import numpy as np

from docendo.analysis.matrices import (
    LARGEST,
    TOLERANCE,
    Matrix,
    as_square,
    most_uneven_pair,
)
from docendo.errors import UserError

__all__ = ["Tournament", "read_tournament"]


_LOGS = (("winner", "loser"), ("player_a", "player_b", "score"))
"""Headers of a log of games. A score is that of player_a, from 0 (lost) to 1 (won)."""


class Tournament(NamedTuple):
    names: tuple[str, ...]
    """In the order of the rows, or as they first come in a log."""
    payoff: Matrix
    """(N, N), exactly antisymmetric; NaN where two never met."""
    games: Matrix | None = None
    """(N, N): games of each pair, where a log counts them."""


def read_tournament(
    path: Path, *, win_rates: bool = False, symmetrise: bool = False
) -> Tournament:
    """The names and the payoffs of a square CSV, or of a log of games.

    A log has the columns ``winner,loser`` or ``player_a,player_b,score``, and a row for each game.

    Columns may come in another order than rows, a cell of the diagonal may be empty, and commas may be semicolons or
    tabs. With `win_rates` the cells are rates in [0, 1], the diagonal does not matter, and payoff is 2 * rate - 1.
    With `symmetrise` a pair whose two cells disagree gets half their difference. Raises UserError, with the row and
    the column by name, for everything that is no such table.
    """
    (_, header), *numbered = _rows(path)
    if tuple(header) in _LOGS:
        return _read_log(path, header, numbered)

    body = [row for _, row in numbered]
    # By name, so that rows and columns need not be in one order.
    columns = _unique(path, header[1:], "column")
    names = _unique(path, [row[0] for row in body], "row")
    _check_same_names(path, names, columns)

    values = []
    for name, row in zip(names, body, strict=True):
        cell_of = dict(zip(columns, _cells(path, name, columns, row[1:]), strict=True))
        numbers = []
        for column in names:
            numbers.append(_number(path, name, column, cell_of[column], win_rates))
        values.append(numbers)
    matrix = as_square(values, str(path))
    if win_rates:
        np.fill_diagonal(matrix, 0.5)
    if not symmetrise:
        _check_balance(path, names, matrix, win_rates)

    # A rate r is the payoff 2r - 1, so the difference of two rates is twice half a difference.
    differences = matrix - matrix.T
    return Tournament(tuple(names), differences if win_rates else differences / 2)


def _read_log(
    path: Path, header: Sequence[str], body: Sequence[tuple[int, Sequence[str]]]
) -> Tournament:
    """`body` has each row with the number of its line."""
    places: dict[str, int] = {}
    games: list[tuple[str, str, float]] = []
    for number, row in body:
        if len(row) != len(header) or not all(row):
            expected = ",".join(header)
            raise UserError(
                f"{path}, line {number}: got {','.join(row)!r}, expected {expected}"
            )
        first, second = row[0], row[1]
        if first == second:
            raise UserError(f"{path}, line {number}: {first!r} plays itself")
        score = _score(path, number, row[2]) if len(row) == 3 else 1.0
        games.append((first, second, score))
        places.setdefault(first, len(places))
        places.setdefault(second, len(places))

    shape = len(places), len(places)
    counts = np.zeros(shape)
    balance = np.zeros(shape)
    for first, second, score in games:
        i, j = places[first], places[second]
        counts[i, j] += 1
        counts[j, i] += 1
        balance[i, j] += 2 * score - 1
        balance[j, i] -= 2 * score - 1

    payoff = np.full(shape, np.nan)
    np.divide(balance, counts, out=payoff, where=counts > 0)
    np.fill_diagonal(payoff, 0.0)
    return Tournament(tuple(places), payoff, counts)


def _score(path: Path, line: int, cell: str) -> float:
    try:
        score = float(cell)
    except ValueError:
        score = np.nan
    if not 0 <= score <= 1:
        raise UserError(
            f"{path}, line {line}: score {cell!r}, expected a number from 0 to 1"
        )
    return score


def _check_same_names(path: Path, names: Sequence[str], columns: Sequence[str]) -> None:
    shape = f"{path} is not square ({len(names)} rows, {len(columns)} columns)"
    for name in names:
        if name not in columns:
            raise UserError(f"{shape}: no column {name!r}")
    for name in columns:
        if name not in names:
            raise UserError(f"{shape}: no row {name!r}")


def _rows(path: Path) -> list[tuple[int, list[str]]]:
    """All rows that are not blank, with their lines' numbers; cells without spaces around them."""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise UserError(f"{path} cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise UserError(f"{path} is not UTF-8 text: {error}") from error
    # The first line has one delimiter for every agent.
    first = next(filter(str.strip, text.splitlines()), "")
    delimiter = next((d for d in ",;\t" if d in first), ",")
    try:
        reader = csv.reader(StringIO(text, newline=""), delimiter=delimiter, strict=True)
        rows = [(reader.line_num, [cell.strip() for cell in row]) for row in reader]
    except csv.Error as error:
        raise UserError(f"{path} is no CSV: {error}") from error
    rows = [(number, row) for number, row in rows if any(row)]
    if len(rows) < 2:
        raise UserError(
            f"{path} has no table; expected a first row of names and a row of numbers for each"
        )
    return rows


def _unique(path: Path, names: Sequence[str], kind: str) -> list[str]:
    for place, name in enumerate(names):
        if not name:
            raise UserError(f"{path}: {kind} {place + 1} has no name")
        if name in names[:place]:
            raise UserError(f"{path}: two {kind}s are called {name!r}; expected one each")
    return list(names)


def _cells(
    path: Path, name: str, columns: Sequence[str], cells: Sequence[str]
) -> list[str]:
    if len(cells) > len(columns):
        raise UserError(
            f"{path}: row {name!r} has {len(cells)} cells; expected {len(columns)}, one for each column"
        )
    return [*cells, *[""] * (len(columns) - len(cells))]


def _number(path: Path, row: str, column: str, cell: str, win_rates: bool) -> float:
    expected = "a win rate from 0 to 1" if win_rates else "a number"
    where = f"{path}: row {row!r}, column {column!r}"
    if not cell and row == column:
        return 0.5 if win_rates else 0.0
    if not cell:
        raise UserError(f"{where}: the cell is empty; expected {expected}")
    try:
        number = float(cell)
    except ValueError:
        raise UserError(f"{where}: {cell!r} is not a number; expected {expected}") from None
    if not abs(number) <= LARGEST:
        raise UserError(
            f"{where}: {cell!r} is not finite or too large; expected {expected}"
        )
    if win_rates and not 0 <= number <= 1:
        hint = (
            " (divide percentages by 100)"
            if 1 < number <= 100
            else " (for payoffs leave --win-rates out)"
        )
        raise UserError(f"{where}: {cell} is outside [0, 1]; expected {expected}{hint}")
    return number


def _check_balance(
    path: Path, names: Sequence[str], numbers: Matrix, win_rates: bool
) -> None:
    """Raises UserError where what one of a pair wins is not what the other loses."""
    total = 1.0 if win_rates else 0.0
    row, column, excess = most_uneven_pair(numbers, total)
    if abs(excess) <= TOLERANCE * np.abs(numbers).max():
        return

    name, opponent = names[row], names[column]
    if row == column:
        problem = f"row {name!r}, column {name!r}: {numbers[row, row]:g}; expected 0 against oneself"
    else:
        pair = f"{numbers[row, column]:g} and {numbers[column, row]:g}"
        problem = (
            f"{name!r} against {opponent!r} and {opponent!r} against {name!r}: {pair} add up to "
            f"{total + excess:g}; expected {total:g}, off by {abs(excess):g}"
        )
    looks_like_rates = not win_rates and numbers.min() >= 0 and numbers.max() <= 1
    fix = "for win rates add --win-rates; " if looks_like_rates else ""
    raise UserError(
        f"{path}: {problem} ({fix}--symmetrise takes half the difference of each pair)"
    )
