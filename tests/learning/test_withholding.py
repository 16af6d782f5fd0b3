"""Who is drawn to imitate nothing, and what the others gained by it."""

from collections import Counter
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from docendo.learning.withholding import (
    TaughtFamily,
    Withholding,
    estimate_effect,
    find_taught,
)
from tests.toys import ANN, BOB, CAT, episode, problem

STUDENTS = {"sums": [BOB, CAT]}
FAMILIES = [f"sums/{n}" for n in range(400)]


@given(st.sampled_from([0.0, 0.25, 0.5, 0.75, 1.0]))
def test_the_share_of_students_is_right_and_each_family_is_near_it(fraction: float) -> None:
    withholding = Withholding(fraction, 3, STUDENTS)
    counts = Counter(len(withholding.students_without(family)) for family in FAMILIES)
    assert abs(counts[1] + 2 * counts[2] - 800 * fraction) < 60
    assert max(counts) - min(counts) <= 1
    assert withholding.students_without("plums/0") == []


def test_only_the_drawn_students_lose_lessons_and_only_those_of_the_family() -> None:
    withholding = Withholding(0.5, 3, STUDENTS)
    (drawn,) = withholding.students_without("sums/small")
    lessons = [(agent, (problem(0), "worked")) for agent in (ANN, BOB, CAT)]
    kept = [agent for agent, _ in withholding.imitated(lessons)]
    assert kept == [agent for agent in (ANN, BOB, CAT) if agent != drawn]
    assert Withholding().imitated(lessons) == lessons


def test_controls_count_from_the_round_after_the_first_useful_lesson() -> None:
    rounds = [
        replace(episode(scores, expected=1.0 - scores[0], control=control), round=index)
        for index, scores, control in (
            (0, [0], [1]),
            (1, [1], [0]),
            (2, [0], [1, 0]),
            (2, [0], [1, 0]),
            (3, [1], [1]),
        )
    ]
    rounds.append(replace(rounds[0], round=4, again=True))
    withholding = Withholding(1.0, 3, STUDENTS)
    assert find_taught(rounds, withholding, {"sums": [ANN, CAT]}) == [
        TaughtFamily(BOB, "sums/small", True, 0.75),
        TaughtFamily(CAT, "sums/small", True, None),
    ]
    assert find_taught(rounds[:1], withholding, {}) == []


def test_students_are_compared_within_families() -> None:
    easy = [("easy", False, 0.9), ("easy", True, 0.8)]
    hard = [("hard", False, 0.3), ("hard", True, 0.0)]
    only_imitated = [("odd", False, 0.0)]
    effect = estimate_effect(easy + hard + only_imitated)
    assert effect is not None
    assert (effect.mean, effect.n) == (pytest.approx(0.2), 4)
    # of two pairs: the standard error is 0.1, and t has one degree of freedom
    assert effect.high == pytest.approx(0.2 + 12.706 * 0.1)
    assert estimate_effect(only_imitated) is None
