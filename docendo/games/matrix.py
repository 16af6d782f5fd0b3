"""Games with known answers for two players with the same rules for both; what one gets the other pays.

Axes: S states in which a player moves, A actions, N policies. A policy is (S, A): every row holds probabilities.
`...` axes are any number of policies at once.
"""

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import ArrayLike, NDArray

from docendo.errors import UserError

__all__ = [
    "Array",
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

Array = NDArray[np.float64]


class Game(Protocol):
    """Symmetric: where the seats differ, each player has each seat in half of the games."""

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

    def reach(self, policy_SA: Array) -> Array:
        """How likely a policy's own moves lead to each state, (..., S), where all else does; 1 at an opening."""
        ...

    def values(self, mine_SA: Array, theirs_SA: Array) -> Array:
        """What each action is worth, (..., S, A), against one policy or several.

        Its mean payoff where the player goes on by `mine_SA`, times how likely all else leads to the state.
        """
        ...


@dataclass(frozen=True)
class MatrixGame:
    """One simultaneous move: `payoffs_AA` says what the row gets. Raises UseError where it is not antisymmetric."""

    name: str
    payoffs_AA: tuple[tuple[float, ...], ...]

    def __post_init__(self) -> None:
        square = all(len(row) == len(self.payoffs_AA) for row in self.payoffs_AA)
        negative = tuple(tuple(-x for x in row) for row in self.payoffs_AA)
        if (
            not square
            or tuple(zip(*self.payoffs_AA, strict=True)) != negative
            or not any(map(any, negative))
        ):
            raise UserError(
                f"{self.name}: payoffs wanted that add up to 0 over the seats, not all 0: {self.payoffs_AA}"
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

    def reach(self, policy_SA: Array) -> Array:
        return np.ones(policy_SA.shape[:-1])

    def values(self, mine_SA: Array, theirs_SA: Array) -> Array:
        return np.asarray(theirs_SA @ np.transpose(self.payoffs_AA))


def rock_paper_scissors() -> MatrixGame:
    """Paper beats rock, scissors beat paper, rock beats scissors: a win is 1. The equilibrium is (1/3, 1/3, 1/3)."""
    return MatrixGame("rock-paper-scissors", ((0, -1, 1), (1, 0, -1), (-1, 1, 0)))


def biased_rock_paper_scissors() -> MatrixGame:
    """Rock, paper, scissors where rock's win over scissors counts 2. The equilibrium is (1/4, 1/2, 1/4)."""
    return MatrixGame("biased rock-paper-scissors", ((0, -1, 2), (1, 0, -1), (-2, 1, 0)))


def disc_game(points: int = 5) -> MatrixGame:
    """Points on a circle, `points` >= 3 of them evenly spaced: each beats the half turn after it, by the sine between.

    The disc game of Balduzzi et al. (2019), all cycle and no skill. Evenly played points are an equilibrium.
    """
    if points < 3:
        raise UserError(f"disc game: at least 3 points are wanted: {points}")
    angles = 2 * np.pi * np.arange(points) / points
    sines = np.triu(np.sin(np.subtract.outer(angles, angles).T))
    return MatrixGame(
        f"disc game of {points}", tuple(map(tuple, (sines - sines.T).tolist()))
    )


def payoffs(game: Game, mine_SA: Array, theirs_NSA: ArrayLike) -> Array:
    """What a policy gets on average against each of N policies, (N,)."""
    values_NSA = game.values(mine_SA, np.asarray(theirs_NSA))
    return np.asarray((mine_SA * values_NSA)[:, game.opening_S].sum(axis=(1, 2)))


def payoff(game: Game, mine_SA: Array, theirs_SA: Array) -> float:
    """What the first policy gets on average against the second."""
    return float(payoffs(game, mine_SA, [theirs_SA])[0])


def uniform(game: Game) -> Array:
    """The policy that does everything equally often, (S, A)."""
    return np.full((game.opening_S.size, game.actions), 1 / game.actions)


def best_response(game: Game, theirs_SA: Array) -> Array:
    """The policy that gets most from `theirs_SA`, (S, A), each row one action with probability 1; ties to the first.

    Exact: the last moves are right after the first pass, and each pass makes those right that come before them.
    """
    answer_SA = uniform(game)
    for _ in range(game.depth):
        answer_SA = np.eye(game.actions)[game.values(answer_SA, theirs_SA).argmax(axis=1)]
    return answer_SA


def exploitability(game: Game, policy_SA: Array) -> float:
    """What the best response gets from a policy, >= 0; 0 at an equilibrium, since the game is symmetric and worth 0.

    Half of what is called NashConv.
    """
    return max(0.0, payoff(game, best_response(game, policy_SA), policy_SA))


def mixture(game: Game, policies_NSA: ArrayLike, weights_N: ArrayLike) -> Array:
    """One policy that does to every opponent what drawing one of N policies before each game would do, (S, A).

    A row is the mean of the policies' rows by their weight times how likely each leads to that state (Kuhn 1953).
    `weights_N` are probabilities, and all that counts in a state to which no policy leads.
    """
    rows_NSA = np.asarray(policies_NSA)
    drawn_NS = np.repeat(np.asarray(weights_N, float)[:, None], rows_NSA.shape[1], axis=1)
    there_NS = drawn_NS * game.reach(rows_NSA)
    parts_NS = np.where(there_NS.sum(axis=0) > 0, there_NS, drawn_NS)
    return np.asarray(np.einsum("ns,nsa->sa", parts_NS / parts_NS.sum(axis=0), rows_NSA))
