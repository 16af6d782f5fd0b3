"""How settings are chosen, and that several processes share the work."""

import json
import multiprocessing
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from docendo.errors import UserError
from docendo.store.lock import TakenError
from docendo.study import tuning
from docendo.study import worker as compare
from docendo.study.arm_run import Training
from docendo.study.plan import TUNING_SEED, StudyPlan, TrainingTask
from docendo.study.result_files import load_study
from docendo.study.results import ArmResult
from docendo.study.tuning import choose_settings, lock_run, trial_path
from docendo.study.worker import StudyWorker
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


def test_trainings_are_repeated_only_if_an_added_setting_is_better(
    tmp_path: Path,
) -> None:
    plan = planned(
        tmp_path,
        budget=1e7,
        arms=["teaching", "base"],
        search_space={"teaching": GRID[:2]},
        tuning_fraction=0.1,
    )
    out, task = tmp_path / "out", TrainingTask("all", "teaching", 0)
    noted(out, [0.2, 0.1])
    study = StudyWorker(plan, out, Silent())
    list(study.run())
    assert study.unfinished() == []
    longer = StudyWorker(planned_again(plan, GRID), out, Silent())
    assert task in longer.unfinished(), "the third was not tried yet"
    noted(out, [0.2, 0.1, 0.15])
    assert longer.unfinished() == []
    assert [r.cost.tuning for r in results_in(out)] == [30.0]
    assert list(longer.run()) == []
    assert [r.cost.tuning for r in results_in(out)] == [60.0], "of all three"
    assert list(study.run()) == []
    assert [r.cost.tuning for r in results_in(out)] == [60.0], (
        "though this one knows of two"
    )
    noted(out, [0.2, 0.1, 0.3])
    assert longer.unfinished() == [task]
    assert [r.setup.settings for r in longer.run()] == [{"learning.policy_lr": "1e-2"}]
    assert longer.unfinished() == []


def test_an_arm_that_gets_a_search_grid_later_is_trained_again(tmp_path: Path) -> None:
    plan = planned(tmp_path, budget=1e7, arms=["teaching"], seeds=1, tuning_fraction=0.1)
    out = tmp_path / "out"
    assert [r.setup.settings for r in StudyWorker(plan, out, Silent()).run()] == [{}]
    noted(out, [0.2])
    chosen = StudyWorker(planned_again(plan, GRID[:1]), out, Silent())
    assert [r.setup.settings for r in chosen.run()] == [{"learning.policy_lr": "1e-4"}]
    assert chosen.unfinished() == []


def results_in(folder: Path) -> list[ArmResult]:
    """Those of teaching, seed by seed."""
    return list(load_study(folder).results["all"]["teaching"].values())


def planned_again(plan: StudyPlan, grid: list[list[str]]) -> StudyPlan:
    return replace(
        plan, study=plan.study.model_copy(update={"search_space": {"teaching": grid}})
    )


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


def test_training_waits_for_settings_that_another_process_is_tuning(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan = planned(
        tmp_path,
        budget=1e7,
        arms=["teaching", "base"],
        search_space={"teaching": GRID[:2]},
        tuning_fraction=0.1,
    )
    noted(tmp_path, [0.1])
    name, events = Path("tuning", "all", "teaching-1"), list[str]()
    held = lock_run(tmp_path, name)
    held.__enter__()

    def slept(_seconds: float) -> None:
        events.append("waited")
        noted(tmp_path, [0.1, 0.2])
        held.__exit__(None, None, None)

    monkeypatch.setattr(compare, "time", SimpleNamespace(sleep=slept))
    for result in StudyWorker(plan, tmp_path, Silent()).run():
        events.append(result.arm)
        assert result.arm == "base" or result.setup.settings == {
            "learning.policy_lr": "1e-3"
        }
    assert events == ["base", "waited", "teaching"]


def _worked(folder: Path, barrier: Any, done: Any) -> None:
    plan = planned(folder / f"{multiprocessing.current_process().name}", **SHARED)
    watcher = Silent()
    barrier.wait()
    list(StudyWorker(plan, folder / "out", watcher).run())
    done.put(watcher.lines)


SHARED: dict[str, Any] = {
    "budget": 2e7,
    "arms": ["base", "experts", "experts-merged", "teaching", "joint-rl", "single-agent"],
    "search_space": {"teaching": GRID[:2]},
    "tuning_fraction": 0.2,
    "seeds": 2,
}


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
def test_two_processes_in_one_folder_train_each_arm_once_and_try_each_setting_once(
    tmp_path: Path,
) -> None:
    context = multiprocessing.get_context("spawn")
    barrier, done = context.Barrier(2), context.Queue()
    workers = [
        context.Process(target=_worked, args=(tmp_path, barrier, done), name=name)
        for name in ("one", "two")
    ]
    for worker in workers:
        (tmp_path / worker.name).mkdir()
        worker.start()
    told = [line for _ in workers for line in done.get(timeout=500)]
    lines = [
        line for line in told if line.startswith("all, ")
    ]  # others say that a budget was small
    for worker in workers:
        worker.join()
    assert [worker.exitcode for worker in workers] == [0, 0]
    chosen = [line for line in lines if "accuracy with each setting" in line]
    begun = [line for line in lines if line not in chosen]
    assert chosen
    assert len(begun) == len(set(begun)) == 2 * 5 + 2, lines
    found = load_study(tmp_path / "out").results["all"]
    assert {(arm, seed) for arm, of in found.items() for seed in of} == {
        (a, s) for a in SHARED["arms"] for s in (0, 1)
    }
