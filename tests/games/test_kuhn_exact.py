from itertools import permutations, product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from docendo.errors import UserError
from docendo.games.kuhn_exact import KuhnPoker, equilibrium, first_seat_payoff
from docendo.games.matrix import (
    best_response,
    exploitability,
    mixture,
    payoff,
    uniform,
)
from docendo.interfaces import FloatArray

KUHN = KuhnPoker()
BETS = hnp.arrays(float, 12, elements=st.floats(0, 1))
MOMENTS = {"": 0, "cb": 3, "c": 6, "b": 9}


def policy(bet_S: FloatArray) -> FloatArray:
    return np.stack([1 - bet_S, bet_S], axis=1)


def played(
    first: FloatArray, second: FloatArray, cards: tuple[int, int], history: str = ""
) -> float:
    """The rules, one deal and one move after the other: what the first player gets on average."""
    if history in {"cc", "cbb", "bb"}:
        return (1 if cards[0] > cards[1] else -1) * (1 if history == "cc" else 2)
    if history in {"cbc", "bc"}:
        return -1 if history == "cbc" else 1
    mover = len(history) % 2
    pass_, bet = (first, second)[mover][MOMENTS[history] + cards[mover]]
    return pass_ * played(first, second, cards, history + "c") + bet * played(
        first, second, cards, history + "b"
    )


def by_the_rules(first: FloatArray, second: FloatArray) -> float:
    return sum(played(first, second, deal) for deal in permutations(range(3), 2)) / 6


@given(BETS, BETS)
def test_the_exact_payoff_is_the_mean_over_all_deals_played_by_the_rules(
    mine: FloatArray, theirs: FloatArray
) -> None:
    a, b = policy(mine), policy(theirs)
    assert first_seat_payoff(a, b) == pytest.approx(by_the_rules(a, b))
    assert payoff(KUHN, a, b) == pytest.approx(
        (by_the_rules(a, b) - by_the_rules(b, a)) / 2
    )


@pytest.mark.parametrize("bluff", [0, 0.1, 0.25, 1 / 3])
def test_every_equilibrium_loses_one_eighteenth_and_cannot_be_exploited(
    bluff: float,
) -> None:
    solution = equilibrium(bluff)
    assert first_seat_payoff(solution, solution) == pytest.approx(-1 / 18)
    assert exploitability(KUHN, solution) == pytest.approx(0, abs=1e-15)


def test_a_mixture_of_equilibria_is_an_equilibrium() -> None:
    assert mixture(KUHN, [equilibrium(0), equilibrium(1 / 3)], [0.4, 0.6]) == pytest.approx(
        equilibrium(0.2)
    )


def test_playing_evenly_is_worth_an_eighth_and_loses_eleven_twentyfourths() -> None:
    even = uniform(KUHN)
    # showdowns even out; a bet is refused in 1/4 of the games and a bet after a check in 1/8
    assert first_seat_payoff(even, even) == pytest.approx(1 / 4 - 1 / 8)
    # half of the NashConv of 11/12 that OpenSpiel reports
    assert exploitability(KUHN, even) == pytest.approx(11 / 24)


def test_a_player_who_always_folds_loses_one_chip_to_every_bet() -> None:
    timid = policy(np.zeros(12))
    assert payoff(KUHN, policy(np.ones(12)), timid) == 1
    assert exploitability(KUHN, timid) == 1


def test_the_best_response_is_the_best_of_all_pure_policies() -> None:
    theirs = policy(np.random.default_rng(0).random(12))
    found = payoff(KUHN, best_response(KUHN, theirs), theirs)
    pure = (policy(np.array([*bets, *[0.0] * 6])) for bets in product((0.0, 1.0), repeat=6))
    first = max(first_seat_payoff(one, theirs) for one in pure)
    pure = (policy(np.array([*[0.0] * 6, *bets])) for bets in product((0.0, 1.0), repeat=6))
    second = max(-first_seat_payoff(theirs, one) for one in pure)
    assert found == pytest.approx((first + second) / 2)


@pytest.mark.parametrize("bluff", [-0.1, 0.34, float("nan")])
def test_strategies_with_other_bluffing_rates_are_exploitable(bluff: float) -> None:
    with pytest.raises(UserError, match="bluffs in 0 to 1/3"):
        equilibrium(bluff)
