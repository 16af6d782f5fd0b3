"""Several processes share the work of a study; what is done stays done."""

import multiprocessing
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from docendo.study import worker as compare
from docendo.study.folder import lock_run
from docendo.study.plan import StudyPlan, TrainingTask
from docendo.study.result_files import load_study
from docendo.study.results import ArmResult
from docendo.study.worker import StudyWorker
from tests.study.leagues import Silent, planned
from tests.study.test_tuning import GRID, noted


@pytest.fixture
def plan(tmp_path: Path) -> StudyPlan:
    return planned(
        tmp_path, budget=1e8, search_space={"teaching": GRID}, tuning_fraction=0.5
    )


def results_in(folder: Path) -> list[ArmResult]:
    """Those of teaching, seed by seed."""
    return list(load_study(folder).results["all"]["teaching"].values())


def planned_again(plan: StudyPlan, grid: list[list[str]]) -> StudyPlan:
    return replace(
        plan, study=plan.study.model_copy(update={"search_space": {"teaching": grid}})
    )


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
