"""Parts that exist in Python only replace what the config would build."""

import pytest

from docendo.build.parts import Parts
from docendo.errors import UserError
from docendo.league.curriculum import ByLearnability
from docendo.league.teaching_matches import RoundRobin
from docendo.learning.rewards import GainReward
from tests.toys import Sums, classroom, right, toy_league


def bonus(episode):
    return episode


def always(answers):
    return answers


def test_parts_are_described_by_place_and_type_and_trackers_are_not() -> None:
    parts = Parts(
        reward=GainReward(-0.5),
        sources={"sums": Sums()},
        evaluators={"sums": always},
        trackers=[object()],  # type: ignore[list-item]
    )
    assert parts.describe() == {
        "reward": "docendo.learning.rewards.GainReward",
        "sources.sums": "tests.toys.Sums",
        "evaluators.sums": f"{__name__}.always",
    }
    assert Parts(reward=bonus).describe() == {"reward": f"{__name__}.bonus"}
    assert Parts().describe() == {}


def test_a_league_gets_the_given_matchmaker_and_curriculum() -> None:
    league = toy_league([], RoundRobin())
    assert Parts().fill_league(league) == league
    matchmaker, curriculum = RoundRobin(), ByLearnability(floor=0.1)
    filled = Parts(matchmaker=matchmaker, practice_curriculum=curriculum).fill_league(
        league
    )
    assert filled.matchmaker is matchmaker
    assert filled.practice_curriculum is curriculum


def test_a_classroom_gets_the_given_evaluators_of_its_domains() -> None:
    room = classroom(right, sources={"sums": Sums(), "plums": Sums("plums")})
    assert Parts().fill_classroom(room) is room
    filled = Parts(evaluators={"sums": always}).fill_classroom(room)
    assert filled.evaluators["sums"] is always
    assert filled.evaluators["plums"] is room.evaluators["plums"]
    with pytest.raises(UserError, match="no domain 'pears'; known: plums, sums"):
        Parts(evaluators={"pears": always}).fill_classroom(room)
