"""Tic-tac-toe in words: nothing is hidden, and chance does nothing."""

from docendo.games.text_game import Moves, TextGame

__all__ = ["TIC_TAC_TOE"]

_SQUARES = tuple("123456789")
_LINES = tuple(map(set, ["123", "456", "789", "147", "258", "369", "159", "357"]))


def _view(hand: str, moves: Moves) -> str:
    # an empty square shows its number, which is the move that takes it
    board = " ".join(_SQUARES)
    for turn, square in enumerate(moves):
        board = board.replace(square, "XO"[turn % 2])

    rows = [board[start : start + 5] for start in (0, 6, 12)]
    return "\n".join((*rows, f"You are {'XO'[len(moves) % 2]}."))


def _has_won(moves: Moves) -> bool:
    """Whether the last move made a line."""
    # every second move from the last one backwards is of the same player
    squares = set(moves[-1::-2])
    return any(line <= squares for line in _LINES)


def _legal_moves(hand: str, moves: Moves) -> Moves:
    if _has_won(moves):
        return ()
    return tuple(square for square in _SQUARES if square not in moves)


def _payoff(deal: str, moves: Moves) -> float:
    if not _has_won(moves):
        return 0.0
    return 1.0 if len(moves) % 2 else -1.0


TIC_TAC_TOE = TextGame(
    name="tic-tac-toe",
    rules="Tic-tac-toe. Three of your marks in a row, a column or a diagonal win.",
    deals=("",),
    hand=lambda deal, seat: "",
    view=_view,
    legal=_legal_moves,
    payoff=_payoff,
)
