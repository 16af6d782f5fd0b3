"""A study's file: what it comes to, and what is wrong with it."""

from pathlib import Path
from typing import Any

import pytest

from docendo.config import EvaluationConfig
from docendo.errors import UserError
from docendo.study.arms import ARMS
from docendo.study.plan import TUNING_SEED, TrainingTask
from tests.study.leagues import planned, study


def test_tasks_go_seed_by_seed_through_all_arms_but_the_merged_ones(
    tmp_path: Path,
) -> None:
    plan = planned(
        tmp_path,
        seeds=2,
        arms=["base", "experts", "experts-ties"],
        regimes={"few": {}, "all": {}},
    )
    assert list(plan.tasks()) == [
        TrainingTask(regime, arm, seed)
        for seed in (0, 1)
        for regime in ("few", "all")
        for arm in ("base", "experts")
    ]


def test_seeds_may_be_listed(
    tmp_path: Path,
) -> None:
    plan = planned(tmp_path, seeds=[7, 5], arms=["base", "teaching"])
    assert [(task.arm, task.seed) for task in plan.tasks()] == [
        ("base", 7),
        ("teaching", 7),
        ("base", 5),
        ("teaching", 5),
    ]


@pytest.mark.parametrize(
    "seeds", [0, -1, 10_001, 1.5, True, "5", [], [5, 5], [-1], [1, "a"], [True, 1]]
)
def test_invalid_seeds_are_refused_with_what_was_expected(
    seeds: Any, tmp_path: Path
) -> None:
    with pytest.raises(
        UserError,
        match=r"seeds: got .*, expected how many, 1 to 10000, or a list of seeds, each once",
    ):
        planned(tmp_path, seeds=seeds)


def test_without_a_list_of_arms_there_are_all_stock_and_custom_arms(tmp_path: Path) -> None:
    plan = planned(
        tmp_path, arms=[], custom_arms={"hot": {"settings": ["teaching.temperature=2.0"]}}
    )
    assert list(plan.arms) == [*ARMS, "hot"]


def test_settings_of_regime_arm_and_tuned_choice_override_in_this_order(
    tmp_path: Path,
) -> None:
    few = {
        "settings": [
            "experts.steps=1",
            "experts.batch_size=2",
            "experts.eval_every=3",
            "domains.*.solutions=4",
        ]
    }
    few["arms"] = {
        "teaching": ["experts.batch_size=5", "experts.eval_every=6"],
        "teaching-frozen-teachers": ["experts.lr=0.5"],
    }
    plan = planned(
        tmp_path,
        arms=["teaching", "teaching-frozen-teachers", "experts"],
        regimes={"few": few},
    )
    chosen = ["experts.eval_every=7"]
    found = {arm: plan.configure(TrainingTask("few", arm, 3), chosen) for arm in plan.arms}
    stages = {
        arm: (c.experts.steps, c.experts.batch_size, c.experts.eval_every, c.experts.lr)
        for arm, c in found.items()
    }
    assert stages == {
        "teaching": (1, 5, 7, 1.5e-3),
        "teaching-frozen-teachers": (1, 5, 7, 0.5),
        "experts": (1, 2, 7, 1.5e-3),
    }
    assert {(c.seed, c.evaluation.seed, c.evaluation.problems) for c in found.values()} == {
        (3, 4, 3)
    }
    assert {d.solutions for c in found.values() for d in c.domains.values()} == {4}


def test_every_setting_of_the_search_grid_is_valid_for_a_run(tmp_path: Path) -> None:
    config = planned(tmp_path).configure(TrainingTask("all", "teaching", TUNING_SEED))
    assert (
        EvaluationConfig.model_validate(config.evaluation.model_dump()) == config.evaluation
    )


def test_an_ablation_uses_the_tuned_settings_of_teaching(
    tmp_path: Path,
) -> None:
    grid = [["experts.lr=0.1"], ["experts.lr=0.2"]]
    own = {
        "mine": {
            "like": "teaching-frozen-teachers",
            "settings": ["teaching.temperature=2.0"],
        }
    }
    plan = planned(
        tmp_path,
        arms=["teaching-frozen-teachers", "mine", "experts"],
        search_space={"teaching": grid},
        custom_arms=own,
    )
    assert [plan.tuned_arm(arm) for arm in plan.arms] == ["teaching", "teaching", "experts"]
    assert [list(plan.search_space(arm)) for arm in plan.arms] == [grid, grid, []]
    assert plan.configure(TrainingTask("all", "teaching", 0)) == plan.configure(
        TrainingTask("all", "teaching-frozen-teachers", 0)
    ).model_copy(update={"teaching": plan.config.teaching})


def test_a_search_grid_over_a_setting_fixed_by_its_arm_is_refused(tmp_path: Path) -> None:
    grid = [["learning.self_practice=3"]]
    plan = planned(
        tmp_path,
        arms=["joint-sft", "joint-rl"],
        search_space={"joint-sft": grid, "joint-rl": grid},
    )
    assert (
        plan.configure(TrainingTask("all", "joint-rl", 0), grid[0]).learning.self_practice
        == 3
    )
    with pytest.raises(UserError, match="joint-sft: the arm sets something of"):
        plan.configure(TrainingTask("all", "joint-sft", 0), grid[0])


