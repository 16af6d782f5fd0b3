"""A study from beginning to end: settings are chosen, arms are trained, each result is written when done.

Any number of processes may work in one study's folder. Each takes the next training that is
neither done nor in progress elsewhere.
"""

import shutil
import time
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, suppress
from dataclasses import dataclass
from pathlib import Path

from docendo.build.backend import resolve_config
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
from docendo.study.folder import lock_run
from docendo.study.given_experts import prepare_experts
from docendo.study.plan import StudyPlan, TrainingTask
from docendo.study.result_files import read_result, result_path, write_result
from docendo.study.results import ArmResult
from docendo.study.tuning import TunedSettings, choose_settings, read_choice

__all__ = ["StudyWorker", "find_unfinished"]

_POLL_SECONDS = 2.0
"""Time between two checks whether other processes have chosen settings."""


def find_unfinished(
    plan: StudyPlan, folder: Path, tasks: Sequence[TrainingTask]
) -> list[TrainingTask]:
    """The tasks without a result, or without that of an arm merged from them.

    Where settings are chosen, a result with other settings does not count: a setting that was
    added to a search space may have turned out better.
    """
    choices = {}
    unfinished = []
    for task in tasks:
        arm = plan.tuned_arm(task.arm)
        if (task.regime, arm) not in choices:
            choices[task.regime, arm] = read_choice(plan, folder, task.regime, arm)
        choice = choices[task.regime, arm]
        if choice is None or not _read_results(plan, folder, task, choice):
            unfinished.append(task)
    return unfinished


def _read_results(
    plan: StudyPlan, folder: Path, task: TrainingTask, choice: TunedSettings
) -> list[ArmResult]:
    """The results of a training with these settings, the arm's own last.

    Empty where a result is missing or has other settings.
    """
    arms = [*find_merged_arms(task.arm, plan.arms), task.arm]
    paths = [result_path(folder, task.regime, arm, task.seed) for arm in arms]
    if not all(map(Path.exists, paths)):
        return []
    results = list(map(read_result, paths))
    settings = settings_dict(choice)
    for result in results:
        # A result with other settings is from before a trial turned out better.
        if result.setup.settings != settings:
            return []
    return results


@dataclass(frozen=True)
class StudyWorker:
    """Does all of a study's work that no other process does. Iterate `run`."""

    plan: StudyPlan
    folder: Path
    callback: TrainingCallback
    keep_runs: bool = False
    """Whether run directories stay when their results are written."""

    def unfinished(self, tasks: Sequence[TrainingTask] | None = None) -> list[TrainingTask]:
        """The tasks that are left, of these or of all."""
        return find_unfinished(self.plan, self.folder, self._tasks_or_all(tasks))

    def run(self, tasks: Sequence[TrainingTask] | None = None) -> Iterator[ArmResult]:
        """Train what is left and yield each result. Trainings of other processes are skipped.

        A training whose settings other processes are still choosing comes when they have.
        """
        code_commit()  # remembers the commit of the running code before a checkout changes it
        waiting = self.unfinished(tasks)

        # A TakenError of the lock means that another process trains the task: it is left to
        # that process. One from inside means that settings are being chosen: it comes later.
        while waiting:
            pending, waiting = waiting, []
            for task in pending:
                with suppress(TakenError), self._lock(task) as run:
                    try:
                        yield from self._train(task, run)
                    except TakenError:
                        waiting.append(task)
            if waiting == pending:  # nothing could be done in this pass
                time.sleep(_POLL_SECONDS)
        self._update_tuning_costs(self._tasks_or_all(tasks))

    def _tasks_or_all(self, tasks: Sequence[TrainingTask] | None) -> list[TrainingTask]:
        return list(self.plan.tasks() if tasks is None else tasks)

    def _lock(self, task: TrainingTask) -> AbstractContextManager[Path]:
        return lock_run(self.folder, Path(task.regime, f"{task.arm}-{task.seed}"))

    def _update_tuning_costs(self, tasks: Sequence[TrainingTask]) -> None:
        """Book the cost of trials that came after a result and left its settings the best."""
        for task in tasks:
            arm = self.plan.tuned_arm(task.arm)
            choice = read_choice(self.plan, self.folder, task.regime, arm)
            if choice is None or not self._underpriced_results(task, choice):
                continue
            with suppress(TakenError), self._lock(task):
                for result in self._underpriced_results(task, choice):
                    write_result(self.folder, _with_cost(result, tuning=choice.flops))

    def _underpriced_results(
        self, task: TrainingTask, choice: TunedSettings
    ) -> list[ArmResult]:
        results = _read_results(self.plan, self.folder, task, choice)
        return [result for result in results if result.cost.tuning < choice.flops]

    def _train(self, task: TrainingTask, run: Path) -> list[ArmResult]:
        """The results of one training, the arm's own last.

        Raises TakenError where its settings are still being chosen.
        """
        arm = self.plan.tuned_arm(task.arm)
        choice = choose_settings(self.plan, self.folder, task.regime, arm, self.callback)
        if _read_results(self.plan, self.folder, task, choice):
            return []

        self.callback.on_message(f"{task.regime}, {task.arm}, seed {task.seed}")
        results = self._copy_equivalent(task, choice)
        if not results and self.plan.arms[task.arm].trains:
            results = self._train_arm(task, choice, run)
        elif not results:
            results = [self._evaluate_base(task)]
        # The arm's own result comes last: with it the task counts as done.
        for result in results:
            write_result(self.folder, result)
        if not self.keep_runs:
            shutil.rmtree(run, ignore_errors=True)
        return results

    def _copy_equivalent(
        self, task: TrainingTask, choice: TunedSettings
    ) -> list[ArmResult]:
        """The results of a regime in which the arm has the same settings; empty without one."""
        for twin in self.plan.equivalent_tasks(task, choice.settings):
            results = _read_results(self.plan, self.folder, twin, choice)
            if results:
                # Training once more would give the same answers, at the same cost.
                return [r.model_copy(update={"regime": task.regime}) for r in results]
        return []

    def _train_arm(
        self, task: TrainingTask, choice: TunedSettings, run: Path
    ) -> list[ArmResult]:
        arms = self.plan.arms
        methods = {arm: arms[arm].merge_method for arm in find_merged_arms(task.arm, arms)}
        experts = prepare_experts(self.plan, self.folder, task, self.callback)
        results = []

        def finish(training: Training) -> None:
            results.extend(make_merged_results(self.plan, task, choice, training, methods))
            results.append(make_result(self.plan, task, choice, training))

        seconds = train_to_budget(
            self.plan.configure(task, choice.settings),
            run,
            study=self.plan.study,
            callback=self.callback,
            finish=finish,
            start_from=experts.load if experts else None,
        )
        given = experts.flops if experts else 0.0
        return [_with_cost(result, seconds=seconds, given=given) for result in results]

    def _evaluate_base(self, task: TrainingTask) -> ArmResult:
        config = resolve_config(self.plan.configure(task))
        session = open_session(config, self.callback)
        return make_base_result(self.plan, task, session)


def _with_cost(result: ArmResult, **changes: float) -> ArmResult:
    cost = result.cost.model_copy(update=changes)
    return result.model_copy(update={"cost": cost})
