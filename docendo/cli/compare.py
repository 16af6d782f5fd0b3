"""`docendo compare`: arms x seeds at equal total compute."""

import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from docendo.cli.output import notice, show, standard_error
from docendo.cli.report import report_study
from docendo.errors import RunError, UserError, suggestion

if TYPE_CHECKING:
    from docendo.study.plan import StudyPlan, TrainingTask

__all__ = ["compare"]

_UNASKED = {"engine", "experts", "teaching", "learning", "league", "duels", "monitors"}
"""Tables that change no problem: what is checked once need not be for other settings of these."""

_STUDY = typer.Argument(metavar="STUDY.toml", help="What is compared.", show_default=False)
_OUT_HELP = (
    "The study's folder, new or gone on with; without it, studies/<name of the file>."
)
_JOBS_HELP = "Processes that share the work, each with its share of the processor's cores."


def compare(
    study: Annotated[Path, _STUDY],
    out: Annotated[Path | None, typer.Option(metavar="DIR", help=_OUT_HELP)] = None,
    jobs: Annotated[int, typer.Option(min=1, max=256, help=_JOBS_HELP)] = 1,
    arm: Annotated[
        list[str] | None, typer.Option(metavar="A", help="Only this arm.")
    ] = None,
    regime: Annotated[
        list[str] | None, typer.Option(metavar="R", help="Only this regime.")
    ] = None,
    seed: Annotated[
        list[int] | None, typer.Option(metavar="S", help="Only this seed.")
    ] = None,
    keep: Annotated[
        bool,
        typer.Option("--keep", help="Keep the run directories; without it, results only."),
    ] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only check and say what there is to do.")
    ] = False,
) -> None:
    """Train the arms of a study at equal total compute, and say which is better.

    Each (regime, arm, seed) is stored when it is done; an interrupted study goes on where it was. Several
    of these commands may work in one folder at once, on one machine or on several that share a disk.
    --arm, --regime and --seed may be given several times.
    """
    from docendo.study.folder import write_study_file
    from docendo.study.plan import load_plan

    plan = load_plan(study)
    folder = out or Path("studies", study.stem)
    tasks = _wanted(plan, arm or (), regime or (), seed or ())
    _check(plan, tasks, folder)
    if dry_run:
        _tell(plan, folder, tasks)
        return
    write_study_file(folder, plan, study)
    helpers = [_helper(jobs) for _ in range(jobs - 1)]
    try:
        with _stopped():
            _work(plan, folder, tasks, keep, jobs)
        failed = sum(helper.wait() != 0 for helper in helpers)
    finally:
        for helper in helpers:
            helper.terminate()
    if failed:
        raise RunError(
            f"{failed} of {jobs} processes failed; the same command goes on with what is left"
        )
    if "DOCENDO_HELPER" not in os.environ:
        _report(folder)


@contextmanager
def _stopped() -> Iterator[None]:
    """Says after Ctrl-C that nothing is lost."""
    try:
        yield
    except KeyboardInterrupt:
        notice("stopped; the same command goes on inside the training that was under way")
        raise


def _wanted(
    plan: "StudyPlan", arms: Sequence[str], regimes: Sequence[str], seeds: Sequence[int]
) -> "list[TrainingTask]":
    """The trainings that are asked for. Raises UseError for an arm, a regime or a seed that there is not."""
    for given, known, what in (
        (arms, list(plan.arms), "arm"),
        (regimes, list(plan.study.regimes), "regime"),
    ):
        for name in given:
            if name not in known:
                raise UserError(f"--{what}: no {what} {name!r}{suggestion(name, known)}")
    for number in seeds:
        if number not in plan.study.each_seed:
            listed = isinstance(plan.study.seeds, list)
            there = (
                ", ".join(map(str, plan.study.each_seed))
                if listed
                else f"0 to {plan.study.each_seed[-1]}"
            )
            raise UserError(f"--seed: got {number}; the study has seeds {there}")
    trained = set(map(plan.trained, arms))
    return [
        task
        for task in plan.tasks()
        if task.arm in (trained or plan.arms)
        and task.regime in (regimes or plan.study.regimes)
        and task.seed in (seeds or plan.study.each_seed)
    ]


