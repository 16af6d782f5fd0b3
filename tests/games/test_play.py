"""Duels between agents: turns, seats, deals, payoffs, and what may be in a prompt."""

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from docendo.engines.wrappers.scripted_agents import WithScripts
from docendo.errors import UserError
from docendo.games.kuhn_text import KUHN, EquilibriumPlayer, play_always_bet
from docendo.games.play import DuelRules, DuelRunner
from docendo.games.text_game import play_random
from docendo.games.tictactoe import TIC_TAC_TOE
from docendo.records import Pairing, Request
from tests.toys import ANN, BOB, CAT, Script, Scripted, duel_rules, pairing, said

GAMES = {g.name: g for g in (KUHN, TIC_TAC_TOE)}
CARDS = {"jack", "queen", "king"}


def room(script: Script, rules: DuelRules | None = None) -> DuelRunner:
    return DuelRunner(
        Scripted(script),
        GAMES,
        {a: f"You are {a}." for a in (ANN, BOB, CAT)},
        rules or duel_rules(),
    )


def mute(request: Request) -> str:
    return "I would rather not say what I do in this situation."


def test_every_deal_is_played_from_both_seats_and_repeated() -> None:
    duels = room(play_random, duel_rules(deals=6, repeats=3)).play(
        7, [pairing(), pairing(BOB, CAT)], seed=1
    )
    assert len(duels) == 2 * 6 * 2 * 3
    assert {(d.round, d.game) for d in duels} == {(7, "kuhn")}
    assert Counter((d.first, d.second, d.deal) for d in duels) == {
        (*players, deal): 3
        for players in ((ANN, BOB), (BOB, ANN), (BOB, CAT), (CAT, BOB))
        for deal in KUHN.deals
    }


def test_the_repetitions_of_a_seating_are_adjacent() -> None:
    duels = room(play_random, duel_rules(deals=2, repeats=4)).play(0, [pairing()], seed=1)
    for i in range(0, len(duels), 4):
        assert len({(d.first, d.deal) for d in duels[i : i + 4]}) == 1


def test_two_always_bet_players_show_their_cards_at_the_full_stake() -> None:
    for d in room(play_always_bet).play(0, [pairing()], seed=1):
        assert [m.choice for m in d.moves] == ["bet", "call"]
        assert d.payoffs == (
            KUHN.payoff(d.deal, ("bet", "call")),
            -KUHN.payoff(d.deal, ("bet", "call")),
        )
        assert set(d.payoffs) == {1.0, -1.0}


def test_equal_players_earn_the_same_where_all_deals_are_played() -> None:
    duels = room(play_always_bet, duel_rules(deals=6)).play(0, [pairing()], seed=1)
    assert sum(d.payoffs[d.first != ANN] for d in duels) == 0


def test_players_move_in_turn_and_see_the_moves_so_far() -> None:
    script = {"none": "Answer: check", "check": "Answer: bet", "check, bet": "Answer: fold"}
    duels = room(lambda r: script[said(r).split("so far: ")[1].split(".")[0]]).play(
        0, [pairing()], seed=1
    )
    for d in duels:
        assert [(m.seat, m.choice) for m in d.moves] == [
            (0, "check"),
            (1, "bet"),
            (0, "fold"),
        ]
        assert d.payoffs == (-0.5, 0.5)
        assert all(
            m.view.startswith(f"Your card: {d.deal.split()[m.seat]}") for m in d.moves
        )


def test_an_illegal_move_loses_the_deal_at_the_full_stake() -> None:
    for d in room(mute).play(0, [pairing()], seed=1):
        (move,) = d.moves
        assert (move.seat, move.choice, move.attempt.verdict) == (0, "", (0.0, "no move"))
        assert d.payoffs == (-1.0, 1.0)


def test_the_second_player_can_break_the_rules_too() -> None:
    for d in room(lambda r: "Answer: bet").play(0, [pairing()], seed=1):
        assert [m.choice for m in d.moves] == ["bet", ""]
        assert d.moves[-1].attempt.verdict.reason == "'bet' is not one of fold, call"
        assert d.payoffs == (1.0, -1.0)


def test_each_ply_of_all_running_duels_is_one_batch() -> None:
    played = room(play_random)
    duels = played.play(
        0, [pairing(), pairing(CAT, ANN), pairing(game="tic-tac-toe")], seed=1
    )
    assert len(played.engine.batches) == max(len(d.moves) for d in duels)
    for ply, batch in enumerate(played.engine.batches):
        assert len(batch) == sum(len(d.moves) > ply for d in duels)
    assert {r.purpose for r in played.engine.requests} == {"duel"}


