import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from docendo.learning.advantages import assign_advantages
from docendo.learning.baselines import LeaveOneOut, RunningMean
from docendo.learning.groups import Group
from docendo.records import Completion
from tests.toys import ANN, BOB

REWARDS = st.lists(st.floats(-1, 1, width=32), min_size=2, max_size=16)


def group(*rewards: float, role: str = "student", agent=ANN, domain: str = "sums") -> Group:
    return Group(agent, role, domain, rewards, ((Completion(""),),) * len(rewards))


def test_leave_one_out_takes_the_mean_of_the_others_from_each() -> None:
    assert LeaveOneOut().advantages(group(1, 0, 0, 0)) == pytest.approx(
        [1, -1 / 3, -1 / 3, -1 / 3]
    )
    assert LeaveOneOut().advantages(group(0.5, -0.5)) == [1, -1]


def test_a_group_of_one_has_nothing_to_compare() -> None:
    assert LeaveOneOut().advantages(group(1)) == [0]


@given(REWARDS)
def test_leave_one_out_sums_to_zero(rewards: list[float]) -> None:
    assert sum(LeaveOneOut().advantages(group(*rewards))) == pytest.approx(0, abs=1e-9)


@given(REWARDS)
def test_leave_one_out_is_the_centred_reward_times_a_factor(rewards: list[float]) -> None:
    size, mean = len(rewards), sum(rewards) / len(rewards)
    centred = [size / (size - 1) * (r - mean) for r in rewards]
    assert LeaveOneOut().advantages(group(*rewards)) == pytest.approx(centred, abs=1e-9)


@given(REWARDS, st.floats(-1, 1, width=32))
def test_leave_one_out_is_unchanged_by_a_constant_reward(
    rewards: list[float], constant: float
) -> None:
    moved = group(*(r + constant for r in rewards))
    assert LeaveOneOut().advantages(moved) == pytest.approx(
        LeaveOneOut().advantages(group(*rewards)), abs=1e-9
    )


def test_a_running_baseline_starts_with_its_first_group() -> None:
    running = RunningMean(decay=0.9)
    assert running.advantages(group(1, 0)) == [0.5, -0.5]
    assert running.means == {"ann/student/sums": 0.5}


def test_a_running_baseline_moves_a_tenth_of_the_way() -> None:
    running = RunningMean(decay=0.9)
    running.advantages(group(1, 0))
    assert running.advantages(group(1, 1)) == [0.5, 0.5]
    assert running.advantages(group(0, 1)) == pytest.approx([-0.55, 0.45])
    assert running.means["ann/student/sums"] == pytest.approx(0.9 * 0.55 + 0.1 * 0.5)


def test_every_agent_role_and_domain_has_its_own_running_baseline() -> None:
    running = RunningMean(0.9)
    running.advantages(group(1, 1))
    for other in (
        group(0, 1, agent=BOB),
        group(0, 1, role="practice"),
        group(0, 1, domain="plums"),
    ):
        assert running.advantages(other) == [-0.5, 0.5]


def test_baselines_come_back_from_json() -> None:
    running, fresh = RunningMean(0.9), RunningMean(0.9)
    running.advantages(group(1, 0))
    fresh.restore(json.loads(json.dumps(running.state())))
    assert fresh == running
    fresh.advantages(group(1, 1))
    assert running.means == {"ann/student/sums": 0.5}, "the copy is a copy"
    LeaveOneOut().restore(json.loads(json.dumps(LeaveOneOut().state())))
    assert LeaveOneOut().state() == {}


def test_a_group_of_equal_rewards_still_moves_a_running_baseline() -> None:
    running = RunningMean(decay=0.5)
    assert assign_advantages([group(0, 0), group(1, 0)], running)[0].advantage == 1
    assert running.means["ann/student/sums"] == 0.25
