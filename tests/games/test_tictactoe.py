import pytest

from docendo.games.text_game import Turn
from docendo.games.tictactoe import TIC_TAC_TOE


@pytest.mark.parametrize(
    ("moves", "payoff"),
    [
        ("1 4 2 5 3", 1.0),
        ("1 3 2 5 9 7", -1.0),
        ("1 2 4 5 7", 1.0),
        ("5 1 3 9 7", 1.0),
        ("1 2 3 5 4 6 8 7 9", 0.0),
        ("1 2 3 4 5 6 8 7 9", 1.0),
    ],
    ids=[
        "row",
        "diagonal of the second",
        "column",
        "other diagonal",
        "draw",
        "on the last square",
    ],
)
def test_three_in_a_line_wins_and_a_full_board_is_a_draw(moves: str, payoff: float) -> None:
    made = tuple(moves.split())
    assert TIC_TAC_TOE.turn("", made) is None
    assert TIC_TAC_TOE.turn("", made[:-1])
    assert TIC_TAC_TOE.payoff("", made) == payoff


def test_every_free_square_is_legal_until_somebody_wins() -> None:
    assert Turn(TIC_TAC_TOE, "").legal == tuple("123456789")
    assert Turn(TIC_TAC_TOE, "", ("5", "1")).legal == tuple("2346789")


def test_the_view_shows_the_board_and_the_players_mark() -> None:
    assert Turn(TIC_TAC_TOE, "", ("5", "1")).view == "O 2 3\n4 X 6\n7 8 9\nYou are X."
    assert Turn(TIC_TAC_TOE, "", ("5",)).view == "1 2 3\n4 X 6\n7 8 9\nYou are O."
