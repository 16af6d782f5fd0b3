"""Settings chosen for an arm: each is tried with the same compute, on problems of no test.

Trials have a training seed of their own, and problems that no training of the study is
evaluated on.
"""

import json
import shutil
from collections.abc import Iterable, Sequence
from pathlib import Path
from statistics import fmean
from typing import NamedTuple

from pydantic import TypeAdapter

from docendo.errors import UserError
from docendo.store.atomic import write_atomically
from docendo.store.lock import TakenError
from docendo.study.arm_run import (
    Training,
    TrainingCallback,
    spent_flops,
    train_to_budget,
)
from docendo.study.eval_answers import accuracy_by_domain, answer_keys, answer_problems
from docendo.study.eval_problems import draw_tuning_problems
from docendo.study.folder import lock_run
from docendo.study.given_experts import GivenExperts, prepare_experts
from docendo.study.plan import TUNING_SEED, StudyPlan, TrainingTask

__all__ = [
    "TunedSettings",
    "choose_settings",
    "count_trials_left",
    "read_choice",
    "trial_path",
]


class TunedSettings(NamedTuple):
    settings: tuple[str, ...] = ()
    """The settings with the highest accuracy; of equals the first in the search space."""
    flops: float = 0.0
    """The cost of all trials."""


class _Trial(NamedTuple):
    settings: tuple[str, ...]
    score: float
    """Mean accuracy over agents and domains, without a lesson."""
    flops: float


_TRIAL = TypeAdapter(_Trial)


def choose_settings(
    plan: StudyPlan, folder: Path, regime: str, arm: str, callback: TrainingCallback
) -> TunedSettings:
    """The settings that the arm takes in a regime. Finished trials are not repeated.

    Raises TakenError where all other trials are done and another process runs the rest.
    """
    choice = read_choice(plan, folder, regime, arm)
    if choice is not None:
        return choice

    task = TrainingTask(regime, arm, TUNING_SEED)
    trials = []
    # Every trial is attempted before giving up, so that processes share the work evenly.
    taken = []
    for number in range(len(plan.search_space(arm))):
        try:
            trials.append(_try_settings(plan, folder, task, number, callback))
        except TakenError as error:
            taken.append(error)
    if taken:
        raise taken[0]

    choice = _best_of(trials)
    scores = ", ".join(f"{trial.score:.1%}" for trial in trials)
    callback.on_message(
        f"{regime}, {arm}: accuracy with each setting: {scores}; "
        f"takes {', '.join(choice.settings)}"
    )
    return choice


def read_choice(
    plan: StudyPlan, folder: Path, regime: str, arm: str
) -> TunedSettings | None:
    """The settings that the arm takes; None where a trial of its search space is missing."""
    task = TrainingTask(regime, arm, TUNING_SEED)
    trials = []
    search_space = plan.search_space(arm)
    paths = [trial_path(folder, task, number) for number in range(len(search_space))]
    if not all(map(Path.exists, paths)):
        return None
    for path, settings in zip(paths, search_space, strict=True):
        trials.append(_read_trial(path, settings))
    return _best_of(trials)


def _best_of(trials: Sequence[_Trial]) -> TunedSettings:
    if not trials:  # the arm has no search space
        return TunedSettings()
    # `max` takes the first of equals, so the order of the search space decides.
    best = max(trials, key=lambda trial: trial.score)
    return TunedSettings(best.settings, sum(trial.flops for trial in trials))


def trial_path(folder: Path, task: TrainingTask, number: int) -> Path:
    """Where the outcome of one trial belongs."""
    return folder / "tuning" / task.regime / f"{task.arm}-{number}.json"


def count_trials_left(plan: StudyPlan, folder: Path, tasks: Iterable[TrainingTask]) -> int:
    """How many trials are left before these tasks are trained.

    Regimes in which an arm has equal settings share their trials.
    """
    count = 0
    counted: set[Path] = set()
    arms = dict.fromkeys((task.regime, plan.tuned_arm(task.arm)) for task in tasks)
    for regime, arm in arms:
        task = TrainingTask(regime, arm, TUNING_SEED)
        for number, settings in enumerate(plan.search_space(arm)):
            path = trial_path(folder, task, number)
            if path.exists():
                continue

            twins = plan.equivalent_tasks(task, settings)
            outcomes = {path, *(trial_path(folder, twin, number) for twin in twins)}
            if not (outcomes & counted or any(map(Path.exists, outcomes))):
                count += 1
            counted |= outcomes
    return count


def _try_settings(
    plan: StudyPlan,
    folder: Path,
    task: TrainingTask,
    number: int,
    callback: TrainingCallback,
) -> _Trial:
    path = trial_path(folder, task, number)
    settings = tuple(plan.search_space(task.arm)[number])
    if path.exists():
        return _read_trial(path, settings)

    with lock_run(folder, path.relative_to(folder).with_suffix("")) as run:
        if path.exists():  # another process wrote it while this one waited for the lock
            return _read_trial(path, settings)
        for twin in plan.equivalent_tasks(task, settings):
            twin_path = trial_path(folder, twin, number)
            if twin_path.exists():
                return _write_trial(path, _read_trial(twin_path, settings))

        callback.on_message(f"{task.regime}, {task.arm}: trying {', '.join(settings)}")
        experts = prepare_experts(plan, folder, task, callback)
        trial = _run_trial(plan, task, settings, run, experts, callback)
        # Written before the run goes: after a crash in between the trial counts as done.
        _write_trial(path, trial)
        shutil.rmtree(run, ignore_errors=True)
    return trial


def _run_trial(
    plan: StudyPlan,
    task: TrainingTask,
    settings: tuple[str, ...],
    run: Path,
    experts: GivenExperts | None,
    callback: TrainingCallback,
) -> _Trial:
    trials = []

    def evaluate(training: Training) -> None:
        session = training.session
        seed = session.config.evaluation.seed
        problems = draw_tuning_problems(session.catalog, seed, plan.study)
        answers = answer_problems(
            session.school.classroom, session.config.learner_ids, problems
        )
        shares: list[float] = []
        for by_domain in accuracy_by_domain(answer_keys(answers, problems)).values():
            shares += by_domain.values()
        trials.append(_Trial(settings, fmean(shares), spent_flops(session)))

    budget = plan.study.budget * plan.study.tuning_fraction
    train_to_budget(
        plan.configure(task, settings),
        run,
        study=plan.study.model_copy(update={"budget": budget}),
        callback=callback,
        finish=evaluate,
        start_from=experts.load if experts else None,
    )
    return trials[0]


def _write_trial(path: Path, trial: _Trial) -> _Trial:
    write_atomically(path, json.dumps(trial._asdict(), indent=1).encode() + b"\n")
    return trial


def _read_trial(path: Path, settings: Sequence[str]) -> _Trial:
    try:
        trial = _TRIAL.validate_json(path.read_bytes())
    except (OSError, ValueError) as error:
        raise UserError(
            f"{path}: no trial of settings: {error}; remove the file to try them again"
        ) from error
    if trial.settings != tuple(settings):
        raise UserError(
            f"{path}: {list(trial.settings)} was tried, but the study's search space has "
            f"{list(settings)}"
        )
    return trial
