"""Which trainings of a study are asked for, whether they can be done, and how many are left."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from docendo.build.catalog import read_catalog
from docendo.build.data import draw_solved_problems
from docendo.cli.output import show
from docendo.cli.runs import check_model
from docendo.errors import UserError, suggestion
from docendo.study.detectable import describe_detectable
from docendo.study.eval_problems import check_eval_problems, draw_tuning_problems
from docendo.study.folder import check_folder
from docendo.study.plan import StudyPlan, TrainingTask
from docendo.study.tuning import count_trials_left
from docendo.study.worker import find_unfinished

if TYPE_CHECKING:
    from docendo.config.load import Config
    from docendo.problems.catalog import Catalog

__all__ = ["check_tasks", "select_tasks", "show_tasks"]

_NOT_ABOUT_PROBLEMS = {
    "engine",
    "experts",
    "teaching",
    "learning",
    "league",
    "duels",
    "monitors",
}
"""Tables that change no problem: settings that differ in these alone are checked once."""


def select_tasks(
    plan: StudyPlan, arms: Sequence[str], regimes: Sequence[str], seeds: Sequence[int]
) -> list[TrainingTask]:
    """The trainings of these arms, regimes and seeds; all where none is named.

    Raises UserError for an arm, a regime or a seed that the study does not have.
    """
    _check_names("arm", arms, list(plan.arms))
    _check_names("regime", regimes, list(plan.study.regimes))
    _check_seeds(plan, seeds)

    # some arms are made of the training of another one
    trained_arms = set(map(plan.trained_arm, arms)) or set(plan.arms)
    tasks = []
    for task in plan.tasks():
        if (
            task.arm in trained_arms
            and task.regime in (regimes or plan.study.regimes)
            and task.seed in (seeds or plan.study.each_seed)
        ):
            tasks.append(task)
    return tasks


def _check_names(option: str, names: Sequence[str], available: Sequence[str]) -> None:
    for name in names:
        if name not in available:
            hint = suggestion(name, available)
            raise UserError(f"--{option}: no {option} {name!r}{hint}")


def _check_seeds(plan: StudyPlan, seeds: Sequence[int]) -> None:
    available = plan.study.each_seed
    for seed in seeds:
        if seed not in available:
            listed = f"0 to {available[-1]}"
            if isinstance(plan.study.seeds, list):
                listed = ", ".join(map(str, available))
            raise UserError(f"--seed: got {seed}; the study has seeds {listed}")


def check_tasks(plan: StudyPlan, tasks: Sequence[TrainingTask], folder: Path) -> None:
    """Check the folder and the settings of every training, before the first begins.

    Raises UserError for a folder that holds something else, and for settings that do not fit.
    """
    # before the settings, which take longer to check
    check_folder(folder, plan)

    # seeds share their settings
    task_by_settings = {(task.regime, task.arm): task for task in tasks}
    checked: set[str] = set()
    for task in task_by_settings.values():
        grid = plan.search_space(task.arm)
        config, catalog = _check_grid(plan, task, grid, checked)

        # settings are compared on problems of their own, which must exist too
        is_tuned = bool(grid and count_trials_left(plan, folder, [task]))
        key = f"{_describe_problems(config)} {is_tuned}"
        if key not in checked:
            check_eval_problems(catalog, config.evaluation.seed, plan.study)
            if is_tuned:
                draw_tuning_problems(catalog, config.evaluation.seed, plan.study)
        checked.add(key)


def _check_grid(
    plan: StudyPlan,
    task: TrainingTask,
    grid: Sequence[Sequence[str]],
    checked: set[str],
) -> tuple["Config", "Catalog"]:
    """Check every setting that is tried; the last one's configuration and catalog."""
    for settings in grid or ((),):
        config = plan.configure(task, settings)
        check_model(config.model)
        catalog = read_catalog(config)

        key = _describe_problems(config)
        if key not in checked:
            draw_solved_problems(config, catalog)
        checked.add(key)
    return config, catalog


def _describe_problems(config: "Config") -> str:
    return config.model_dump_json(exclude=_NOT_ABOUT_PROBLEMS)


def show_tasks(plan: StudyPlan, folder: Path, tasks: Sequence[TrainingTask]) -> None:
    """Print what there is to do, and what is left of it."""
    unfinished = find_unfinished(plan, folder, tasks)
    trials = count_trials_left(plan, folder, unfinished)
    show(
        f"{folder}: trainings: {len(tasks)}, left: {len(unfinished)}; "
        f"trials of settings left: {trials}",
        f"budget of each: {plan.study.budget:.3g} operations",
        describe_detectable(plan),
    )

    seeds_left: dict[tuple[str, str], list[str]] = {
        (task.regime, task.arm): [] for task in tasks
    }
    for task in unfinished:
        seeds_left[task.regime, task.arm].append(str(task.seed))

    for regime in plan.study.regimes:
        for name, arm in plan.arms.items():
            seeds = seeds_left.get((regime, plan.trained_arm(name)))
            if seeds is not None:
                listed = ", ".join(seeds) or "none"
                show(f"  {regime}, {name}: {arm.description}; seeds left: {listed}")
