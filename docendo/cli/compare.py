"""`docendo compare`: arms x seeds at equal total compute."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from docendo.cli.output import notice
from docendo.cli.report import report_study
from docendo.errors import RunError
from docendo.formatting import percent

if TYPE_CHECKING:
    from docendo.study.plan import StudyPlan, TrainingTask

__all__ = ["compare"]

_HELPER = "DOCENDO_HELPER"
"""Set in the processes that this command starts: only the first one reports."""

_STUDY = typer.Argument(
    metavar="STUDY.toml", help="Arms, regimes, seeds and budget.", show_default=False
)
_OUT_HELP = "The study's folder, new or old. Default: studies/<name of the file>."
_JOBS_HELP = "Processes that share the work, each with its share of the processor's cores."
_KEEP_HELP = "Keep the run directories, too."
_DRY_HELP = "Only check, and show what there is to do."


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
    keep: Annotated[bool, typer.Option("--keep", help=_KEEP_HELP)] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help=_DRY_HELP)] = False,
) -> None:
    """Compare the arms of a study at equal total compute.

    Each (regime, arm, seed) is stored when it is done; the same command continues an interrupted
    study. Several of these commands may work in one folder at once, on one machine or on several
    that share a disk. --arm, --regime and --seed may be given several times.
    """
    from docendo.cli.study_tasks import check_tasks, select_tasks, show_tasks
    from docendo.study.folder import write_study_file
    from docendo.study.plan import load_plan

    plan = load_plan(study)
    folder = out or Path("studies", study.stem)
    tasks = select_tasks(plan, arm or (), regime or (), seed or ())
    check_tasks(plan, tasks, folder)
    if unequal := plan.describe_grids():
        notice(unequal)
    if dry_run:
        show_tasks(plan, folder, tasks)
        return

    write_study_file(folder, plan, study)
    helpers = [_start_helper(jobs) for _ in range(jobs - 1)]
    try:
        with _reassure():
            _train(plan, folder, tasks, keep=keep, jobs=jobs)
        # helpers finish the trainings that they took, also after this process is done
        failed = sum(helper.wait() != 0 for helper in helpers)
    # nothing is lost: a training that was stopped goes on from its last checkpoint
    finally:
        for helper in helpers:
            helper.terminate()
    if failed:
        raise RunError(
            f"{failed} of {jobs} processes failed; the same command goes on with what is left"
        )
    if _HELPER not in os.environ:
        _report(folder)


@contextmanager
def _reassure() -> Iterator[None]:
    """Say after Ctrl-C that nothing is lost."""
    try:
        yield
    except KeyboardInterrupt:
        notice("stopped; the same command goes on inside the training that was under way")
        raise


def _start_helper(jobs: int) -> "subprocess.Popen[bytes]":
    """This command once more, in a process of its own that starts none."""
    environment = {
        **os.environ,
        "OMP_NUM_THREADS": str(_share_cores(jobs)),
        _HELPER: "1",
    }
    # the last --jobs wins, so that the helper starts no helpers
    command = [sys.executable, "-m", "docendo", *sys.argv[1:], "--jobs", "1"]
    return subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL)  # noqa: S603


def _share_cores(jobs: int) -> int:
    return max(1, (os.cpu_count() or 1) // jobs)


def _train(
    plan: "StudyPlan",
    folder: Path,
    tasks: "list[TrainingTask]",
    *,
    keep: bool,
    jobs: int,
) -> None:
    """Every training that is left and that no other process does."""
    import torch

    from docendo.cli.study_progress import StudyProgress
    from docendo.study.measures import measure_result
    from docendo.study.worker import StudyWorker

    # processes that each use all cores slow each other down
    if jobs > 1:
        torch.set_num_threads(_share_cores(jobs))

    with StudyProgress(len(tasks)) as progress:
        worker = StudyWorker(plan, folder, progress, keep)
        progress.done(len(tasks) - len(worker.unfinished(tasks)))
        for result in worker.run(tasks):
            accuracy = percent(float(measure_result(result)["mean"][0]))
            progress.on_message(
                f"{result.regime}, {result.arm}, seed {result.seed}: "
                f"{accuracy} right without a lesson"
            )
            progress.done(len(tasks) - len(worker.unfinished(tasks)))


def _report(folder: Path) -> None:
    if any(folder.glob("results/*/*.json")):
        report_study(folder, folder / "report.html")
    else:
        notice(f"{folder}: nothing is finished yet; other processes train all that is left")
