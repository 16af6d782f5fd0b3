import json
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from docendo.analysis.overview import analyse, as_json, strongest_opponents
from docendo.analysis.ratings import ELO
from docendo.errors import UserError
from tests.league.toys import LADDER, RPS, games

NAMES = ("rock", "paper", "scissors")
KEYS = {
    "names",
    "ratings",
    "nash",
    "nash_average",
    "alpha_rank",
    "cyclic_share",
    "clusters",
    "collaboration",
}
GAP = math.nan


def test_the_whole_analysis_of_rock_paper_scissors_by_hand() -> None:
    found = as_json(analyse(NAMES, RPS))
    third = {name: pytest.approx(1 / 3) for name in NAMES}
    assert set(found) >= KEYS
    assert found["names"] == list(NAMES)
    assert (found["nash"], found["alpha_rank"]) == (third, third)
    assert found["nash_average"] == {name: pytest.approx(0) for name in NAMES}
    assert [r["rating"] for r in found["ratings"]] == pytest.approx([0, 0, 0])
    assert (found["cyclic_share"], found["collaboration"]) == (1, pytest.approx(-1))
    assert found["clusters"] == [list(NAMES)]
    assert found["strongest"] == {"rock": "paper", "paper": "scissors", "scissors": "rock"}
    assert found["diversity"] == pytest.approx(1 / 3)


def test_of_lessons_the_json_says_who_helps_and_not_who_wins() -> None:
    found = as_json(analyse(NAMES, RPS), of_lessons=True)
    assert "helps most" in found["best"]
    assert "has the best rating" in as_json(analyse(NAMES, RPS))["best"]


def test_undefined_figures_are_null_in_the_json_and_never_nan() -> None:
    found = json.loads(
        json.dumps(as_json(analyse(["a", "b"], [[0, 0], [0, 0]])), allow_nan=False)
    )
    assert (found["cyclic_share"], found["collaboration"], found["disc"]["share"]) == (
        None,
        None,
        None,
    )
    assert (found["low"], found["high"]) == (None, None)
    assert found["nash"] == {"a": 0.5, "b": 0.5}


def test_ratings_are_computed_from_the_wins_where_wins_are_known() -> None:
    found = as_json(analyse(["a", "b"], [[0, 1], [-1, 0]], wins=[[0, 10], [1, 0]]))
    strong, weak = found["ratings"]
    assert strong["rating"] - weak["rating"] == pytest.approx(400)
    assert strong["low"] < strong["rating"] < strong["high"]


def test_without_wins_a_payoff_times_games_is_read_as_wins_minus_losses() -> None:
    half = analyse(["a", "b"], [[0, 0.5], [-0.5, 0]], counts=[[0, 8], [8, 0]])
    known = analyse(["a", "b"], [[0, 0.5], [-0.5, 0]], wins=[[0, 6], [2, 0]])
    for mine, theirs in zip(half.ratings, known.ratings, strict=True):
        assert mine == pytest.approx(theirs)
    # 3 to 1 in half of the games: a payoff above 1 is divided by the largest, here 4
    large = analyse(["a", "b", "c"], [[0, 2, 4], [-2, 0, 0], [-4, 0, 0]]).ratings.rating
    small = analyse(["a", "b", "c"], [[0, 0.5, 1], [-0.5, 0, 0], [-1, 0, 0]]).ratings.rating
    assert large == pytest.approx(small)


def test_gains_of_lessons_are_analysed_where_some_pairs_never_met() -> None:
    # rows teach columns; cat never taught, nobody taught ann but bob
    gains = [[GAP, 0.4, 0.2], [0.1, GAP, 0.3], [GAP, GAP, GAP]]
    found = analyse(["ann", "bob", "cat"], gains)
    assert found.gaps == 2
    assert strongest_opponents(found) == [1, 0, 1]
    assert found.collaboration == pytest.approx(
        -1
    )  # the one pair that met both ways: 0.4 and 0.1
    assert found.top.skill == pytest.approx(
        [(0.15 + 0.1) / 2, (-0.15 + 0.15) / 2, (-0.1 - 0.15) / 2]
    )
    assert as_json(found)["payoff"][2] == [None, None, None]
    json.dumps(as_json(found), allow_nan=False)


