"""How settings are chosen, and that several processes share the work."""

import json
from pathlib import Path
from typing import Any

import pytest

from docendo.errors import UserError
from docendo.store.lock import TakenError
from docendo.study import tuning
from docendo.study.arm_run import Training
from docendo.study.folder import lock_run
from docendo.study.plan import TUNING_SEED, StudyPlan, TrainingTask
from docendo.study.tuning import choose_settings, trial_path
from tests.study.leagues import Silent, planned

GRID = [
    ["learning.policy_lr=1e-4"],
    ["learning.policy_lr=1e-3"],
    ["learning.policy_lr=1e-2"],
]


@pytest.fixture
def plan(tmp_path: Path) -> StudyPlan:
    return planned(
        tmp_path, budget=1e8, search_space={"teaching": GRID}, tuning_fraction=0.5
    )


def noted(folder: Path, scores: list[float]) -> None:
    """Trials that were made: the outcome of each setting of the grid."""
    for i, score in enumerate(scores):
        path = trial_path(folder, TrainingTask("all", "teaching", TUNING_SEED), i)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(
            json.dumps({"settings": GRID[i], "score": score, "flops": 10.0 * (i + 1)})
        )


@pytest.mark.parametrize(
    ("scores", "best"), [([0.1, 0.3, 0.2], 1), ([0.3, 0.3, 0.2], 0), ([0.0, 0.0, 0.1], 2)]
)
def test_the_most_accurate_setting_is_chosen_and_all_trials_are_charged(
    scores: list[float], best: int, plan: StudyPlan, tmp_path: Path
) -> None:
    noted(tmp_path, scores)
    found = choose_settings(plan, tmp_path, "all", "teaching", Silent())
    assert found.settings == tuple(GRID[best])
    assert found.flops == 60.0


def test_each_setting_is_tried_once_with_its_share_of_the_budget(
    plan: StudyPlan, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    watcher, courses, opened = Silent(), list[Training](), tuning.train_to_budget

    def spied(config: Any, run: Path, *, finish: Any, **given: Any) -> float:
        def noting(training: Training) -> None:
            courses.append(training)
            finish(training)

        return opened(config, run, finish=noting, **given)

    monkeypatch.setattr(tuning, "train_to_budget", spied)
    first = choose_settings(plan, tmp_path, "all", "teaching", watcher)
    assert [c.session.config.learning.policy_lr for c in courses] == [1e-4, 1e-3, 1e-2]
    assert {(c.budget, c.session.config.seed) for c in courses} == {(5e7, TUNING_SEED)}
    told = [line for line in watcher.lines if "trying" in line]
    assert told == [f"all, teaching: trying {settings[0]}" for settings in GRID]
    assert choose_settings(plan, tmp_path, "all", "teaching", watcher) == first
    assert len(courses) == 3
    assert first.flops >= 3 * 5e7
    assert not list((tmp_path / "runs").rglob("run.db"))


@pytest.mark.parametrize("text", ["", "{}", '{"settings": 3, "score": 1, "flops": 1}'])
def test_a_damaged_trial_file_is_reported(
    text: str, plan: StudyPlan, tmp_path: Path
) -> None:
    noted(tmp_path, [0.1, 0.2, 0.3])
    path = trial_path(tmp_path, TrainingTask("all", "teaching", TUNING_SEED), 1)
    path.write_text(text)
    with pytest.raises(UserError, match="no trial of settings"):
        choose_settings(plan, tmp_path, "all", "teaching", Silent())


def test_a_trial_file_of_other_settings_is_refused(plan: StudyPlan, tmp_path: Path) -> None:
    noted(tmp_path, [0.1, 0.2, 0.3])
    path = trial_path(tmp_path, TrainingTask("all", "teaching", TUNING_SEED), 1)
    path.write_text(path.read_text().replace("1e-3", "5e-3"))
    with pytest.raises(UserError, match="was tried, but the study"):
        choose_settings(plan, tmp_path, "all", "teaching", Silent())


def test_settings_are_tried_while_another_process_tries_one_of_them(
    plan: StudyPlan, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def at_once(*_: Any, **__: Any) -> None:
        raise LookupError("trained")

    noted(tmp_path, [0.1])
    monkeypatch.setattr(tuning, "train_to_budget", at_once)
    name = (
        trial_path(tmp_path, TrainingTask("all", "teaching", TUNING_SEED), 1)
        .relative_to(tmp_path)
        .with_suffix("")
    )
    with lock_run(tmp_path, name), pytest.raises(LookupError, match="trained"):
        choose_settings(plan, tmp_path, "all", "teaching", Silent())
    noted(tmp_path, [0.1, 0.2, 0.3])
    trial_path(tmp_path, TrainingTask("all", "teaching", TUNING_SEED), 1).unlink()
    with lock_run(tmp_path, name), pytest.raises(TakenError):
        choose_settings(plan, tmp_path, "all", "teaching", Silent())
