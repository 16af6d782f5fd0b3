"""Square matrices from lists or arrays, checked: one row and one column per agent."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from docendo.errors import UserError

__all__ = [
    "LARGEST",
    "TOLERANCE",
    "Matrix",
    "Vector",
    "as_antisymmetric",
    "as_square",
    "most_uneven_pair",
]

LARGEST = 1e100
"""Beyond this a square or an exponent overflows."""
TOLERANCE = 1e-6
"""How far the two payoffs of a pair may be from adding up to nothing, as a share of the largest payoff."""

Vector = NDArray[np.float64]
"""(N,): one number per agent."""
Matrix = NDArray[np.float64]
"""(N, N): what the row's agent gets against the column's."""


def as_square(values: ArrayLike, what: str = "payoff", *, gaps: bool = False) -> Matrix:
    """A copy of `values` as (N, N) floats, N >= 2; `gaps` lets NaN pass.

    Raises UserError, which begins with `what`, for any other shape, a single agent, and a number that is not finite or
    above LARGEST.
    """
    try:
        matrix = np.array(values, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise UserError(f"{what} is no matrix of numbers: {error}") from error
    if matrix.ndim != 2 or matrix.shape[0] != matrix.shape[1]:
        raise UserError(
            f"{what} has the shape {matrix.shape}; expected a row and a column for every agent"
        )
    if len(matrix) < 2:
        raise UserError(f"{what} has {len(matrix)} agent; expected at least two to compare")

    is_valid = (np.abs(matrix) <= LARGEST) | (gaps & np.isnan(matrix))
    if not is_valid.all():
        row, column = np.argwhere(~is_valid)[0]
        raise UserError(
            f"{what}[{row}][{column}] is {matrix[row, column]:g}; expected a number up to {LARGEST:g}"
        )
    return matrix


def as_antisymmetric(payoff: ArrayLike) -> Matrix:
    """`payoff` as exactly antisymmetric floats: what one of a pair wins, the other loses.

    Raises UserError as `square`, and where a pair's payoffs add up to more than TOLERANCE of the largest.
    """
    matrix = as_square(payoff)
    row, column, excess = most_uneven_pair(matrix)
    if abs(excess) > TOLERANCE * np.abs(matrix).max():
        raise UserError(
            f"payoff[{row}][{column}] and payoff[{column}][{row}] add up to {excess:g}; expected 0, as in "
            "every antisymmetric matrix: half the difference of the payoff and its transpose is one"
        )
    return (matrix - matrix.T) / 2


def most_uneven_pair(matrix: Matrix, total: float = 0.0) -> tuple[int, int, float]:
    """The pair whose two numbers add up to something furthest from `total`, and how far, with its sign."""
    excess = matrix + matrix.T - total
    row, column = np.unravel_index(np.abs(excess).argmax(), excess.shape)
    return int(row), int(column), float(excess[row, column])