def test_an_agent_that_met_nobody_has_no_strongest_opponent_and_a_middle_rating() -> None:
    found = analyse(["a", "b", "c"], [[0, 1, GAP], [-1, 0, GAP], [GAP, GAP, 0]])
    assert strongest_opponents(found) == [1, 0, None]
    assert found.ratings.rating[2] == pytest.approx(0)
    assert as_json(found)["strongest"]["c"] is None


def test_a_game_with_equal_payoffs_for_both_has_full_collaboration() -> None:
    assert analyse(
        ["a", "b", "c"], [[0, 1, 2], [1, 0, 3], [2, 3, 0]]
    ).collaboration == pytest.approx(1)


def test_payoff_bounds_are_kept_in_the_json() -> None:
    found = as_json(
        analyse(
            ["a", "b"],
            [[0, 0.5], [-0.5, 0]],
            low=[[0, 0.2], [-0.8, 0]],
            high=[[0, 0.8], [-0.2, GAP]],
        )
    )
    assert found["low"] == [[0, 0.2], [-0.8, 0]]
    assert found["high"] == [[0, 0.8], [-0.2, None]]


SIX_DIGITS = st.floats(-1, 1).map(lambda x: round(x, 6))
"""Payoffs of 1e-8 beside 1 are nearer to a tie than equilibria are known."""


@given(games(numbers=SIX_DIGITS), st.randoms(use_true_random=False))
def test_the_order_of_the_agents_changes_nothing(game: np.ndarray, random) -> None:
    order = list(range(len(game)))
    random.shuffle(order)
    names = [f"agent {i}" for i in range(len(game))]
    one = as_json(analyse(names, game))
    other = as_json(analyse([names[i] for i in order], game[np.ix_(order, order)]))
    for key in ("nash_average", "alpha_rank"):
        assert other[key] == {
            name: pytest.approx(value, abs=1e-6) for name, value in one[key].items()
        }
    assert {frozenset(c) for c in one["clusters"]} == {
        frozenset(c) for c in other["clusters"]
    }
    ratings = {r["name"]: r["rating"] for r in one["ratings"]}
    assert {
        r["name"]: pytest.approx(r["rating"], abs=1e-3) for r in other["ratings"]
    } == ratings


def test_ratings_of_a_transitive_ladder_fall_from_top_to_bottom() -> None:
    ratings = ELO * analyse("abcd", LADDER).ratings.rating
    assert list(ratings) == sorted(ratings, reverse=True)


@pytest.mark.parametrize(
    ("parts", "said"),
    [
        ({"names": ["a", "a"]}, "1 different names for 2 agents"),
        ({"names": ["a"]}, "1 different names for 2 agents"),
        ({"payoff": [[0]], "names": ["a"]}, "payoff has 1 agent"),
        ({"wins": [[0, -1], [1, 0]]}, "wins[0][1] is -1"),
        ({"wins": [[0, 1]]}, "wins has the shape (1, 2)"),
        ({"counts": [[0, GAP], [1, 0]]}, "counts[0][1] is nan"),
        ({"wins": np.zeros((3, 3))}, "wins has 3 agents, payoff 2"),
        ({"low": np.zeros((3, 3)), "high": np.zeros((3, 3))}, "low has 3 agents, payoff 2"),
        ({"low": np.zeros((2, 2))}, "low without high"),
        ({"wins": np.zeros((2, 2)), "counts": np.zeros((2, 2))}, "wins and counts"),
    ],
)
def test_inputs_of_unequal_shape_or_range_are_refused(
    parts: dict[str, object], said: str
) -> None:
    with pytest.raises(UserError) as refused:
        analyse(**({"names": ["a", "b"], "payoff": [[0, 1], [-1, 0]]} | parts))
    assert said in str(refused.value)
