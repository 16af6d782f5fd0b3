"""The tables of training refuse settings from which nobody would learn."""

from typing import Any

import pytest
from pydantic import ValidationError

from docendo.config.training import (
    DuelsConfig,
    EngineConfig,
    LearningConfig,
    TeachingConfig,
)


@pytest.mark.parametrize(
    "settings",
    [
        {"share_solutions": "none"},
        {"share_solutions": "all", "imitation": 0},
    ],
)
def test_a_single_practice_attempt_needs_somebody_who_imitates_it(
    settings: dict[str, Any],
) -> None:
    with pytest.raises(ValidationError, match="nobody learns from a single attempt"):
        LearningConfig(practice_attempts=1, **settings)


@pytest.mark.parametrize(
    "settings",
    [{"share_solutions": "self"}, {"self_practice": 0}, {"practice_attempts": 2}],
)
def test_a_single_practice_attempt_is_fine_where_it_is_imitated_or_unused(
    settings: dict[str, Any],
) -> None:
    learning = LearningConfig(**{"practice_attempts": 1, **settings})
    assert learning.practice_attempts == settings.get("practice_attempts", 1)


def test_what_is_compared_within_a_group_comes_at_least_twice() -> None:
    with pytest.raises(ValidationError, match="greater than or equal to 2"):
        TeachingConfig(lessons=1)
    with pytest.raises(ValidationError, match="greater than or equal to 2"):
        DuelsConfig(repeats=1)


def test_parts_have_their_documented_defaults() -> None:
    learning = LearningConfig()
    assert (learning.baseline.type, learning.loss.type) == (
        "leave_one_out",
        "policy_gradient",
    )
    assert TeachingConfig().reward.type == "gain"


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"lessons": 4, "candidates": 3}, "at least lessons = 4"),
        ({"candidates": 6, "gate": False}, "expected gate = true"),
        ({"example_choice": "diverse"}, "expected examples = 2 or 3"),
    ],
    ids=["fewer than are shown", "no gate", "one example"],
)
def test_ways_to_choose_need_something_to_choose_from(
    settings: dict[str, Any], message: str
) -> None:
    with pytest.raises(ValidationError, match=message):
        TeachingConfig(**settings)
    assert not TeachingConfig(candidates=2).chooses_lessons


def test_a_micro_batch_has_room_for_an_answer_or_is_left_open() -> None:
    for tokens in (0, 64):
        assert EngineConfig(max_tokens_per_microbatch=tokens)
    with pytest.raises(ValidationError, match="expected at least 64, or 0; got 63"):
        EngineConfig(max_tokens_per_microbatch=63)
