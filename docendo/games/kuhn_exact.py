"""Kuhn poker, solved exactly: three cards, one chip each, one bet of one more chip.

It is the smallest poker in which bluffing pays. The first player checks or bets. A bet is
folded or called. After a check the second player may bet, which the first folds or calls.
At a showdown the higher card takes the pot. The game is worth -1/18 to the first player
(Kuhn 1950).

Axes: S = 12 states, three cards (the lowest first) at each of four moments: the first
player's opening; its answer to a bet after its check; the second player's move after a
check; its answer to a bet. A = 2 actions: check or fold, bet or call. C my card, D the
other's.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from docendo.errors import UserError
from docendo.interfaces import FloatArray

__all__ = ["KuhnPoker", "equilibrium", "first_seat_payoff"]

_DEALS_DC: FloatArray = (1 - np.eye(3)) / 6
"""The probability of each pair of cards."""

_RANK_LEAD_DC = np.arange(3) - np.arange(3)[:, None]
_POT_DC: FloatArray = _DEALS_DC * np.sign(_RANK_LEAD_DC)
"""The value of a showdown without a bet to me, times the probability of the cards."""


@dataclass(frozen=True)
class KuhnPoker:
    """Each player has each seat in half of the games, so that the whole game is worth 0."""

    name: str = "Kuhn poker"
    actions: int = 2
    depth: int = 2
    stakes: float = 2.0

    @property
    def opening_S(self) -> NDArray[np.bool_]:  # noqa: N802
        return np.repeat([True, False, True, True], 3)

    def reach(self, policy_SA: FloatArray) -> FloatArray:
        # the only state behind a move of one's own: the answer to a bet after one's check
        reach_S = np.ones(policy_SA.shape[:-1])
        reach_S[..., 3:6] = policy_SA[..., :3, 0]
        return reach_S

    def values(self, mine_SA: FloatArray, theirs_SA: FloatArray) -> FloatArray:
        # how often the other bets or calls, (..., S) to four times (..., D), by moment
        bet_S = theirs_SA[..., 1]
        bet_MD = bet_S.reshape(*bet_S.shape[:-1], 4, 3)
        opens_D, answers_D, bets_D, calls_D = np.moveaxis(bet_MD, -2, 0)

        # The game tree is walked for all deals at once, from its leaves to its root.
        # In the first seat a check ends in a showdown, or in my answer to their bet.
        answer_CA = _answer(bets_D)
        checked_C = (1 - bets_D) @ _POT_DC
        check_C = checked_C + (mine_SA[3:6] * answer_CA).sum(axis=-1)
        bet_C = _bet(np.ones(3), calls_D)
        opening_CA = np.stack([check_C, bet_C], axis=-1)

        # In the second seat they have opened: by a check or by a bet.
        check_C = (1 - opens_D) @ _POT_DC
        bet_C = _bet(1 - opens_D, answers_D)
        after_check_CA = np.stack([check_C, bet_C], axis=-1)

        # Each seat is taken in half of the games.
        moments = [opening_CA, answer_CA, after_check_CA, _answer(opens_D)]
        return np.asarray(np.concatenate(moments, axis=-2) / 2)


def _bet(reach_D: FloatArray, calls_D: FloatArray) -> FloatArray:
    """The value of a bet with each card, (..., C).

    `reach_D` is the probability that the other player is there, `calls_D` that it then
    calls.
    """
    folded_C = reach_D * (1 - calls_D) @ _DEALS_DC
    called_C = 2 * (reach_D * calls_D) @ _POT_DC
    return np.asarray(folded_C + called_C)


def _answer(bets_D: FloatArray) -> FloatArray:
    """The values of folding and of calling with each card, (..., C, A).

    The other player bets by `bets_D`.
    """
    fold_C = -bets_D @ _DEALS_DC
    call_C = 2 * bets_D @ _POT_DC
    return np.stack([fold_C, call_C], axis=-1)


def first_seat_payoff(mine_SA: FloatArray, theirs_SA: FloatArray) -> float:
    """The mean payoff of `mine_SA` in the first seat; -1/18 if both are at an equilibrium."""
    values_SA = KuhnPoker().values(mine_SA, theirs_SA)
    return 2 * float((mine_SA * values_SA)[:3].sum())


def equilibrium(bluff: float = 0.0) -> FloatArray:
    """The equilibrium in which the first player bets its lowest card by `bluff`, (S, A).

    `bluff` is in 0 to 1/3: the first player has one equilibrium for each such number, the
    second only one (Kuhn 1950).
    """
    if not 0 <= bluff <= 1 / 3:
        raise UserError(
            f"Kuhn poker: an equilibrium bluffs in 0 to 1/3 of the games, got {bluff}"
        )
    # how often the lowest, the middle and the highest card bet or call
    opens = (bluff, 0.0, 3 * bluff)
    answers = (0.0, bluff + 1 / 3, 1.0)
    bets = (1 / 3, 0.0, 1.0)
    calls = (0.0, 1 / 3, 1.0)
    bet_S = np.array([*opens, *answers, *bets, *calls])
    return np.stack([1 - bet_S, bet_S], axis=1)
