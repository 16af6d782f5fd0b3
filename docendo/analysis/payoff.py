"""Who is how good, from a payoff matrix alone. Plain nested lists or arrays go in, (N,) arrays and floats come out.

Axes: N agents. Row i, column j of a payoff is what i gets against j; where a function wants it antisymmetric, what one
gets the other loses. All of them raise UserError (a ValueError) for a matrix that is not square, has a single agent or
holds what is no finite number.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from docendo.analysis.equilibrium import max_entropy_nash
from docendo.analysis.matrices import LARGEST, Matrix, Vector, as_antisymmetric, as_square
from docendo.analysis.ratings import fit_bradley_terry
from docendo.analysis.structure import decompose
from docendo.errors import UserError

__all__ = [
    "NashAverage",
    "alpha_rank",
    "bradley_terry",
    "cyclic_share",
    "nash",
    "nash_average",
]


class NashAverage(NamedTuple):
    strategy: Vector
    """(N,): the equilibrium's probabilities."""
    values: Vector
    """(N,): what each agent gets against the equilibrium: 0 for its members, less for those that it beats."""


def nash(payoff: ArrayLike) -> Vector:
    """(N,) probabilities of the maximum-entropy Nash equilibrium: nobody earns anything against this mixture.

    `payoff` is antisymmetric. Of several equilibria this is the most even one (Balduzzi et al. 2018), and it is unique;
    copies of an agent count as one and share its mass. Differences below 1e-9 of the largest payoff count as none.
    Needs scipy.
    """
    return max_entropy_nash(as_antisymmetric(payoff))


def nash_average(payoff: ArrayLike) -> NashAverage:
    """The equilibrium and every agent's payoff against it, in which copies of an agent change nothing.

    Balduzzi et al. 2018 call these values Nash averaging. `payoff` as in `nash`.
    """
    game = as_antisymmetric(payoff)
    strategy = max_entropy_nash(game)
    return NashAverage(strategy, game @ strategy)


def alpha_rank(payoff: ArrayLike, population: int = 50, alpha: float = 100.0) -> Vector:
    """(N,): how much of the time a population of imitators spends at each agent; sums to 1.

    Everybody in a `population` of at least two plays one strategy; now and then one of them tries another, which takes
    over or dies out by pairwise comparison at selection intensity `alpha` >= 0 (0 is uniform). This is the stationary
    distribution of the single-population model of Omidshafiei et al. 2019. `payoff` is that of any symmetric game,
    what a strategy gets against itself included. Everything is computed with logarithms, so a large alpha is exact
    too: no move between strategies is ever rounded to impossible, and the stationary distribution stays unique.
    """
    matrix = as_square(payoff)
    if not (population == int(population) and population >= 2):
        raise UserError(
            f"population is {population}; expected a whole number of at least 2"
        )
    if not 0 <= alpha * max(np.abs(matrix).max(), 1) * population**2 <= LARGEST:
        raise UserError(
            f"alpha is {alpha:g}; expected 0 or more, and finite when multiplied by the payoffs"
        )
    return _stationary(_takeover(matrix, int(population), alpha))


def _takeover(payoff: Matrix, population: int, alpha: float) -> Matrix:
    """(N, N): the logarithm of the probability that one mutant (column) takes over a population of the row's strategy.

    1 / (1 + sum over l of exp(-alpha * sum over k <= l of the mutants' lead when there are k of them)).
    """
    m = population
    self_play = np.diag(payoff)
    summed = np.zeros_like(payoff)
    total = np.zeros_like(payoff)
    for k in range(1, m):
        # Everybody meets the m - 1 others: mutants k - 1 of their own, residents k mutants.
        mutant = payoff.T * (m - k) + self_play[None, :] * (k - 1)
        resident = payoff * k + self_play[:, None] * (m - k - 1)
        summed += (mutant - resident) / (m - 1)
        total = np.logaddexp(total, -alpha * summed)
    return -total


def _stationary(rates: Matrix) -> Vector:
    """(N,): the stationary distribution of the chain that moves from row to column at rates of these logarithms.

    States are taken out one by one (Grassmann, Taksar and Heyman 1985): sums, products and quotients only, so the
    smallest probability has all its digits.
    """
    logs = rates.copy()
    # Without `last` the chain moves as before, by way of `last` too.
    for last in range(len(logs) - 1, 0, -1):
        logs[:last, last] -= np.logaddexp.reduce(logs[last, :last])
        through = logs[:last, last, None] + logs[None, last, :last]
        logs[:last, :last] = np.logaddexp(logs[:last, :last], through)

    # Back again: each state's mass is what flows into it from those before.
    masses = np.zeros(len(logs))
    for last in range(1, len(logs)):
        masses[last] = np.logaddexp.reduce(masses[:last] + logs[:last, last])
    shares: Vector = np.exp(masses - np.logaddexp.reduce(masses))
    return shares


def cyclic_share(payoff: ArrayLike) -> float:
    """Share of the squared payoff that no rating can explain: 0 for a ladder, 1 for a pure cycle.

    On a ladder every payoff is a difference of two ratings. The best rating of agent i is its row mean; what that
    leaves is the cyclic part (Balduzzi et al. 2018). `payoff` is antisymmetric. Raises UserError where it is all zero.
    """
    share = decompose(as_antisymmetric(payoff)).share
    if share is None:
        raise UserError("payoff is all zero: it has no cyclic share")
    return share


def bradley_terry(wins: ArrayLike) -> Vector:
    """(N,) ratings r with mean 0: i beats j with probability 1 / (1 + exp(r_j - r_i)).

    Times 400 / ln 10 they are Elo points. `wins` counts how often the row beat the column, a draw half for each; the
    diagonal is ignored. Maximum likelihood where that exists: from everybody a chain of wins leads to everybody else.
    Otherwise (an undefeated agent, a part that never met the rest) each agent is given one drawn game against a
    phantom of average strength, so that every rating is finite.
    """
    return fit_bradley_terry(as_square(wins, "wins")).rating