def test_a_custom_arm_is_a_stock_arm_with_other_settings(tmp_path: Path) -> None:
    own = {
        "hot": {"settings": ["teaching.temperature=2.0"]},
        "bare": {"like": "base", "settings": ["agents.*.system_prompt=Think."]},
        "long": {"like": "experts", "settings": ["experts.steps=9"]},
    }
    plan = planned(tmp_path, arms=list(own), custom_arms=own)
    found = {arm: plan.configure(TrainingTask("all", arm, 0)) for arm in own}
    assert (found["hot"].teaching.temperature, found["hot"].teaching.matches) == (2.0, 2)
    assert (found["long"].experts.steps, found["long"].teaching.matches) == (9, 0)
    assert found["bare"].agents["ada"].system_prompt == "Think."
    assert [plan.arms[arm].trains for arm in own] == [True, False, True]


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"arms": ["teching"]}, "no arm 'teching'; did you mean 'teaching'?"),
        ({"search_space": {"expert": []}}, "no arm 'expert'; did you mean 'experts'?"),
        (
            {"regimes": {"a": {"arms": {"join-rl": []}}}},
            "no arm 'join-rl'; did you mean 'joint-rl'?",
        ),
        (
            {"arms": ["experts-ties"]},
            "'experts-ties' is made of 'experts', which is not among the arms",
        ),
        (
            {"search_space": {"teaching-frozen-teachers": [[]]}},
            "'teaching-frozen-teachers' takes the choice of 'teaching'",
        ),
        ({"search_space": {"base": [[]]}}, "'base' is not trained"),
        (
            {"custom_arms": {"teaching": {"settings": []}}},
            "there is an arm 'teaching' already",
        ),
        (
            {"custom_arms": {"x": {"like": "teachin", "settings": []}}},
            "no arm 'teachin'; did you mean 'teaching'?",
        ),
        (
            {"custom_arms": {"x": {"like": "experts-ties", "settings": []}}},
            "'experts-ties' is made of 'experts'",
        ),
        ({"custom_arms": {"X": {"settings": []}}}, "[custom_arms] X"),
        (
            {"custom_arms": {"x": {"setting": []}}},
            "no setting 'setting'; did you mean 'settings'?",
        ),
        ({"regimes": {}}, "regimes: dictionary should have at least 1 item"),
        (
            {"regimes": {"a": {"setings": []}}},
            "no setting 'setings'; did you mean 'settings'?",
        ),
        ({"budget": 0}, "budget: input should be greater than 0, got 0"),
        ({"budgets": 1.0}, "no setting 'budgets'; did you mean 'budget'?"),
        (
            {"tuning_fraction": 1.5},
            "tuning_fraction: input should be less than or equal to 1, got 1.5",
        ),
        ({"config": "leage.toml"}, "leage.toml: cannot be read"),
    ],
)
def test_a_wrong_study_is_refused_in_one_line(
    given: dict[str, Any], said: str, tmp_path: Path
) -> None:
    with pytest.raises(UserError) as told:
        planned(tmp_path, **given)
    assert said in str(told.value)
    assert "\n" not in str(told.value)


def test_a_file_that_is_no_study_is_refused(tmp_path: Path) -> None:
    from docendo.study.plan import load_plan

    path = study(tmp_path)
    for text, said in (
        ("budget = ", "is not TOML"),
        ("budget = 1.0", "config: is missing"),
    ):
        path.write_text(text)
        with pytest.raises(UserError, match=said):
            load_plan(path)
    with pytest.raises(UserError, match="cannot be read"):
        load_plan(tmp_path)


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        (
            ["domain.*.solutions=4"],
            "there is nothing in 'domain' that * could stand for; did you mean 'domains'?",
        ),
        (["model.*.name=4"], "there is nothing in 'model' that * could stand for"),
        (["domains.*.solution=4"], "no setting 'solution'; did you mean 'solutions'?"),
        (["experts.stepps=4"], "no setting 'stepps'; did you mean 'steps'?"),
        (["experts.steps"], "wants section.name=value"),
    ],
)
def test_a_setting_that_changes_nothing_is_refused(
    settings: list[str], said: str, tmp_path: Path
) -> None:
    plan = planned(tmp_path, regimes={"few": {"settings": settings}})
    with pytest.raises(UserError) as told:
        plan.configure(TrainingTask("few", "teaching", 0))
    assert said in str(told.value)


def test_an_unknown_setting_is_reported_with_arm_regime_and_grid_entry(
    tmp_path: Path,
) -> None:
    plan = planned(tmp_path)
    for given, said in (
        (
            "teaching",
            "arm teaching in regime all, with teaching: a setting wants section.name=value, got 'teaching'",
        ),
        ("seed.x=3", "a setting seed.x=3: 'seed' is a value, not a section"),
        (
            "learning.policy_lr=fast",
            "with learning.policy_lr=fast [learning] policy_lr: input should be a valid",
        ),
    ):
        with pytest.raises(UserError) as told:
            plan.configure(TrainingTask("all", "teaching", 0), (given,))
        assert said in str(told.value)


def test_grids_of_unequal_size_are_told_with_the_arms_that_take_them(
    tmp_path: Path,
) -> None:
    two = [["learning.policy_lr=1e-4"], ["learning.policy_lr=1e-3"]]
    arms = ["base", "experts", "teaching", "teaching-no-gate"]
    equal = {"teaching": two, "experts": two}
    assert planned(tmp_path, arms=arms, search_space=equal).describe_grids() == ""
    unequal = planned(tmp_path, arms=arms, search_space={"teaching": two})
    assert unequal.describe_grids().endswith("so many settings: experts 0, teaching 2")