def test_every_game_request_has_its_own_seed_and_the_limits_of_the_rules() -> None:
    played = room(play_random, duel_rules(max_tokens=9, temperature=0.7))
    played.play(0, [pairing()] * 3, seed=1)
    assert len({r.seed for r in played.engine.requests}) == len(played.engine.requests)
    assert {(r.max_tokens, r.temperature) for r in played.engine.requests} == {(9, 0.7)}
    assert all(
        r.messages[0].content == f"You are {r.agent}." for r in played.engine.requests
    )


def test_the_same_seed_plays_the_same_duels_beside_any_others() -> None:
    alone = room(play_random).play(0, [pairing()], seed=1)
    beside = room(play_random).play(
        0, [pairing(), pairing(CAT, BOB), pairing(game="tic-tac-toe")], seed=1
    )
    assert beside[: len(alone)] == alone
    assert room(play_random).play(0, [pairing()], seed=2) != alone


def test_the_same_pairing_twice_is_played_differently() -> None:
    duels = room(play_random).play(0, [pairing(), pairing()], seed=1)
    assert duels[: len(duels) // 2] != duels[len(duels) // 2 :]


def test_an_agent_may_play_itself() -> None:
    for d in room(play_random).play(0, [pairing(ANN, ANN)], seed=1):
        assert (d.first, d.second) == (ANN, ANN)
        assert [m.seat for m in d.moves] == [i % 2 for i in range(len(d.moves))]


@given(st.integers(0, 2**62))
def test_no_prompt_of_kuhn_poker_shows_the_card_of_the_other_player(seed: int) -> None:
    played = room(play_random, duel_rules(repeats=2))
    duels = played.play(0, [pairing(), pairing(CAT, CAT)], seed)
    shown = iter(played.engine.requests)
    for ply in range(3):
        for d in duels:
            if len(d.moves) > ply:
                mine = d.deal.split()[ply % 2]
                text = said(next(shown))
                assert mine in text
                assert not any(card in text for card in CARDS - {mine})


@given(st.integers(0, 2**62), st.sampled_from(sorted(GAMES)))
def test_payoffs_sum_to_zero_and_stay_within_the_stake(seed: int, game: str) -> None:
    def careless(request: Request) -> str:
        return play_random(request) if request.seed % 8 else "Answer: resign"

    for d in room(careless, duel_rules(deals=2, repeats=2)).play(
        0, [pairing(game=game)], seed
    ):
        assert sum(d.payoffs) == 0
        assert -1 <= d.payoffs[0] <= 1
        assert [m.choice == "" for m in d.moves[:-1]] == [False] * (len(d.moves) - 1)
        if d.moves[-1].choice == "":
            assert d.payoffs[d.moves[-1].seat] == -1
        else:
            assert d.payoffs[0] == GAMES[game].payoff(
                d.deal, tuple(m.choice for m in d.moves)
            )


@given(st.text(st.characters(exclude_categories=()), max_size=100))
def test_a_duel_ends_whatever_the_players_write(text: str) -> None:
    for d in room(lambda _: text, duel_rules(deals=1, repeats=2)).play(
        0, [pairing()], seed=1
    ):
        assert sum(d.payoffs) == 0


def test_programs_and_agents_play_each_other() -> None:
    engine = WithScripts(Scripted(mute), {CAT: EquilibriumPlayer()})
    duels = DuelRunner(engine, GAMES, {ANN: "", CAT: ""}, duel_rules()).play(
        0, [pairing(ANN, CAT)], seed=1
    )
    assert {d.payoffs[d.first != CAT] for d in duels if d.first == ANN} == {1.0}
    for d in duels:
        for m in d.moves:
            assert m.attempt.verdict.score == (d.first, d.second)[m.seat].startswith("cat")


def test_an_unknown_game_is_refused_with_the_nearest_name() -> None:
    with pytest.raises(UserError, match="no game 'khun'; did you mean 'kuhn'"):
        room(play_random).play(0, [Pairing(ANN, BOB, "khun")], seed=1)


@pytest.mark.parametrize(
    "setting", [{"deals": 0}, {"repeats": 1}, {"max_tokens": 0}], ids=str
)
def test_duel_rules_without_repetitions_are_refused(setting: dict[str, int]) -> None:
    with pytest.raises(
        UserError, match=f"{next(iter(setting))}={next(iter(setting.values()))}"
    ):
        duel_rules(**setting)


def test_no_pairings_make_no_duels() -> None:
    assert room(play_random).play(0, [], seed=1) == []
