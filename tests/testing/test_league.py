"""The checks of a league's parts pass docendo's own and name what is wrong with others."""

import re
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from docendo.league.teaching_matches import RoundRobin
from docendo.parts import parse_part
from docendo.records import Match
from docendo.registry import PARTS
from docendo.testing import check_curriculum, check_matchmaker, check_selection


@pytest.mark.parametrize("name", sorted(PARTS["curriculum"]))
def test_every_registered_curriculum_passes_its_conformance_check(name: str) -> None:
    check_curriculum(parse_part("curriculum", name).build())


@pytest.mark.parametrize("name", sorted(PARTS["teacher_selection"]))
def test_every_registered_teacher_selection_passes_its_conformance_check(
    name: str,
) -> None:
    check_selection(parse_part("teacher_selection", name).build())


def test_meeting_equally_often_passes_the_check_of_matchmakers() -> None:
    check_matchmaker(RoundRobin())


def self_taught(options: Any, standings: Any, count: int, seed: int) -> list[Match]:
    task_type = options[0].task_type
    return [Match("bob", "bob", *task_type)] * count  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("check", "part", "complaint"),
    [
        (check_curriculum, lambda types, success, shown: np.ones(3), "weights sum to 3"),
        (
            check_matchmaker,
            lambda options, standings, count, seed: [],
            "expected 6 matches",
        ),
        (check_matchmaker, self_taught, "bob teaches itself"),
        (check_selection, lambda partners, rng: np.ones(3), "probabilities sum to 3"),
        (check_selection, lambda partners, rng: np.ones(2), "expected 3 numbers"),
        (check_selection, lambda partners, rng: np.array([2, -1, 0]), "negative"),
    ],
)
def test_a_broken_part_is_reported_with_what_is_wrong(
    check: Callable[[Any], None], part: Any, complaint: str
) -> None:
    with pytest.raises(AssertionError, match=re.escape(complaint)):
        check(part)
