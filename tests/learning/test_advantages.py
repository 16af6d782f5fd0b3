import pytest
from hypothesis import strategies as st

from docendo.learning.advantages import assign_advantages, discarded_usage, measure_groups
from docendo.learning.baselines import LeaveOneOut
from docendo.learning.groups import (
    Group,
)
from docendo.records import Completion, Usage
from tests.toys import ANN, BOB

REWARDS = st.lists(st.floats(-1, 1, width=32), min_size=2, max_size=16)


def group(*rewards: float, role: str = "student", agent=ANN, domain: str = "sums") -> Group:
    return Group(
        agent,
        role,
        domain,
        rewards,
        tuple((Completion(f"text {i}"),) for i in range(len(rewards))),
    )


def test_groups_of_equal_rewards_are_dropped_and_counted() -> None:
    flat, useful = [group(1, 1, 1), group(0, 0)], [group(1, 0)]
    groups = [*flat, *useful, group(0, 1, role="teacher")]
    samples = assign_advantages(groups, LeaveOneOut())
    assert [sample.advantage for sample in samples] == [1, -1, -1, 1]
    assert measure_groups(groups) == {
        "groups/nonzero_variance": 0.5,
        "groups/total": 4,
        "groups/zero_variance": 2,
        "groups/nonzero_variance/student": pytest.approx(1 / 3),
        "groups/nonzero_variance/teacher": 1.0,
        "reward_variance/student": pytest.approx(0.25 / 3),
        "reward_variance/teacher": 0.25,
    }
    assert measure_groups([]) == {}


def test_no_groups_give_no_advantages() -> None:
    assert assign_advantages([], LeaveOneOut()) == []


def test_a_completion_at_the_baseline_earns_no_credit() -> None:
    earned = assign_advantages([group(1, 0.5, 0)], LeaveOneOut())
    assert [(c.completion.text, c.advantage) for c in earned] == [
        ("text 0", 0.75),
        ("text 2", -0.75),
    ]


def test_tokens_of_groups_of_equal_rewards_are_counted_as_discarded() -> None:
    long = Group(
        BOB,
        "teacher",
        "sums",
        (0, 0),
        ((Completion("", tokens=(1, 2, 3)),), (Completion("", tokens=(4,)),)),
    )
    useful = long._replace(rewards=(1, 0))
    assert discarded_usage([long, long, useful, useful._replace(agent=ANN)]) == [
        Usage(BOB, "discarded", 8, 0.0)
    ]
