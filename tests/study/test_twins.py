"""A training that is the same in two regimes is done once."""

from pathlib import Path
from typing import Any

import pytest

from docendo.study.plan import TUNING_SEED, StudyPlan, TrainingTask
from docendo.study.result_files import load_study
from docendo.study.tuning import choose_settings, count_trials_left, trial_path
from docendo.study.worker import StudyWorker
from tests.study.leagues import Silent, planned

OPEN = "agents.*.data={domains={letters=1,digits=1,genes=1}}"
REGIMES = {"open": {"arms": {"teaching": [OPEN]}}, "private": {}}
GRID = [["learning.policy_lr=1e-4"], ["learning.policy_lr=1e-3"]]


def two(folder: Path, **given: Any) -> StudyPlan:
    return planned(
        folder, **{"budget": 2e7, "regimes": REGIMES, "tuning_fraction": 0.2, **given}
    )


def test_an_arm_with_the_settings_of_another_regime_is_its_twin(
    tmp_path: Path,
) -> None:
    plan = two(tmp_path, arms=["joint-rl", "teaching"])
    assert list(plan.equivalent_tasks(TrainingTask("private", "joint-rl", 3))) == [
        TrainingTask("open", "joint-rl", 3)
    ]
    assert list(plan.equivalent_tasks(TrainingTask("private", "teaching", 3))) == []


def test_arms_equal_in_two_regimes_are_trained_once_and_others_twice(
    tmp_path: Path,
) -> None:
    plan, watcher = (
        two(tmp_path, arms=["base", "experts", "experts-merged", "teaching"]),
        Silent(),
    )
    list(StudyWorker(plan, tmp_path / "out", watcher, keep_runs=True).run())
    trained = sorted(
        path.parent.relative_to(tmp_path / "out" / "runs")
        for path in tmp_path.glob("out/runs/*/*/run.db")
    )
    assert trained == [
        Path("open/experts-0"),
        Path("open/teaching-0"),
        Path("private/teaching-0"),
    ]
    found = load_study(tmp_path / "out").results
    for arm in ("base", "experts", "experts-merged"):
        assert found["private"][arm][0] == found["open"][arm][0].model_copy(
            update={"regime": "private"}
        )
    assert found["private"]["teaching"][0].curve != found["open"]["teaching"][0].curve


@pytest.mark.parametrize(("arm", "trials"), [("joint-rl", 2), ("teaching", 4)])
def test_a_setting_is_tried_once_for_regimes_with_equal_settings(
    arm: str, trials: int, tmp_path: Path
) -> None:
    plan, watcher = two(tmp_path, arms=[arm], search_space={arm: GRID}), Silent()
    tasks = [TrainingTask(regime, arm, seed) for regime in REGIMES for seed in (0, 1)]
    assert count_trials_left(plan, tmp_path / "out", tasks) == trials
    choices = [
        choose_settings(plan, tmp_path / "out", regime, arm, watcher) for regime in REGIMES
    ]
    assert len([line for line in watcher.lines if "trying" in line]) == trials
    assert all(
        trial_path(tmp_path / "out", TrainingTask(regime, arm, TUNING_SEED), 1).exists()
        for regime in REGIMES
    )
    assert count_trials_left(plan, tmp_path / "out", tasks) == 0
    if arm == "joint-rl":
        assert choices[0] == choices[1]


def test_a_result_with_other_chosen_settings_is_not_taken(tmp_path: Path) -> None:
    plan = two(tmp_path, arms=["experts"])
    list(
        StudyWorker(plan, tmp_path / "out", Silent()).run(
            [TrainingTask("open", "experts", 0)]
        )
    )
    path = tmp_path / "out" / "results" / "open" / "experts-0.json"
    path.write_text(
        path.read_text().replace(
            '"settings": {}', '"settings": {"learning.self_practice": "3"}'
        )
    )
    list(
        StudyWorker(plan, tmp_path / "out", Silent(), keep_runs=True).run(
            [TrainingTask("private", "experts", 0)]
        )
    )
    assert (tmp_path / "out" / "runs" / "private" / "experts-0" / "run.db").exists()
