"""Symmetric zero-sum games, exactly: payoffs, best responses and exploitability.

Axes: S states in which a player moves, A actions, N policies. A policy is (S, A): every row
holds probabilities. `...` axes are any number of policies at once.
"""

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import ArrayLike, NDArray

from docendo.errors import UserError
from docendo.interfaces import FloatArray

__all__ = [
    "Game",
    "MatrixGame",
    "best_response",
    "biased_rock_paper_scissors",
    "disc_game",
    "exploitability",
    "mixture",
    "payoff",
    "payoffs",
    "rock_paper_scissors",
    "uniform",
]


class Game(Protocol):
    """A symmetric game.

    Where the seats differ, each player has each seat in half of the games.
    """

    @property
    def name(self) -> str: ...

    @property
    def opening_S(self) -> NDArray[np.bool_]:  # noqa: N802
        """The states before a player's own first move; one of them is in every game."""
        ...

    @property
    def actions(self) -> int: ...

    @property
    def depth(self) -> int:
        """The most moves that one player makes in one game."""
        ...

    @property
    def stakes(self) -> float:
        """The most that can be won."""
        ...

    def reach(self, policy_SA: FloatArray) -> FloatArray:
        """The probability that a policy's moves lead to each state, (..., S); 1 at an opening.

        Chance and the other player are left out: they are taken to lead there.
        """
        ...

    def values(self, mine_SA: FloatArray, theirs_SA: FloatArray) -> FloatArray:
        """The value of each action, (..., S, A), against one policy or several.

        It is the mean payoff of a player that continues by `mine_SA`, times the probability
        that chance and the other player lead to the state.
        """
        ...


@dataclass(frozen=True)
class MatrixGame:
    """One simultaneous move; the row player gets `payoffs_AA`.

    Raises UserError if not antisymmetric.
    """

    name: str
    payoffs_AA: tuple[tuple[float, ...], ...]

    def __post_init__(self) -> None:
        size = len(self.payoffs_AA)
        is_square = all(len(row) == size for row in self.payoffs_AA)
        matrix_AA = np.array(self.payoffs_AA) if is_square else np.zeros((1, 1))
        if not matrix_AA.any() or not np.array_equal(matrix_AA.T, -matrix_AA):
            raise UserError(
                f"{self.name}: expected payoffs that sum to 0 over the seats, not all 0: "
                f"{self.payoffs_AA}"
            )

    @property
    def opening_S(self) -> NDArray[np.bool_]:  # noqa: N802
        return np.ones(1, bool)

    @property
    def actions(self) -> int:
        return len(self.payoffs_AA)

    @property
    def depth(self) -> int:
        return 1

    @property
    def stakes(self) -> float:
        return max(map(max, self.payoffs_AA))

    def reach(self, policy_SA: FloatArray) -> FloatArray:
        return np.ones(policy_SA.shape[:-1])

    def values(self, mine_SA: FloatArray, theirs_SA: FloatArray) -> FloatArray:
        return np.asarray(theirs_SA @ np.transpose(self.payoffs_AA))


def rock_paper_scissors() -> MatrixGame:
    """Paper beats rock, scissors beat paper, rock beats scissors: a win is 1.

    The equilibrium is (1/3, 1/3, 1/3).
    """
    rock = (0, -1, 1)
    paper = (1, 0, -1)
    scissors = (-1, 1, 0)
    return MatrixGame("rock-paper-scissors", (rock, paper, scissors))


def biased_rock_paper_scissors() -> MatrixGame:
    """Rock, paper, scissors where rock's win over scissors counts 2.

    The equilibrium is (1/4, 1/2, 1/4).
    """
    rock = (0, -1, 2)
    paper = (1, 0, -1)
    scissors = (-2, 1, 0)
    return MatrixGame("biased rock-paper-scissors", (rock, paper, scissors))


def disc_game(points: int = 5) -> MatrixGame:
    """Evenly spaced points on a circle.

    Each beats those up to half a turn after it, by the sine between.

    The disc game of Balduzzi et al. (2019), all cycle and no skill. Playing all points
    equally often is an equilibrium. `points` is at least 3.
    """
    if points < 3:
        raise UserError(f"disc game: expected at least 3 points, got {points}")
    angles = 2 * np.pi * np.arange(points) / points
    turns = np.subtract.outer(angles, angles).T
    upper_sines = np.triu(np.sin(turns))
    # one half of the matrix minus its transpose: antisymmetric to the last bit
    rows = (upper_sines - upper_sines.T).tolist()
    return MatrixGame(f"disc game of {points}", tuple(map(tuple, rows)))


def payoffs(game: Game, mine_SA: FloatArray, theirs_NSA: ArrayLike) -> FloatArray:
    """The mean payoff of a policy against each of N policies, (N,)."""
    # every game has exactly one opening state, whose values hold all that follows
    values_NSA = game.values(mine_SA, np.asarray(theirs_NSA))
    opening_values = (mine_SA * values_NSA)[:, game.opening_S]
    return np.asarray(opening_values.sum(axis=(1, 2)))


def payoff(game: Game, mine_SA: FloatArray, theirs_SA: FloatArray) -> float:
    """The mean payoff of the first policy against the second."""
    return float(payoffs(game, mine_SA, [theirs_SA])[0])


def uniform(game: Game) -> FloatArray:
    """The policy that takes every action equally often, (S, A)."""
    shape = (game.opening_S.size, game.actions)
    return np.full(shape, 1 / game.actions)


def best_response(game: Game, theirs_SA: FloatArray) -> FloatArray:
    """The policy with the highest payoff against `theirs_SA`, (S, A).

    Each row has one action. Ties go to the first action.
    """
    # Backward induction: the last moves are right after the first pass, and each pass makes those
    # before them right, so that the result is exact.
    answer_SA = uniform(game)
    for _ in range(game.depth):
        best_S = game.values(answer_SA, theirs_SA).argmax(axis=1)
        answer_SA = np.eye(game.actions)[best_S]
    return answer_SA


def exploitability(game: Game, policy_SA: FloatArray) -> float:
    """The payoff of the best response to a policy, >= 0; 0 at an equilibrium.

    Half of NashConv, since the game is symmetric and worth 0.
    """
    return max(0.0, payoff(game, best_response(game, policy_SA), policy_SA))


def mixture(game: Game, policies_NSA: ArrayLike, weights_N: ArrayLike) -> FloatArray:
    """One policy that plays like one of N policies drawn before each game, (S, A).

    A row is the mean of the policies' rows, weighted by `weights_N` times the probability
    that each leads to that state (Kuhn 1953). Where no policy leads to a state, by
    `weights_N` alone.
    """
    # Bayes' rule: who plays like this here is more likely a policy that leads here.
    rows_NSA = np.asarray(policies_NSA)
    prior_N1 = np.asarray(weights_N, float)[:, None]
    prior_NS = np.repeat(prior_N1, rows_NSA.shape[1], axis=1)
    reached_NS = prior_NS * game.reach(rows_NSA)

    weights_NS = np.where(reached_NS.sum(axis=0) > 0, reached_NS, prior_NS)
    weights_NS = weights_NS / weights_NS.sum(axis=0)
    return np.asarray(np.einsum("ns,nsa->sa", weights_NS, rows_NSA))