def _check(plan: "StudyPlan", tasks: "Sequence[TrainingTask]", folder: Path) -> None:
    """Raises UseError for a folder of something else, and for settings of any training that do not fit, before the
    first of them.
    """
    from docendo.build.catalog import read_catalog
    from docendo.build.data import draw_solved_problems
    from docendo.cli.runs import check_model
    from docendo.study.eval_problems import check_eval_problems, draw_tuning_problems
    from docendo.study.folder import check_folder
    from docendo.study.tuning import count_trials_left

    check_folder(folder, plan)
    checked = set[str]()
    for task in {(t.regime, t.arm): t for t in tasks}.values():
        grid = plan.grid(task.arm)
        for settings in grid or ((),):
            config = plan.settings(task, settings)
            check_model(config.model)
            found = read_catalog(config)
            asked = config.model_dump_json(exclude=_UNASKED)
            if asked not in checked:
                draw_solved_problems(config, found)
            checked.add(asked)
        tries = bool(grid and count_trials_left(plan, folder, [task]))
        papers = f"{asked} {tries}"
        if papers not in checked:
            check_eval_problems(found, config.evaluation.seed, plan.study)
            if tries:
                draw_tuning_problems(found, config.evaluation.seed, plan.study)
        checked.add(papers)


def _tell(plan: "StudyPlan", folder: Path, tasks: "Sequence[TrainingTask]") -> None:
    from docendo.study.tuning import count_trials_left
    from docendo.study.worker import find_unfinished

    left = find_unfinished(plan, folder, tasks)
    trials = count_trials_left(plan, folder, left)
    show(
        f"{folder}: trainings: {len(tasks)}, left: {len(left)}; trials of settings left: {trials}"
    )
    show(f"budget of each: {plan.study.budget:.3g} operations")
    asked = {(task.regime, task.arm) for task in tasks}
    for regime in plan.study.regimes:
        for arm, made in plan.arms.items():
            if (regime, trained := plan.trained(arm)) not in asked:
                continue
            seeds = [t.seed for t in left if (t.regime, t.arm) == (regime, trained)]
            show(
                f"  {regime}, {arm}: {made.told}; seeds left: {', '.join(map(str, seeds)) or 'none'}"
            )


def _helper(jobs: int) -> "subprocess.Popen[bytes]":
    """This command once more, in a process of its own that starts none."""
    threads = str(max(1, (os.cpu_count() or 1) // jobs))
    environment = {**os.environ, "OMP_NUM_THREADS": threads, "DOCENDO_HELPER": "1"}
    command = [sys.executable, "-m", "docendo", *sys.argv[1:], "--jobs", "1"]
    return subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL)  # noqa: S603


def _work(
    plan: "StudyPlan", folder: Path, tasks: "Sequence[TrainingTask]", keep: bool, jobs: int
) -> None:
    import torch

    from docendo.formatting import percent
    from docendo.study.measures import measure_result
    from docendo.study.worker import StudyWorker

    if jobs > 1:
        torch.set_num_threads(max(1, (os.cpu_count() or 1) // jobs))
    with _Bar(len(tasks)) as bar:
        study = StudyWorker(plan, folder, bar, keep)
        bar.done(len(tasks) - len(study.left(tasks)))
        for result in study.work(tasks):
            right = percent(float(measure_result(result)["mean"][0]))
            bar.told(
                f"{result.regime}, {result.arm}, seed {result.seed}: {right} right without a lesson"
            )
            bar.done(len(tasks) - len(study.left(tasks)))


def _report(folder: Path) -> None:
    if not any(folder.glob("results/*/*.json")):
        notice(f"{folder}: nothing is finished yet; other processes train all that is left")
        return
    report_study(folder, folder / "report.html")


class _Bar:
    """Watches a study: how many trainings are done, and how far the one under way is."""

    def __init__(self, of: int) -> None:
        from rich.progress import BarColumn, Progress, TextColumn

        text = TextColumn("{task.fields[said]}", markup=False)
        self._bar = Progress(
            text, BarColumn(bar_width=20), console=standard_error(), refresh_per_second=4
        )
        self._live = self._bar.console.is_terminal
        self._task = self._bar.add_task("", total=of, said="")
        self._done, self._line, self._warned = 0, "", set[str]()

    def __enter__(self) -> "_Bar":
        if self._live:
            self._bar.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._live:
            self._bar.stop()

    def work(self, purpose: str, tokens: int) -> None:
        """Too small to be shown."""

    def stage(self, name: str, index: int, of: int) -> None:
        """Too small to be shown."""

    def share(self, spent: float) -> None:
        self._bar.update(
            self._task, completed=self._done + spent, said=f"{self._line} {spent:.0%}"
        )

    def told(self, line: str) -> None:
        self._line = line
        self._show(line)

    def warned(self, line: str) -> None:
        if line not in self._warned:  # most hold for every training
            self._warned.add(line)
            self._show(line)

    def _show(self, line: str) -> None:
        if self._live:
            self._bar.console.print(line, markup=False)
        else:
            notice(line)

    def done(self, count: int) -> None:
        self._done = count
        self._bar.update(self._task, completed=count)
