"""Ratings from results: Bradley-Terry by maximum likelihood with intervals, and openskill's.

Axes: N agents. `wins` is (N, N): how often the row beat the column, a draw half for each.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from docendo.analysis.matrices import Matrix, Vector
from docendo.errors import UserError, require_package
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
"""A smaller share of games won counts as none: the likelihood's maximum cannot be computed."""


class Skills(NamedTuple):
    """(N,) each, in openskill's units: new agents have mean 25 and deviation 25/3."""

    mean: Vector
    deviation: Vector


def fit_bradley_terry(wins: Matrix) -> Ratings:
    """Bradley-Terry ratings of maximum likelihood; where that does not exist, with a draw against a phantom for each.

    Raises UserError where a count is negative.
    """
    n = len(wins)
    if (wins < 0).any():
        row, column = np.argwhere(wins < 0)[0]
        raise UserError(
            f"wins[{row}][{column}] is {wins[row, column]:g}; expected a count of 0 or more"
        )

    games = np.where(np.eye(n, dtype=bool), 0.0, wins)
    # Somebody without a chain of wins to all others would have an infinite rating; a drawn game
    # of each against a phantom makes all of them finite.
    if not reachable_pairs(games > _NEVER * (games + games.T)).all():
        games = np.pad(games, (0, 1), constant_values=0.5)
        games[-1, -1] = 0

    fitted = _fit(games)
    rating = fitted[:n] - fitted[:n].mean()
    # The curvature is singular, since all ratings may be shifted; 1/N fixes their mean.
    covariance = np.linalg.inv(_curvature(games, fitted) + 1 / len(games))[:n, :n]
    # The interval is of a rating less the mean of all, as it is shown.
    centre = np.eye(n) - 1 / n
    half = NORMAL_QUANTILE * np.sqrt(np.diag(centre @ covariance @ centre))
    return Ratings(rating, rating - half, rating + half)


def _fit(wins: Matrix) -> Vector:
    """Ratings of maximum likelihood, by Newton's method with steps halved until it rises.

    From everybody a chain of wins must lead to everybody else.
    """
    ratings = np.zeros(len(wins))
    likelihood = _likelihood(wins, ratings)
    for _ in range(1000):
        slope = (wins - (wins + wins.T) * _win_probabilities(ratings)).sum(1)
        # Singular, as all ratings may be shifted: 1/N keeps their mean at 0.
        step = np.linalg.solve(_curvature(wins, ratings) + 1 / len(wins), slope)
        next_likelihood = _likelihood(wins, ratings + step)
        while next_likelihood < likelihood and np.abs(step).max() > 1e-13:
            step /= 2
            next_likelihood = _likelihood(wins, ratings + step)

        ratings = ratings + step
        likelihood = next_likelihood
        if np.abs(step).max() < 1e-12:
            break
    return ratings


def _win_probabilities(ratings: Vector) -> Matrix:
    """(N, N): the probability that the row beats the column."""
    # In logarithms: a lead of a thousand neither overflows nor becomes exactly 1.
    differences = ratings[None, :] - ratings[:, None]
    return np.exp(-np.logaddexp(0, differences))


def _likelihood(wins: Matrix, ratings: Vector) -> float:
    differences = ratings[None, :] - ratings[:, None]
    return -float((wins * np.logaddexp(0, differences)).sum())


def _curvature(wins: Matrix, ratings: Vector) -> Matrix:
    """The negative second derivative of the likelihood, which is a graph's Laplacian."""
    probabilities = _win_probabilities(ratings)
    weights = (wins + wins.T) * probabilities * probabilities.T
    return np.diag(weights.sum(1)) - weights


def reachable_pairs(edges: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """(N, N): whether a path of edges leads from the row to the column; everybody reaches itself."""
    reached = edges | np.eye(len(edges), dtype=bool)
    # Each squaring doubles the length of the paths.
    for _ in range(len(edges).bit_length()):
        paths = reached.astype(np.float32)
        reached = paths @ paths > 0
    return reached


def fit_openskill(wins: Matrix) -> Skills:
    """Plackett-Luce ratings of openskill from one match a pair, won by who won more of their games.

    Pairs are played in the rounds of a round robin, so that nobody's matches come all at once.
    Pairs that never met are left out. Needs openskill.
    """
    require_package("openskill", "ratings", "league")
    from openskill.models import PlackettLuce

    model = PlackettLuce()
    ratings = [model.rating() for _ in wins]
    for i, j in _round_robin(len(wins)):
        scores = [float(wins[i, j]), float(wins[j, i])]
        if any(scores):
            teams = [[ratings[i]], [ratings[j]]]
            (ratings[i],), (ratings[j],) = model.rate(teams, scores=scores)
    means = np.array([rating.mu for rating in ratings])
    deviations = np.array([rating.sigma for rating in ratings])
    return Skills(means, deviations)


def _round_robin(count: int) -> list[tuple[int, int]]:
    """Every pair once, in rounds in which nobody plays twice: the circle method."""
    places = count + count % 2
    circle = list(range(places))
    # One place stays, the others turn; an odd count has an empty place.
    pairs = []
    for _ in range(places - 1):
        pairs += [(circle[i], circle[-1 - i]) for i in range(places // 2)]
        circle = [circle[0], circle[-1], *circle[1:-1]]
    return [pair for pair in pairs if max(pair) < count]
