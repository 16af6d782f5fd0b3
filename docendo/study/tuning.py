"""Settings chosen for an arm: each is tried with the same compute, from another seed and on other held-out problems."""

import json
import shutil
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from statistics import fmean
from typing import NamedTuple

from docendo.errors import RunError, UserError
from docendo.store.atomic import write_whole
from docendo.store.lock import TakenError, WriterLock
from docendo.study.arm_run import Training, TrainingCallback, spent_flops, train_to_budget
from docendo.study.eval_problems import (
    accuracy_by_domain,
    answer_keys,
    answer_problems,
    draw_tuning_problems,
)
from docendo.study.plan import TUNING_SEED, StudyPlan, TrainingTask

__all__ = [
    "TunedSettings",
    "choose_settings",
    "count_trials_left",
    "lock_run",
    "read_choice",
    "trial_path",
]


class TunedSettings(NamedTuple):
    settings: tuple[str, ...] = ()
    """Those that were right most often; the first in the grid of several that were."""
    flops: float = 0.0
    """What trying all of them cost."""


class _Trial(NamedTuple):
    settings: tuple[str, ...]
    score: float
    """Mean accuracy over agents and domains, without a lesson."""
    flops: float


def choose_settings(
    plan: StudyPlan, folder: Path, regime: str, arm: str, watcher: TrainingCallback
) -> TunedSettings:
    """The settings that the arm takes in a regime; those that were tried before are not tried again.

    Raises TakenError where other processes are still trying some, when all others were tried.
    """
    if (known := read_choice(plan, folder, regime, arm)) is not None:
        return known
    trials, taken = list[_Trial](), list[TakenError]()
    for number in range(len(plan.grid(arm))):
        try:
            trials.append(
                _try(plan, folder, TrainingTask(regime, arm, TUNING_SEED), number, watcher)
            )
        except TakenError as error:
            taken.append(error)
    if taken:
        raise taken[0]
    found = _best(trials)
    scores = ", ".join(f"{trial.score:.1%}" for trial in trials)
    watcher.told(
        f"{regime}, {arm}: right with each setting: {scores}; takes {', '.join(found.settings)}"
    )
    return found


def read_choice(
    plan: StudyPlan, folder: Path, regime: str, arm: str
) -> TunedSettings | None:
    """The same where all settings of its grid were tried, else None."""
    grid, task = plan.grid(arm), TrainingTask(regime, arm, TUNING_SEED)
    paths = [trial_path(folder, task, number) for number in range(len(grid))]
    if not all(path.exists() for path in paths):
        return None
    return _best(
        [_read(path, settings) for path, settings in zip(paths, grid, strict=True)]
    )


def _best(trials: Sequence[_Trial]) -> TunedSettings:
    if not trials:  # nothing to choose from
        return TunedSettings()
    best = max(trials, key=lambda trial: trial.score)
    return TunedSettings(best.settings, sum(trial.flops for trial in trials))


def trial_path(folder: Path, task: TrainingTask, number: int) -> Path:
    """Where the outcome of one trial belongs."""
    return folder / "tuning" / task.regime / f"{task.arm}-{number}.json"


def count_trials_left(plan: StudyPlan, folder: Path, tasks: Iterable[TrainingTask]) -> int:
    """How many settings are still to be tried before these are trained; the same one in two regimes is one."""
    left, seen = 0, set[Path]()
    for regime, arm in dict.fromkeys((task.regime, plan.tuned(task.arm)) for task in tasks):
        trial = TrainingTask(regime, arm, TUNING_SEED)
        for number, settings in enumerate(plan.grid(arm)):
            if trial_path(folder, trial, number).exists():
                continue
            outcomes = {
                trial_path(folder, one, number)
                for one in (trial, *plan.twins(trial, settings))
            }
            left += not (outcomes & seen or any(path.exists() for path in outcomes))
            seen |= outcomes
    return left


def _try(
    plan: StudyPlan,
    folder: Path,
    task: TrainingTask,
    number: int,
    watcher: TrainingCallback,
) -> _Trial:
    path, settings = trial_path(folder, task, number), tuple(plan.grid(task.arm)[number])
    if path.exists():
        return _read(path, settings)
    with lock_run(folder, path.relative_to(folder).with_suffix("")) as run:
        if path.exists():
            return _read(path, settings)
        if done := next(
            (
                p
                for twin in plan.twins(task, settings)
                if (p := trial_path(folder, twin, number)).exists()
            ),
            None,
        ):
            return _write(path, _read(done, settings))
        watcher.told(f"{task.regime}, {task.arm}: trying {', '.join(settings)}")
        found: list[_Trial] = []

        def examine(course: Training) -> None:
            session = course.session
            problems = draw_tuning_problems(
                session.catalog, session.config.evaluation.seed, plan.study
            )
            right = accuracy_by_domain(
                answer_keys(
                    answer_problems(session.school.classroom, session.agents, problems),
                    problems,
                )
            )
            score = fmean(share for domains in right.values() for share in domains.values())
            found.append(_Trial(settings, score, spent_flops(session)))

        train_to_budget(
            plan.settings(task, settings),
            run,
            watcher,
            plan.study,
            plan.study.budget * plan.study.tuning,
            examine,
        )
        _write(path, found[0])
        shutil.rmtree(run, ignore_errors=True)
    return found[0]


def _write(path: Path, trial: _Trial) -> _Trial:
    write_whole(path, json.dumps(trial._asdict(), indent=1).encode() + b"\n")
    return trial


def _read(path: Path, settings: Sequence[str]) -> _Trial:
    try:
        found = json.loads(path.read_text())
        trial = _Trial(
            tuple(found["settings"]), float(found["score"]), float(found["flops"])
        )
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise UserError(
            f"{path}: no trial of settings: {error}; remove the file to try them again"
        ) from error
    if trial.settings != tuple(settings):
        raise UserError(
            f"{path}: {list(trial.settings)} was tried, and the study wants {list(settings)}"
        )
    return trial


@contextmanager
def lock_run(folder: Path, name: Path) -> Iterator[Path]:
    """The run directory of that name, which no other process enters meanwhile. Raises TakenError where one is there."""
    run = folder / "runs" / name
    try:
        run.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise RunError(f"{run.parent}: {error.strerror}") from error
    lock = WriterLock(run.with_name(f".{run.name}.lock"))
    try:
        yield run
    finally:
        lock.release()
