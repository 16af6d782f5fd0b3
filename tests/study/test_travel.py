"""What leaves its domain's owner, and which regimes forbid it."""

from pathlib import Path
from typing import Any

import pytest

from docendo.errors import UserError
from docendo.study.arms import ARMS
from docendo.study.plan import TrainingTask
from docendo.study.travel import find_travelling
from tests.study.leagues import config, planned

LEAGUE = config()


@pytest.mark.parametrize(
    ("arm", "travelling"),
    [
        ("experts", set()),
        ("teaching", {"lessons"}),
        ("teaching-no-lessons", set()),
        ("teaching-oracle-lessons", {"solutions"}),
        ("teaching-labels", {"lessons"}),
        ("mopd", {"labels"}),
        ("joint-rl", {"solutions"}),
        ("single-agent", {"solutions"}),
    ],
)
def test_what_travels_in_an_arm_of_a_league_that_shares_nothing(
    arm: str, travelling: set[str]
) -> None:
    assert find_travelling(ARMS[arm].derive(LEAGUE), LEAGUE).keys() == travelling


@pytest.mark.parametrize(
    "leak",
    [
        "learning.share_solutions='all'",
        "agents.ada.data={domains={genes=1}}",
        "agents.ada.data={files={'rows.jsonl'=1}}",
    ],
)
def test_a_setting_that_would_leak_solutions_is_named_and_refused(
    leak: str, tmp_path: Path
) -> None:
    regime: dict[str, Any] = {"may_travel": ["lessons"], "settings": [leak]}
    plan = planned(tmp_path, regimes={"private": regime})
    name = leak.partition("=")[0]
    with pytest.raises(UserError, match=rf"solutions .* travel, by {name}.*yardsticks"):
        plan.configure(TrainingTask("private", "teaching", 0))


def test_yardsticks_see_everything_where_others_may_not(tmp_path: Path) -> None:
    regime = {"may_travel": [], "yardsticks": ["joint-rl"]}
    plan = planned(tmp_path, arms=["joint-rl", "teaching"], regimes={"private": regime})
    plan.configure(TrainingTask("private", "joint-rl", 0))
    with pytest.raises(UserError, match=r"lessons .* travel, by teaching.matches = 2"):
        plan.configure(TrainingTask("private", "teaching", 0))


def test_a_regime_may_compare_some_of_the_arms(tmp_path: Path) -> None:
    regimes = {"few": {"only": ["experts"]}, "all": {}}
    plan = planned(tmp_path, arms=["experts", "teaching"], regimes=regimes)
    assert [(task.regime, task.arm) for task in plan.tasks()] == [
        ("few", "experts"),
        ("all", "experts"),
        ("all", "teaching"),
    ]
