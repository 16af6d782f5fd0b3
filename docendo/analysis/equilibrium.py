"""Nash equilibria of a symmetric zero-sum game: who can be in one, and the one that is spread most evenly.

Axes: N agents, S agents of the support. `game` is (N, N) and exactly antisymmetric, so its value is 0 and a mixture p
is an equilibrium where nobody earns against it: game @ p <= 0.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from docendo.analysis.matrices import Matrix, Vector
from docendo.errors import RunError, require_package

__all__ = ["TIE", "max_entropy_nash", "nash_support"]

TIE = 1e-9
"""Differences and probabilities below this (payoffs as a share of the largest) count as none."""
_EXACT = 1e-14
_SHORTEST = 1e-10
_STEPS = 200
_SOLVERS: tuple[dict[str, float], ...] = (
    {"primal_feasibility_tolerance": 1e-10, "dual_feasibility_tolerance": 1e-10},
    {},
)
"""The solver's own tolerances, a thousand times wider, serve where payoffs differ by many powers of ten."""


def nash_support(game: Matrix) -> NDArray[np.bool_]:
    """(N,): whether an agent has a share in any equilibrium.

    Who is in one only by payoffs below a millionth of the largest may be left out: shares are known to `TIE`.
    """
    return _inner(game) > 0


def _inner(game: Matrix) -> Vector:
    """(N,): an equilibrium in which everybody of the support has a share.

    Each linear program asks for an equilibrium that gives as many as possible of the undecided a share; the mean of
    those found has all their members. Who loses against one of them is in none (complementary slackness), so one
    program nearly always decides everybody.
    """
    beats_all: Vector = ((game > 0).sum(1) == len(game) - 1).astype(np.float64)
    # Who beats everybody is alone in the only equilibrium: no program is needed.
    if beats_all.any():
        return beats_all

    scaled = _scaled(game)
    summed = np.zeros(len(game))
    undecided = np.ones(len(game), bool)
    while undecided.any():
        mixture = _favouring(scaled, undecided)
        fresh = undecided & (mixture > TIE)
        if not fresh.any():
            break
        summed += np.where(mixture > TIE, mixture, 0.0)
        # Who loses against this mixture is in no equilibrium, and is decided too.
        undecided &= ~fresh & (scaled @ mixture > -TIE)
    inner: Vector = summed / summed.sum()
    return inner


def _favouring(scaled: Matrix, favoured: NDArray[np.bool_]) -> Vector:
    """The equilibrium with the largest mass on `favoured`, where an agent's mass above 1/N counts for nothing."""
    linprog = _linprog()
    n = len(scaled)
    # Two variables per agent: the first holds up to 1/N of its mass, and only that one counts.
    for options in _SOLVERS:
        solved = linprog(
            np.r_[-1.0 * favoured, np.zeros(n)],
            A_ub=np.hstack([scaled, scaled]),
            b_ub=np.zeros(n),
            A_eq=np.ones((1, 2 * n)),
            b_eq=[1],
            bounds=[(0, 1 / n)] * n + [(0, 1)] * n,
            method="highs",
            options=options,
        )
        if solved.status == 0:
            mixture: Vector = solved.x[:n] + solved.x[n:]
            return mixture
    raise RunError(f"no equilibrium was found: {solved.message}")


def max_entropy_nash(game: Matrix) -> Vector:
    """(N,): the equilibrium of maximum entropy, which is unique, where copies share the mass of one agent.

    Agents with equal rows are one agent until the end. Entropy alone would prefer mixtures with many copies where
    several equilibria exist, so that a copy could change the others' values, which Balduzzi et al. 2018 rule out.
    """
    rows = np.round(_scaled(game) / TIE) + 0.0  # no minus zero
    _, firsts, kinds, copies = np.unique(
        rows, axis=0, return_index=True, return_inverse=True, return_counts=True
    )
    return (_most_even(game[np.ix_(firsts, firsts)]) / copies)[kinds]


def _most_even(game: Matrix) -> Vector:
    """(N,): the equilibrium of maximum entropy of agents that all differ.

    Among the p that are zero outside the support and have game @ p <= 0 (= 0 on the support), entropy is largest where
    p is proportional to exp(-prices @ game) for the prices, >= 0 outside the support, that minimise the logarithm of
    the sum: smooth and convex, solved by Newton's method with projected bounds (Bertsekas 1982). Payoffs that differ by
    many powers of ten leave that without enough digits: then the equilibrium that showed the support is the answer.
    """
    inner, scaled = _inner(game), _scaled(game)
    inside = inner > 0
    rows_NS = scaled[:, inside]
    prices = np.zeros(len(game))
    for _ in range(_STEPS):
        _, mixture_S = _normalised(prices, rows_NS)
        slope = -rows_NS @ mixture_S
        error = np.where(inside, abs(slope), abs(np.minimum(prices, slope))).max()
        if error < _EXACT:
            break

        # A price at its bound moves only where the slope leads away from the bound.
        moving = inside | (prices > min(error, 1e-6)) | (slope < 0)
        step = np.zeros(len(game))
        step[moving] = _newton(rows_NS[moving], mixture_S, slope[moving], error)
        prices = _line_search(prices, step, slope, rows_NS, inside)

    # Kept only if it is as good an equilibrium as the one that showed the support.
    even = np.zeros(len(game))
    even[inside] = _normalised(prices, rows_NS)[1]
    return even if (scaled @ even).max() <= max(TIE, (scaled @ inner).max()) else inner


def _normalised(prices: Vector, rows_NS: Matrix) -> tuple[float, Vector]:
    """The logarithm of the sum of exp(-prices @ rows), and those terms divided by their sum."""
    exponents = -prices @ rows_NS
    terms = np.exp(exponents - exponents.max())
    return float(exponents.max() + np.log(terms.sum())), terms / terms.sum()


def _newton(rows: Matrix, mixture: Vector, slope: Vector, error: float) -> Vector:
    """The step to the minimum of the second-order model, damped in proportion to the error: rows may be redundant."""
    mean = rows @ mixture
    curvature = (rows * mixture) @ rows.T - np.outer(mean, mean)
    damping = 1e-13 + 1e-3 * min(error, 1e-3)
    return np.linalg.solve(curvature + damping * np.eye(len(rows)), -slope).astype(
        np.float64
    )


def _line_search(
    prices: Vector, step: Vector, slope: Vector, rows_NS: Matrix, free: NDArray[np.bool_]
) -> Vector:
    """The prices after the longest of the steps 1, 1/2, 1/4... that lowers the level enough (Armijo's rule)."""
    level = _normalised(prices, rows_NS)[0]
    length = 1.0
    while True:
        moved = prices + length * step
        moved = np.where(free, moved, np.maximum(moved, 0))
        enough = level + 1e-4 * slope @ (moved - prices) + _EXACT
        if length < _SHORTEST or _normalised(moved, rows_NS)[0] <= enough:
            return moved
        length /= 2


def _scaled(game: Matrix) -> Matrix:
    """The game with 1 as its largest payoff; all zero stays all zero."""
    largest = float(np.abs(game).max())
    return game / largest if largest else game


def _linprog() -> Any:
    require_package("scipy", "equilibria", "league")
    from scipy.optimize import linprog

    return linprog
