"""Kuhn poker: three cards, one chip each, one bet of one more chip. The smallest poker in which bluffing pays.

The first player checks or bets. A bet is folded or called. After a check the second player may bet, which the first
folds or calls. At a showdown the higher card takes the pot. Worth -1/18 to the first player (Kuhn 1950).

Axes: S = 12 states, three cards (the lowest first) at each of four moments: the first player's opening; its answer to
a bet that met its check; the second player's move after a check; its answer to a bet. A = 2 actions: check or fold, bet
or call. C my card, D the other's.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from docendo.errors import UserError
from docendo.games.matrix import Array

__all__ = ["KuhnPoker", "equilibrium", "first_seat_payoff"]

_DEALS_DC: Array = (1 - np.eye(3)) / 6
"""How likely each pair of cards is."""

_POT_DC: Array = _DEALS_DC * np.sign(np.subtract.outer(range(3), range(3)).T)
"""What showing the cards is worth to me where nobody has bet, times how likely the cards are."""


@dataclass(frozen=True)
class KuhnPoker:
    """Each player has each seat in half of the games, so that the game as a whole is worth 0."""

    name: str = "Kuhn poker"
    actions: int = 2
    depth: int = 2
    stakes: float = 2.0

    @property
    def opening_S(self) -> NDArray[np.bool_]:  # noqa: N802
        return np.repeat([True, False, True, True], 3)

    def reach(self, policy_SA: Array) -> Array:
        reach_S = np.ones(policy_SA.shape[:-1])
        reach_S[..., 3:6] = policy_SA[..., :3, 0]
        return reach_S

    def values(self, mine_SA: Array, theirs_SA: Array) -> Array:
        """The tree walked for all deals at once, from its leaves to its root."""
        opens_D, answers_D, bets_D, calls_D = np.moveaxis(
            theirs_SA[..., 1].reshape(*theirs_SA.shape[:-2], 4, 3), -2, 0
        )
        answer_CA = _answer(bets_D)
        check_C = (1 - bets_D) @ _POT_DC + (mine_SA[3:6] * answer_CA).sum(axis=-1)
        opening_CA = np.stack([check_C, _bet(np.ones(3), calls_D)], axis=-1)
        after_check_CA = np.stack(
            [(1 - opens_D) @ _POT_DC, _bet(1 - opens_D, answers_D)], axis=-1
        )
        return (
            np.concatenate(
                [opening_CA, answer_CA, after_check_CA, _answer(opens_D)], axis=-2
            )
            / 2
        )


def _bet(there_D: Array, calls_D: Array) -> Array:
    """What a bet is worth with each card, (..., C), against those who are there and call so often."""
    return there_D * (1 - calls_D) @ _DEALS_DC + 2 * (there_D * calls_D) @ _POT_DC


def _answer(bets_D: Array) -> Array:
    """What folding and calling are worth with each card, (..., C, A), against those who bet so often."""
    return np.stack([-bets_D @ _DEALS_DC, 2 * bets_D @ _POT_DC], axis=-1)


def first_seat_payoff(mine_SA: Array, theirs_SA: Array) -> float:
    """What `mine_SA` gets on average in the first seat; -1/18 where both are at an equilibrium."""
    return 2 * float((mine_SA * KuhnPoker().values(mine_SA, theirs_SA))[:3].sum())


def equilibrium(bluff: float = 0.0) -> Array:
    """The equilibrium in which the first player bets its lowest card with probability `bluff`, in 0 to 1/3, (S, A).

    The first player has one for every such number, the second only one (Kuhn 1950).
    """
    if not 0 <= bluff <= 1 / 3:
        raise UserError(f"Kuhn poker: equilibria bluff in 0 to 1/3 of the games: {bluff}")
    opens, answers = (bluff, 0.0, 3 * bluff), (0.0, bluff + 1 / 3, 1.0)
    bets, calls = (1 / 3, 0.0, 1.0), (0.0, 1 / 3, 1.0)
    bet_S = np.array([*opens, *answers, *bets, *calls])
    return np.stack([1 - bet_S, bet_S], axis=1)
