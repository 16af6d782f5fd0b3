from math import isfinite

import pytest
from hypothesis import given
from hypothesis import strategies as st
from two_doors import (
    Doors,
    Starts,
    episodes_until_mastery,
    hall_only,
    replayed,
    speedup,
    varying,
)

from docendo.errors import UserError

SEEDS = range(20)


def episodes(doors: Doors, starts: Starts) -> list[int]:
    return [episodes_until_mastery(doors, starts, seed) for seed in SEEDS]


@pytest.mark.parametrize("starts", [varying, replayed])
def test_starting_where_the_reward_varies_learns_fifteen_times_faster(
    starts: Starts,
) -> None:
    plain = episodes(Doors(), hall_only)
    assert max(plain) < Doors().budget
    assert speedup(plain, episodes(Doors(), starts)).low > 15


def test_a_weaker_initial_preference_leaves_a_smaller_speedup() -> None:
    doors = Doors(habit=0.5)
    found = speedup(episodes(doors, hall_only), episodes(doors, replayed))
    assert 1 < found.times < 4


def test_with_a_fixed_policy_the_speedup_is_the_ratio_of_useful_episodes() -> None:
    doors = Doors(stubborn=True)
    found = speedup(episodes(doors, hall_only), episodes(doors, replayed))
    # nine tenths of the replayed starts are behind the blue door, and 1 in 100 of those in the hall lead there
    assert found.low < 90 < found.high


def test_only_chosen_starts_reach_the_game_where_the_red_door_pays_first() -> None:
    doors = Doors(prize=1.0, budget=1000)
    assert episodes(doors, hall_only) == [doors.budget] * len(SEEDS)
    assert max(episodes(doors, replayed)) < doors.budget


def test_the_same_seed_plays_the_same_episodes() -> None:
    assert episodes(Doors(), varying) == episodes(Doors(), varying)
    assert len(set(episodes(Doors(), varying))) > 5


def test_start_probabilities_follow_the_variance_of_the_reward() -> None:
    assert hall_only([0, 0, 9], [5, 5, 5]) == (1, 0, 0)
    assert varying([1, 0, 3], [0, 0, 0]) == pytest.approx(
        [0.9 / 4 + 0.1 / 3, 0.1 / 3, 0.9 * 3 / 4 + 0.1 / 3]
    )
    assert varying([0, 0, 0], [0, 0, 0]) == pytest.approx([1 / 3] * 3)
    # nine tenths by rank, a tenth by staleness
    assert replayed([1, 0, 3], [1, 9, 0]) == pytest.approx(
        [0.01 + 0.9 * 2**-10, 0.09, 0.9], abs=1e-3
    )


def test_the_speedup_is_the_ratio_of_the_means_within_its_interval() -> None:
    assert speedup([40, 40], [10, 10]) == (4, 4, 4)
    found = speedup([30, 50], [5, 15])
    assert found.times == 4
    assert (found.low, found.high) == (30 / 15, 50 / 5)


@given(
    st.lists(st.integers(1, 1000), min_size=1, max_size=20),
    st.lists(st.integers(1, 1000), min_size=1, max_size=20),
)
def test_a_speedup_interval_has_two_ends(plain: list[int], chosen: list[int]) -> None:
    found = speedup(plain, chosen, samples=100)
    assert 0 < found.low <= found.high
    assert isfinite(found.high)


@pytest.mark.parametrize(
    "wrong",
    [
        {"levers": 1},
        {"prize": 0.0},
        {"prize": float("nan")},
        {"rate": float("inf")},
        {"habit": 1.0},
        {"memory": 1.0},
        {"mastery": 0.25},
        {"mastery": 1.0},
        {"budget": 0},
    ],
    ids=str,
)
def test_a_world_without_a_game_is_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(UserError, match="doors: "):
        Doors(**wrong)
