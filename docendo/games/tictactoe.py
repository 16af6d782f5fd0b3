"""Tic-tac-toe in words: nothing is hidden, and chance does nothing."""

from docendo.games.text_game import TextGame

__all__ = ["TIC_TAC_TOE"]

_SQUARES = tuple("123456789")
_LINES = [set(line) for line in ("123", "456", "789", "147", "258", "369", "159", "357")]


def _view(hand: str, moves: tuple[str, ...]) -> str:
    marks = {square: "XO"[turn % 2] for turn, square in enumerate(moves)}
    rows = [" ".join(marks.get(s, s) for s in _SQUARES[i : i + 3]) for i in (0, 3, 6)]
    return "\n".join((*rows, f"You are {'XO'[len(moves) % 2]}."))


def _won(moves: tuple[str, ...]) -> bool:
    """Whether the last move made a line."""
    return any(line <= set(moves[-1::-2]) for line in _LINES)


def _legal(hand: str, moves: tuple[str, ...]) -> tuple[str, ...]:
    return () if _won(moves) else tuple(s for s in _SQUARES if s not in moves)


def _payoff(deal: str, moves: tuple[str, ...]) -> float:
    if not _won(moves):
        return 0.0
    return 1.0 if len(moves) % 2 else -1.0


TIC_TAC_TOE = TextGame(
    name="tic-tac-toe",
    rules="Tic-tac-toe. Three of your marks in a row, a column or a diagonal win.",
    deals=("",),
    hand=lambda deal, seat: "",
    view=_view,
    legal=_legal,
    payoff=_payoff,
)
