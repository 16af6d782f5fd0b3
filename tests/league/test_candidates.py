import numpy as np
import pytest

from docendo.errors import UserError
from docendo.league.candidates import Candidates, teachers_of
from docendo.league.standings import LiveStandings
from tests.toys import ANN, BOB, CAT, empty_standings, episode, match


def standings() -> LiveStandings:
    """Ann raised Bob's score by one half, Cat lowered it by one half."""
    table = empty_standings()
    table.record_episodes(
        [
            episode((1.0,), 0.5, match=match(ANN, BOB)),
            episode((0.0,), 0.5, match=match(CAT, BOB), test=8),
        ]
    )
    return table


def test_teachers_are_known_by_their_gains_with_the_student() -> None:
    candidates = teachers_of(standings(), BOB, [ANN, CAT], "sums")
    assert candidates.agent == BOB
    assert candidates.posterior.mean_N.tolist() == [0.25, -0.25]


def test_fewer_candidates_keep_their_order_and_their_posteriors() -> None:
    candidates = teachers_of(standings(), BOB, [ANN, CAT], "sums")
    others = candidates.where(lambda name: name != ANN)
    assert list(others.names) == [CAT]
    assert others.posterior.mean_N.tolist() == [-0.25]


def test_teachers_have_no_win_rates_against_each_other() -> None:
    candidates = teachers_of(standings(), BOB, [ANN, CAT], "sums")
    with pytest.raises(UserError, match="use it in games"):
        _ = candidates.win_matrix_NN


def test_the_win_matrix_is_that_of_the_candidates() -> None:
    candidates = Candidates(
        ANN,
        [BOB, CAT],
        lambda names: standings().gains([ANN], names, "sums"),
        lambda names: np.full((len(names), len(names)), 0.5),
    )
    assert candidates.win_matrix_NN.shape == (2, 2)
    assert candidates.where(lambda name: name == CAT).win_matrix_NN.shape == (1, 1)
