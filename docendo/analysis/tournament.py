"""A tournament's table from a CSV file: names in the first row and the first column, numbers in between."""

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


class Tournament(NamedTuple):
    names: tuple[str, ...]
    """In the order of the rows."""
    payoff: Matrix
    """(N, N), exactly antisymmetric."""


def read_tournament(
    path: Path, *, win_rates: bool = False, symmetrise: bool = False
) -> Tournament:
    """The names and the payoffs of a square CSV.

    Columns may come in another order than rows, a cell of the diagonal may be empty, and commas may be semicolons or
    tabs. With `win_rates` the cells are rates in [0, 1], the diagonal does not matter, and payoff is 2 * rate - 1.
    With `symmetrise` a pair whose two cells disagree gets half their difference. Raises UserError, with the row and
    the column by name, for everything that is no such table.
    """
    # By name, so that rows and columns need not be in one order.
    header, *body = _rows(path)
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


def _check_same_names(path: Path, names: Sequence[str], columns: Sequence[str]) -> None:
    shape = f"{path} is not square ({len(names)} rows, {len(columns)} columns)"
    for name in names:
        if name not in columns:
            raise UserError(f"{shape}: no column {name!r}")
    for name in columns:
        if name not in names:
            raise UserError(f"{shape}: no row {name!r}")


def _rows(path: Path) -> list[list[str]]:
    """All rows that are not blank, the cells without the spaces around them."""
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
        rows = [[cell.strip() for cell in row] for row in reader]
    except csv.Error as error:
        raise UserError(f"{path} is no CSV: {error}") from error
    rows = [row for row in rows if any(row)]
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
