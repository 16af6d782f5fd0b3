"""Kuhn poker in words (Kuhn 1950), and players that are programs.

Three cards, one for each player, one chip each in the pot. A player checks or bets one more
chip; the answer to a bet is to fold or to call. Payoffs are halved, so that the two chips
of a called bet are the full stake of 1.
"""

import re
from dataclasses import dataclass
from itertools import permutations
from random import Random

from docendo.errors import UserError
from docendo.games.kuhn_exact import equilibrium
from docendo.games.text_game import Moves, TextGame, legal_moves_in
from docendo.records import Request

__all__ = ["KUHN", "KUHN_STATES", "EquilibriumPlayer", "play_always_bet"]

_RANKS = {"jack": "lowest", "queen": "middle", "king": "highest"}
_CARDS = tuple(_RANKS)
_OPEN = ("check", "bet")
_ANSWER = ("fold", "call")
_LEGAL = {
    (): _OPEN,
    ("check", "bet"): _ANSWER,
    ("check",): _OPEN,
    ("bet",): _ANSWER,
}
"""By the moves so far, in the order of `KuhnPoker`'s states."""
KUHN_STATES = [" ".join((card, *moves)) for moves in _LEGAL for card in _CARDS]
"""The information sets, ordered as the rows of a policy in `docendo.games.kuhn_exact`."""
# As `_view` writes it, and the prompt goes on after it.
_VIEW = re.compile(r"Your card: (jack|queen|king), .*\nMoves so far: (.+)\.\n")


def _hand(deal: str, seat: int) -> str:
    return deal.split()[seat]


def _view(hand: str, moves: Moves) -> str:
    history = ", ".join(moves) or "none"
    return f"Your card: {hand}, the {_RANKS[hand]} of three.\nMoves so far: {history}."


def _legal(hand: str, moves: Moves) -> Moves:
    return _LEGAL.get(moves, ())


def _payoff(deal: str, moves: Moves) -> float:
    if moves[-1] == "fold":
        # After two moves the second player folded, after three the first.
        return 0.5 if len(moves) == 2 else -0.5
    first, second = map(_CARDS.index, deal.split())
    stake = 1.0 if moves[-1] == "call" else 0.5
    return stake if first > second else -stake


KUHN = TextGame(
    name="kuhn",
    rules="Poker with three cards. Both players put in 1 chip and get one card each. "
    "A bet is 1 more chip. The higher card wins.",
    deals=tuple(map(" ".join, permutations(_CARDS, 2))),
    hand=_hand,
    view=_view,
    legal=_legal,
    payoff=_payoff,
)


@dataclass(frozen=True)
class EquilibriumPlayer:
    """A player that nobody beats in the long run (Kuhn 1950).

    It reads its prompt like any agent.

    Best play against it loses 1/18 chip a deal as the first player and wins as much as the
    second. `alpha`, in [0, 1/3], is how often the first player bets a jack: there is a
    family of equilibria.
    """

    alpha: float = 1 / 3

    def __post_init__(self) -> None:
        equilibrium(self.alpha)

    def __call__(self, request: Request) -> str:
        view = _VIEW.search(request.messages[-1].content)
        if view is None:
            raise UserError(
                f"{request.agent} is a program that plays Kuhn poker; "
                "it cannot answer anything else"
            )

        # a bet and a call are the second of two legal moves
        hand, history = view.groups()
        moves = () if history == "none" else tuple(history.split(", "))
        rng = Random(request.seed)
        is_bold = rng.random() < self.bet_probability(hand, moves)
        return f"Answer: {legal_moves_in(request)[is_bold]}"

    def bet_probability(self, hand: str, moves: Moves) -> float:
        """The probability to bet, or to call a bet."""
        state = KUHN_STATES.index(" ".join((hand, *moves)))
        return float(equilibrium(self.alpha)[state, 1])


def play_always_bet(request: Request) -> str:
    """A player of Kuhn poker that bets whatever it holds and calls every bet."""
    return f"Answer: {'bet' if 'bet' in legal_moves_in(request) else 'call'}"
