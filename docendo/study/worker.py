"""A study from beginning to end: settings are chosen, arms are trained, results are written as each is done.

Any number of processes may work in one study's folder: each takes the next training that is neither done nor taken.
"""

import shutil
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from docendo.build.engine import resolve_config
from docendo.run.opening import open_session
from docendo.store.lock import TakenError
from docendo.study.arm_results import (
    code_commit,
    make_base_result,
    make_merged_results,
    make_result,
    settings_dict,
)
from docendo.study.arm_run import Training, TrainingCallback, train_to_budget
from docendo.study.arms import find_merged_arms
from docendo.study.plan import StudyPlan, TrainingTask
from docendo.study.results import ArmResult, read_result, result_path, write_result
from docendo.study.tuning import TunedSettings, choose_settings, lock_run, read_choice

__all__ = ["StudyWorker", "find_unfinished"]

_PAUSE = 2.0
"""Seconds between two looks at whether others have chosen settings."""


def find_unfinished(
    plan: StudyPlan, folder: Path, tasks: Sequence[TrainingTask]
) -> list[TrainingTask]:
    """Those without a result, or without that of an arm which is made of it. Where settings are chosen, only what these
    brought is a result: one that was added to a grid may have turned out to be better.
    """
    keys = {task: (task.regime, plan.tuned(task.arm)) for task in tasks}
    choices = {key: read_choice(plan, folder, *key) for key in set(keys.values())}
    return [
        task
        for task in tasks
        if not ((choice := choices[keys[task]]) and _found(plan, folder, task, choice))
    ]


def _found(
    plan: StudyPlan, folder: Path, task: TrainingTask, choice: TunedSettings
) -> list[ArmResult]:
    """The results of a training with these settings, the arm's last; empty where one is missing or has others."""
    arms = [*find_merged_arms(task.arm, plan.arms), task.arm]
    paths = [result_path(folder, task.regime, arm, task.seed) for arm in arms]
    if not all(path.exists() for path in paths):
        return []
    results, wanted = [read_result(path) for path in paths], settings_dict(choice)
    return results if all(result.about.setting == wanted for result in results) else []


@dataclass(frozen=True)
class StudyWorker:
    """A study in its folder. Iterate `work` to do all that is left and that no other process does."""

    plan: StudyPlan
    folder: Path
    watcher: TrainingCallback
    keep: bool = False
    """Whether run directories stay when their results are written."""

    def left(self, tasks: Sequence[TrainingTask] | None = None) -> list[TrainingTask]:
        """What is left to do of these, or of all."""
        return find_unfinished(
            self.plan, self.folder, list(self.plan.tasks()) if tasks is None else tasks
        )

    def work(self, tasks: Sequence[TrainingTask] | None = None) -> Iterator[ArmResult]:
        """The results of the trainings that are left, as each is done; those that others train are left to them.

        A training whose settings other processes are still choosing comes when they have.
        """
        code_commit()  # of the code that is at work, whatever is checked out meanwhile
        waiting = self.left(tasks)
        while waiting:
            todo, waiting = waiting, []
            for task in todo:
                with (
                    suppress(TakenError),
                    lock_run(
                        self.folder, Path(task.regime, f"{task.arm}-{task.seed}")
                    ) as run,
                ):
                    try:
                        yield from self._train(task, run)
                    except TakenError:
                        waiting.append(task)
            if waiting == todo:
                time.sleep(_PAUSE)
        self._price(list(self.plan.tasks()) if tasks is None else tasks)

    def _price(self, tasks: Sequence[TrainingTask]) -> None:
        """Books what tuning cost with results from before a setting was tried that turned out to be no better."""
        for task in tasks:
            choice = read_choice(
                self.plan, self.folder, task.regime, self.plan.tuned(task.arm)
            )
            if choice is None or not self._underpriced(task, choice):
                continue
            with (
                suppress(TakenError),
                lock_run(self.folder, Path(task.regime, f"{task.arm}-{task.seed}")),
            ):
                for result in self._underpriced(task, choice):
                    cost = result.cost.model_copy(update={"tuning": choice.flops})
                    write_result(self.folder, result.model_copy(update={"cost": cost}))

    def _underpriced(self, task: TrainingTask, choice: TunedSettings) -> list[ArmResult]:
        return [
            r
            for r in _found(self.plan, self.folder, task, choice)
            if r.cost.tuning < choice.flops
        ]

    def _train(self, task: TrainingTask, run: Path) -> list[ArmResult]:
        """The results of one training: the arm's last. Raises TakenError where its settings are still being chosen."""
        choice = choose_settings(
            self.plan, self.folder, task.regime, self.plan.tuned(task.arm), self.watcher
        )
        if _found(self.plan, self.folder, task, choice):
            return []
        self.watcher.told(f"{task.regime}, {task.arm}, seed {task.seed}")
        if not (found := self._done_elsewhere(task, choice)):
            found = (
                self._trained(task, choice, run)
                if self.plan.arms[task.arm].trains
                else self._bare(task)
            )
        for result in found:
            write_result(self.folder, result)
        if not self.keep:
            shutil.rmtree(run, ignore_errors=True)
        return found

    def _done_elsewhere(self, task: TrainingTask, choice: TunedSettings) -> list[ArmResult]:
        """The results of a regime in which this arm has the same settings, as this regime's own; empty without one."""
        for other in self.plan.twins(task, choice.settings):
            if found := _found(self.plan, self.folder, other, choice):
                return [
                    result.model_copy(update={"regime": task.regime}) for result in found
                ]
        return []

    def _trained(
        self, task: TrainingTask, choice: TunedSettings, run: Path
    ) -> list[ArmResult]:
        study, arms = self.plan.study, self.plan.arms
        merged = {arm: arms[arm].merged for arm in find_merged_arms(task.arm, arms)}
        found: list[ArmResult] = []

        def finish(course: Training) -> None:
            found.extend(make_merged_results(self.plan, task, choice, course, merged))
            found.append(make_result(self.plan, task, choice, course))

        config = self.plan.settings(task, choice.settings)
        seconds = train_to_budget(config, run, self.watcher, study, study.budget, finish)
        return [
            r.model_copy(update={"cost": r.cost.model_copy(update={"seconds": seconds})})
            for r in found
        ]

    def _bare(self, task: TrainingTask) -> list[ArmResult]:
        session = open_session(resolve_config(self.plan.settings(task)), self.watcher)
        return [make_base_result(self.plan, task, session)]
