from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from docendo.errors import UserError
from docendo.games.kuhn_exact import KuhnPoker
from docendo.games.matrix import (
    Game,
    MatrixGame,
    best_response,
    biased_rock_paper_scissors,
    disc_game,
    exploitability,
    mixture,
    payoff,
    payoffs,
    rock_paper_scissors,
    uniform,
)
from docendo.interfaces import FloatArray

ROCK, PAPER, SCISSORS = np.eye(3)[:, None, :]
GAMES = (
    rock_paper_scissors(),
    biased_rock_paper_scissors(),
    disc_game(5),
    disc_game(4),
    KuhnPoker(),
)


@st.composite
def games_with_policies(draw: Any, count: int) -> tuple[Game, FloatArray]:
    """A game and (count, S, A) policies of it, some of whose probabilities are 0."""
    game = draw(st.sampled_from(GAMES))
    shape = count, game.opening_S.size, game.actions
    weights = draw(
        hnp.arrays(float, shape, elements=st.sampled_from((0.0, 0.25, 1.0, 3.0)))
    )
    weights[~weights.any(axis=-1)] = 1.0
    return game, weights / weights.sum(axis=-1, keepdims=True)


def test_rock_paper_scissors_by_its_rules() -> None:
    game = rock_paper_scissors()
    assert (
        payoff(game, PAPER, ROCK),
        payoff(game, SCISSORS, PAPER),
        payoff(game, ROCK, SCISSORS),
    ) == (1, 1, 1)
    assert payoffs(game, ROCK, [ROCK, PAPER, SCISSORS]).tolist() == [0, -1, 1]
    assert best_response(game, ROCK).tolist() == PAPER.tolist()
    assert exploitability(game, ROCK) == 1
    assert exploitability(game, uniform(game)) == pytest.approx(0)


def test_half_rock_half_paper_loses_half_to_paper() -> None:
    assert exploitability(rock_paper_scissors(), (ROCK + PAPER) / 2) == 0.5


def test_the_equilibrium_of_the_biased_game_has_half_paper() -> None:
    game = biased_rock_paper_scissors()
    assert exploitability(game, np.array([[0.25, 0.5, 0.25]])) == 0
    # rock against everything alike: it wins 2, loses 1, draws
    assert exploitability(game, uniform(game)) == pytest.approx(1 / 3)
    assert best_response(game, uniform(game)).tolist() == ROCK.tolist()


def test_on_the_disc_game_every_point_beats_the_next_half_turn() -> None:
    game = disc_game(4)
    assert payoffs(game, np.eye(4)[:1], np.eye(4)[:, None, :]) == pytest.approx(
        [0, 1, 0, -1]
    )
    assert exploitability(disc_game(5), uniform(disc_game(5))) == pytest.approx(0)
    assert exploitability(disc_game(5), np.eye(5)[:1]) == pytest.approx(
        np.sin(2 * np.pi / 5)
    )


@given(games_with_policies(2))
def test_the_two_payoffs_of_a_matrix_game_sum_to_zero(
    played: tuple[Game, FloatArray],
) -> None:
    game, (mine, theirs) = played
    assert payoff(game, mine, theirs) == pytest.approx(-payoff(game, theirs, mine))
    assert abs(payoff(game, mine, theirs)) <= game.stakes + 1e-12


@given(games_with_policies(2))
def test_no_policy_beats_the_best_response(
    played: tuple[Game, FloatArray],
) -> None:
    game, (other, theirs) = played
    best = payoff(game, best_response(game, theirs), theirs)
    assert best >= payoff(game, other, theirs) - 1e-12
    assert exploitability(game, theirs) == max(0, best)


@given(games_with_policies(4), st.permutations([0.1, 0.2, 0.7]))
def test_a_mixture_plays_as_drawing_one_of_its_policies_would(
    played: tuple[Game, FloatArray], weights: list[float]
) -> None:
    game, (*mixed, other) = played
    expected = np.dot(weights, payoffs(game, other, mixed))
    assert payoff(game, other, mixture(game, mixed, weights)) == pytest.approx(expected)
    assert payoff(game, mixture(game, mixed, weights), other) == pytest.approx(-expected)


@given(games_with_policies(3))
def test_a_mixture_must_hold_probabilities(played: tuple[Game, FloatArray]) -> None:
    game, policies = played
    mixed = mixture(game, policies, [0.5, 0.5, 0.0])
    assert mixed.sum(axis=1) == pytest.approx(1)
    assert mixture(game, policies, [0, 1, 0]) == pytest.approx(
        mixture(game, policies[1:2], [1])
    )


def test_an_invalid_matrix_game_is_refused() -> None:
    for payoffs_AA in (
        ((0, 1), (1, 0)),
        ((0, 1),),
        ((0, 1), (-1,)),
        ((0, 0), (0, 0)),
        (),
        ((0, float("nan")), (float("nan"), 0)),
    ):
        with pytest.raises(UserError, match="odd: expected payoffs"):
            MatrixGame("odd", payoffs_AA)
    with pytest.raises(UserError, match="expected at least 3 points, got 2"):
        disc_game(2)
