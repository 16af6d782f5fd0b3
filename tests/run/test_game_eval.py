import pytest

from docendo.engines.wrappers.scripted_agents import WithScripts
from docendo.games.kuhn_exact import KuhnPoker
from docendo.games.kuhn_text import KUHN, KUHN_STATES, EquilibriumPlayer, play_always_bet
from docendo.games.matrix import exploitability
from docendo.games.play import DuelRunner
from docendo.games.text_game import play_random
from docendo.league.duel_matches import DuelMatchmaker, alphastar
from docendo.records import AgentId, MetricKey
from docendo.run.game_eval import (
    estimate_styles,
    kuhn_policy,
    measure_styles,
)
from docendo.school import Arena
from tests.toys import ANN, Scripted, duel_rules

NASH, BOLD, DICE = AgentId("nash"), AgentId("bold"), AgentId("dice")
PLAYERS = {NASH: EquilibriumPlayer(1 / 3), BOLD: play_always_bet, DICE: play_random}


def arena(script=lambda request: "pass") -> Arena:
    engine = WithScripts(Scripted(script), PLAYERS)
    room = DuelRunner(
        engine, {"kuhn": KUHN}, dict.fromkeys([*PLAYERS, ANN], "Play."), duel_rules()
    )
    roles = {ANN: "main"}
    return Arena(room, DuelMatchmaker("kuhn", roles, alphastar(roles), list(PLAYERS)), 2)


def test_the_information_sets_of_text_and_exact_kuhn_poker_agree() -> None:
    assert sorted(KUHN_STATES) == sorted(
        estimate_styles(arena(), [NASH], 1, 0)[NASH].shares
    )
    # jack never calls, king always does; the first player bets a jack one time in three, a king always
    policy = kuhn_policy(estimate_styles(arena(), [NASH], 3000, 0)[NASH])
    assert policy[:, 1] == pytest.approx(
        [1 / 3, 0, 1, 0, 2 / 3, 1, 1 / 3, 0, 1, 0, 1 / 3, 1], abs=0.04
    )
    assert policy.sum(axis=1) == pytest.approx([1.0] * 12)


def test_no_player_wins_against_the_equilibrium_but_many_against_always_bet() -> None:
    styles = estimate_styles(arena(), list(PLAYERS), 2000, 0)
    assert exploitability(KuhnPoker(), kuhn_policy(styles[NASH])) < 0.03
    # a king wins 2 from who always bets and calls, a queen as often as it loses, a jack folds: (2 + 0 - 1) / 3
    assert exploitability(KuhnPoker(), kuhn_policy(styles[BOLD])) == pytest.approx(1 / 3)
    assert 0.3 < exploitability(KuhnPoker(), kuhn_policy(styles[DICE])) < 0.6
    assert all(style.legal == 1 for style in styles.values())


def test_illegal_answers_are_counted_and_left_out() -> None:
    style = estimate_styles(
        arena(lambda request: "Answer: bet" if request.seed % 2 else "Answer: fold"),
        [ANN],
        400,
        0,
    )[ANN]
    assert style.legal == pytest.approx(0.5, abs=0.05)
    assert style.shares["king"] == {"check": 0.0, "bet": 1.0}
    assert style.shares["king bet"] == {"fold": 1.0, "call": 0.0}


def test_an_agent_without_a_legal_move_is_evaluated_as_a_random_player() -> None:
    style = estimate_styles(arena(), [ANN], 4, 0)[ANN]
    assert style.legal == 0
    assert set(kuhn_policy(style).flat) == {0.5}
    assert measure_styles({ANN: style})[MetricKey("duels/legal", ANN)] == 0
