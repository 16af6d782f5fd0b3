"""Ratings from results: Bradley-Terry by maximum likelihood with intervals, and openskill's.

Axes: N agents. `wins` is (N, N): how often the row beat the column, a draw half for each.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from docendo.analysis.matrices import Matrix, Vector
from docendo.errors import UserError
from docendo.statistics import NORMAL_QUANTILE

__all__ = [
    "ELO",
    "Ratings",
    "Skills",
    "fit_bradley_terry",
    "fit_openskill",
    "reachable_pairs",
]

ELO = 400 / np.log(10)
"""Elo points in one unit of the logarithm of the odds: 400 points are odds of ten to one."""


class Ratings(NamedTuple):
    """(N,) each, logarithms of odds, mean 0."""

    rating: Vector
    low: Vector
    """With `high`, the 95 % interval, from the curvature of the likelihood (Wald)."""
    high: Vector


_NEVER = 1e-6
"""Who won so small a share of its games won none: the likelihood is too flat to have a maximum in numbers."""


class Skills(NamedTuple):
    """(N,) each, in openskill's units: new agents have mean 25 and deviation 25/3."""

    mean: Vector
    deviation: Vector


def fit_bradley_terry(wins: Matrix) -> Ratings:
    """Bradley-Terry ratings of maximum likelihood; where that does not exist, with a draw against a phantom for each.

    Raises UseError where a count is negative.
    """
    n = len(wins)
    if (wins < 0).any():
        row, column = np.argwhere(wins < 0)[0]
        raise UserError(
            f"wins[{row}][{column}] is {wins[row, column]:g}; wanted a count of 0 or more"
        )
    games = np.where(np.eye(n, dtype=bool), 0.0, wins)
    if not reachable_pairs(games > _NEVER * (games + games.T)).all():
        games = np.pad(games, (0, 1), constant_values=0.5)
        games[-1, -1] = 0
    fitted = _fit(games)
    inverse = np.linalg.inv(_curvature(games, fitted) + 1 / len(games))[:n, :n]
    rating, centre = fitted[:n] - fitted[:n].mean(), np.eye(n) - 1 / n
    half = NORMAL_QUANTILE * np.sqrt(np.diag(centre @ inverse @ centre))
    return Ratings(rating, rating - half, rating + half)


def _fit(wins: Matrix) -> Vector:
    """Newton's method, its steps halved until the likelihood rises. Everybody has to be reachable from everybody."""
    ratings, likelihood = np.zeros(len(wins)), _likelihood(wins, np.zeros(len(wins)))
    for _ in range(1000):
        slope = (wins - (wins + wins.T) * _chances(ratings)).sum(1)
        step = np.linalg.solve(_curvature(wins, ratings) + 1 / len(wins), slope)
        while (risen := _likelihood(wins, ratings + step)) < likelihood and np.abs(
            step
        ).max() > 1e-13:
            step /= 2
        ratings, likelihood = ratings + step, risen
        if np.abs(step).max() < 1e-12:
            break
    return ratings


def _chances(ratings: Vector) -> Matrix:
    """(N, N): the probability that the row beats the column."""
    chances: Matrix = np.exp(-np.logaddexp(0, ratings[None, :] - ratings[:, None]))
    return chances


def _likelihood(wins: Matrix, ratings: Vector) -> float:
    return -float((wins * np.logaddexp(0, ratings[None, :] - ratings[:, None])).sum())


def _curvature(wins: Matrix, ratings: Vector) -> Matrix:
    """The negative second derivative: a graph's Laplacian, whose null space is the same for everybody."""
    chances = _chances(ratings)
    weights = (wins + wins.T) * chances * chances.T
    laplacian: Matrix = np.diag(weights.sum(1)) - weights
    return laplacian


def reachable_pairs(edges: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """(N, N): whether a path of edges leads from the row to the column; everybody reaches itself."""
    found = edges | np.eye(len(edges), dtype=bool)
    for _ in range(len(edges).bit_length()):
        steps = found.astype(np.float32)
        found = steps @ steps > 0
    return found


def fit_openskill(wins: Matrix) -> Skills:
    """Plackett-Luce ratings of openskill, one match a pair: who won more of their games won it, as many is a draw.

    Pairs are played in the rounds of a round robin, so that nobody's matches come all at once. Pairs that never met
    are left out. Needs openskill.
    """
    try:
        from openskill.models import PlackettLuce
    except ImportError as error:
        raise UserError(
            "these ratings need openskill: pip install 'docendo[league]'"
        ) from error
    model = PlackettLuce()
    found = [model.rating() for _ in wins]
    for one, other in _round_robin(len(wins)):
        scores = [float(wins[one, other]), float(wins[other, one])]
        if any(scores):
            (found[one],), (found[other],) = model.rate(
                [[found[one]], [found[other]]], scores=scores
            )
    return Skills(np.array([r.mu for r in found]), np.array([r.sigma for r in found]))


def _round_robin(count: int) -> list[tuple[int, int]]:
    """Every pair once, in rounds in which each plays at most one: all but the first walk round a circle."""
    places = count + count % 2
    circle, pairs = list(range(places)), list[tuple[int, int]]()
    for _ in range(places - 1):
        pairs += [(circle[i], circle[-1 - i]) for i in range(places // 2)]
        circle = [circle[0], circle[-1], *circle[1:-1]]
    return [pair for pair in pairs if max(pair) < count]
