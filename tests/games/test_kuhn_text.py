"""Kuhn poker's tree, and the players that are programs."""

from collections import Counter
from collections.abc import Callable
from fractions import Fraction
from itertools import product

import pytest

from docendo.errors import UserError
from docendo.games.kuhn_text import KUHN, EquilibriumPlayer, play_always_bet
from docendo.games.text_game import Turn, information_sets, read_move
from docendo.games.tictactoe import TIC_TAC_TOE
from docendo.records import Request
from tests.toys import ANN

CARDS = {"jack", "queen", "king"}
Policy = Callable[[str, tuple[str, ...]], float]
"""(hand, moves) -> the probability of the second legal move, which puts a chip in."""


def value(first: Policy, second: Policy) -> Fraction:
    """What the first player wins on average, exactly."""

    def after(deal: str, moves: tuple[str, ...]) -> Fraction:
        turn = KUHN.turn(deal, moves)
        if turn is None:
            return Fraction(KUHN.payoff(deal, moves))
        dares = Fraction((first, second)[turn.seat](turn.hand, moves)).limit_denominator(
            10**6
        )
        careful, bold = (after(deal, (*moves, choice)) for choice in turn.legal)
        return (1 - dares) * careful + dares * bold

    return sum((after(deal, ()) for deal in KUHN.deals), Fraction()) / 6


def pure(seat: int) -> list[Policy]:
    """All 64 policies of a seat that never mix."""
    mine = [t for t in information_sets(KUHN) if t.seat == seat]
    tables = [
        {(t.hand, t.moves): d for t, d in zip(mine, dares, strict=True)}
        for dares in product((0, 1), repeat=6)
    ]
    return [lambda hand, moves, table=table: table[hand, moves] for table in tables]


@pytest.mark.parametrize(
    ("moves", "legal"),
    [
        ("", "check bet"),
        ("check", "check bet"),
        ("bet", "fold call"),
        ("check bet", "fold call"),
        ("check check", ""),
        ("bet fold", ""),
        ("bet call", ""),
        ("check bet fold", ""),
        ("check bet call", ""),
    ],
)
def test_the_tree_has_four_turns_and_five_ends(moves: str, legal: str) -> None:
    assert {KUHN.legal(card, tuple(moves.split())) for card in CARDS} == {
        tuple(legal.split())
    }


@pytest.mark.parametrize(
    ("deal", "moves", "payoff"),
    [
        ("king jack", "check check", 0.5),
        ("jack queen", "check check", -0.5),
        ("jack king", "bet fold", 0.5),
        ("king queen", "bet call", 1.0),
        ("queen king", "bet call", -1.0),
        ("king jack", "check bet fold", -0.5),
        ("queen jack", "check bet call", 1.0),
        ("jack king", "check bet call", -1.0),
    ],
)
def test_payoffs_are_in_units_of_two_chips(deal: str, moves: str, payoff: float) -> None:
    assert KUHN.payoff(deal, tuple(moves.split())) == payoff


def test_there_are_six_equally_likely_deals() -> None:
    assert set(KUHN.deals) == {f"{a} {b}" for a in CARDS for b in CARDS if a != b}
    assert Counter(KUHN.draw(12, seed=3)) == dict.fromkeys(KUHN.deals, 2)
    first = Counter(KUHN.draw(1, seed)[0] for seed in range(6000))
    assert len(first) == 6
    assert all(900 < count < 1100 for count in first.values())


def test_the_information_sets_are_six_for_each_player() -> None:
    found = information_sets(KUHN)
    assert {(t.seat, t.name) for t in found} == {
        (seat, f"{card}{moves}")
        for seat, ends in enumerate((("", " check bet"), (" check", " bet")))
        for card in CARDS
        for moves in ends
    }
    assert len(found) == len({t.prompt() for t in found}) == 12


def test_a_prompt_shows_the_players_own_card_and_no_other() -> None:
    for turn in information_sets(KUHN):
        text = " ".join(m.content for m in turn.prompt()).lower()
        assert turn.hand in text
        assert not any(card in text for card in CARDS - {turn.hand})


def test_the_view_states_the_card_its_rank_and_the_moves_so_far() -> None:
    assert (
        Turn(KUHN, "queen").view
        == "Your card: queen, the middle of three.\nMoves so far: none."
    )
    assert Turn(KUHN, "jack", ("check", "bet")).view == (
        "Your card: jack, the lowest of three.\nMoves so far: check, bet."
    )


@pytest.mark.parametrize("alpha", [0, 1 / 6, 1 / 3])
def test_at_equilibrium_the_first_player_loses_an_eighteenth_of_a_chip(
    alpha: float,
) -> None:
    """Kuhn (1950): the value is -1/18 chip; a payoff of 1 is two chips."""
    play = EquilibriumPlayer(alpha).bet_probability
    assert value(play, play) == Fraction(-1, 36)
    assert max(value(other, play) for other in pure(0)) == Fraction(-1, 36)
    assert min(value(play, other) for other in pure(1)) == Fraction(-1, 36)


def test_an_equilibrium_parameter_out_of_range_is_refused() -> None:
    for alpha in (-0.1, 0.5, float("nan")):
        with pytest.raises(UserError, match="bluffs in 0 to 1/3"):
            EquilibriumPlayer(alpha)


@pytest.mark.parametrize("turn", information_sets(KUHN), ids=lambda t: t.name)
def test_the_equilibrium_player_reads_its_prompt_and_mixes_as_it_should(turn: Turn) -> None:
    player = EquilibriumPlayer(0.2)
    made = [
        read_move(player(Request(ANN, turn.prompt(), seed)), turn.legal)
        for seed in range(2000)
    ]
    assert {verdict.score for _, verdict in made} == {1.0}
    dared = sum(choice == turn.legal[1] for choice, _ in made) / 2000
    wanted = player.bet_probability(turn.hand, turn.moves)
    assert dared == wanted if wanted in (0, 1) else abs(dared - wanted) < 0.04


def test_the_equilibrium_player_refuses_other_prompts() -> None:
    with pytest.raises(UserError, match="ann is a program that plays Kuhn poker"):
        EquilibriumPlayer()(Request(ANN, Turn(TIC_TAC_TOE, "").prompt(), 0))


def test_the_always_bet_player_calls_every_bet() -> None:
    for turn in information_sets(KUHN):
        assert (
            read_move(play_always_bet(Request(ANN, turn.prompt(), 0)), turn.legal)[0]
            == turn.legal[1]
        )


def test_the_always_bet_player_loses_to_waiting_for_the_king() -> None:
    def bold(hand: str, moves: tuple[str, ...]) -> float:
        return 1

    best = max(value(other, bold) for other in pure(0))
    assert value(bold, bold) == 0
    assert best == Fraction(1, 6)
