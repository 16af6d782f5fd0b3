import math
import sys

import numpy as np
import pytest

from docendo.analysis.ratings import ELO, fit_bradley_terry, fit_openskill, reachable_pairs
from docendo.errors import UserError


def test_the_rating_interval_of_two_agents_is_that_of_their_log_odds() -> None:
    # 30 of 40 games: the log odds log 3 has variance 1/30 + 1/10, and each rating is half of it
    found = fit_bradley_terry(np.array([[0, 30], [10, 0.0]]))
    half = 1.959964 * math.sqrt(1 / 30 + 1 / 10) / 2
    assert found.rating == pytest.approx([math.log(3) / 2, -math.log(3) / 2])
    assert found.high - found.rating == pytest.approx([half, half])
    assert found.rating - found.low == pytest.approx([half, half])


def test_four_times_the_games_halve_the_interval() -> None:
    wins = np.array([[0, 3, 2], [1, 0, 4], [2, 2, 0.0]])
    few, many = fit_bradley_terry(wins), fit_bradley_terry(4 * wins)
    assert many.rating == pytest.approx(few.rating)
    assert many.high - many.low == pytest.approx((few.high - few.low) / 2)


def test_four_hundred_elo_points_are_odds_of_ten_to_one() -> None:
    strong, weak = ELO * fit_bradley_terry(np.array([[0, 10], [1, 0.0]])).rating
    assert strong - weak == pytest.approx(400)


def test_games_of_an_agent_against_itself_do_not_count() -> None:
    assert fit_bradley_terry(np.array([[9, 3], [1, 9.0]])).high == pytest.approx(
        fit_bradley_terry(np.array([[0, 3], [1, 0.0]])).high
    )


def test_reachability_follows_a_path_to_its_end() -> None:
    edges = np.eye(9, k=1, dtype=bool)
    assert reachable_pairs(edges).tolist() == np.triu(np.ones((9, 9), dtype=bool)).tolist()


def test_openskill_ranks_the_constant_winner_first_and_its_sigma_shrinks() -> None:
    found = fit_openskill(np.array([[0, 2, 2], [1, 0, 2], [0, 0, 0.0]]))
    assert found.mean[0] > found.mean[1] > found.mean[2]
    assert (found.deviation < 25 / 3).all()


def test_openskill_of_agents_that_never_met_is_the_starting_value() -> None:
    found = fit_openskill(np.zeros((3, 3)))
    assert found.mean.tolist() == [25.0] * 3
    assert found.deviation == pytest.approx([25 / 3] * 3)


def test_openskill_of_draws_stays_in_the_middle() -> None:
    # before 6.2 the one who is named first, or both, won a draw
    assert fit_openskill(np.array([[0, 0.5], [0.5, 0]])).mean == pytest.approx([25, 25])


def test_without_openskill_the_error_names_the_package_to_install(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "openskill", None)
    with pytest.raises(UserError, match=r"pip install 'docendo\[league\]'"):
        fit_openskill(np.zeros((2, 2)))


def test_an_agent_that_almost_never_wins_is_rated_like_one_that_never_wins() -> None:
    nearly = np.array([[0, 1, 1 - 1e-16], [0, 0, 1.0], [1e-16, 1e-17, 0]])
    assert fit_bradley_terry(nearly).rating == pytest.approx(
        fit_bradley_terry(nearly.round()).rating
    )
