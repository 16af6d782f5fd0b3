"""`docendo run` and `docendo resume`: training a population, and going on after an interruption."""

import sys
from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from docendo.cli.dialog import get_user_name
from docendo.cli.grading import grade_waiting
from docendo.cli.interrupt import INTERRUPTED, Interrupt, interrupts
from docendo.cli.options import ConfigFile, RunPath, Settings
from docendo.cli.output import notice, show
from docendo.cli.runs import (
    check_disk_space,
    check_run_folder,
    load_catalog,
    pick_run_folder,
    warn_about_damage,
)
from docendo.errors import UserError
from docendo.store import RunDirectory

if TYPE_CHECKING:
    from docendo.cli.progress import Progress
    from docendo.config.load import Config
    from docendo.problems.catalog import Catalog
    from docendo.run.session import Session

__all__ = ["STOPPED", "resume", "run"]

STOPPED = 3
"""The exit code of a run that an alarm ended."""

_OUT_HELP = "The run directory to make. Default: runs/<name of the config>-<n>."
_FORCE_HELP = "Resume although files or the base model's weights have changed."
_DRY_HELP = "Try everything once, very small; write nothing but the model cache."


def run(
    config_file: ConfigFile = None,
    settings: Settings = None,
    out: Annotated[Path | None, typer.Option(metavar="DIR", help=_OUT_HELP)] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help=_DRY_HELP)] = False,
) -> None:
    """Train the experts, then let them teach each other.

    Writes a run directory with everything that happened, and report.html. Ctrl-C finishes
    the round and saves; a second Ctrl-C stops at once. Either way `docendo resume` goes on
    from the last saved round. An alarm that monitors.stop_on names ends the run after its round,
    with exit code 3.
    """
    from docendo.config.load import load_config

    config = load_config(config_file, tuple(settings or ()))
    _check_api_keys(config)
    folder = out or pick_run_folder(config_file)
    check_run_folder(folder)
    # everything that can be refused is refused before a model is loaded
    catalog = load_catalog(config)

    if dry_run:
        _rehearse(config, catalog, folder, config_file)
    else:
        _train(config, catalog, folder)


def _train(config: "Config", catalog: "Catalog", folder: Path) -> None:
    """A new run in `folder`."""
    from docendo.build.backend import resolve_config
    from docendo.cli.estimate import checkpoints_size
    from docendo.config.load import to_toml
    from docendo.run.opening import begin, open_session

    progress = _open_progress(config)
    with interrupts(progress.stopping, lambda: _stop_now(progress, folder)) as interrupt:
        resolved = resolve_config(config)
        notice(f"loading {resolved.model}; the first time may take a minute")
        session = open_session(resolved, progress, catalog)
        # only now, since the size of an adapter depends on the model
        check_disk_space(
            folder, checkpoints_size(resolved, session.backend.describe().adapter_size)
        )
        _notice_each(session.truncation_warnings)

        with RunDirectory.create(folder, to_toml(resolved)) as directory:
            begin(session, directory)
            # two lines, as one would be wider than many terminals
            notice(f"{folder}: {_describe_population(resolved)}")
            notice(_describe_work(resolved))
            _play_rounds(session, directory, progress, interrupt)


def resume(
    path: RunPath,
    settings: Settings = None,
    force: Annotated[bool, typer.Option("--force", help=_FORCE_HELP)] = False,
) -> None:
    """Resume an interrupted run.

    It continues after the last saved round and ends as an uninterrupted run would. A finished
    run is left unchanged, unless --set teaching.rounds=N asks for more rounds. Names everything
    that has changed since the run began, and refuses what the run cannot continue with.
    """
    from docendo.config.load import load_config

    with RunDirectory.open(path) as directory:
        finished = directory.finished
        provenance = directory.noted("provenance")
        config = load_config(directory.path / "config.toml", tuple(settings or ()))

    # what was planned last time: --set may have raised it
    planned_rounds = config.teaching.rounds
    if provenance:
        planned_rounds = provenance["settings"]["teaching"]["rounds"]
    if finished and config.teaching.rounds <= planned_rounds:
        show(f"{path} is finished; see it with `docendo report {path}`")
        return

    _check_api_keys(config)
    _go_on(path, config, force)


def _go_on(path: Path, config: "Config", force: bool) -> None:
    from docendo.build.backend import resolve_config
    from docendo.run.opening import resume_session

    progress = _open_progress(config)
    with (
        interrupts(progress.stopping, lambda: _stop_now(progress, path)) as interrupt,
        RunDirectory.open(path, write=True) as directory,
    ):
        checkpoint = directory.latest_checkpoint()
        if checkpoint:
            warn_about_damage(checkpoint)

        session = resume_session(directory, resolve_config(config), progress, force)
        for change in session.changes:
            effect = "" if change.rule == "free" else "; from here on it is another run"
            notice(f"{change}{effect}")

        # an alarm that still stands ends the run again before its next round
        if not session.monitors.stops:
            notice(f"{path} goes on with {_name_next_round(session)}")
        progress.before(directory.rounds())
        _play_rounds(session, directory, progress, interrupt)


def _name_next_round(session: "Session") -> str:
    """``round 5, teaching 3/20``."""
    from docendo.run.evaluation_plan import START

    index = session.last_round + 1
    if index <= START:
        return "the evaluation of the base model, before the first round"
    if index < session.expert_rounds:
        return f"round {index}, experts {index + 1}/{session.expert_rounds}"
    number = index - session.expert_rounds + 1
    return f"round {index}, teaching {number}/{session.config.teaching.rounds}"


def _rehearse(
    config: "Config", catalog: "Catalog", folder: Path, config_file: Path | None
) -> None:
    """Play a very small version of the run, and write nothing."""
    from docendo.build.backend import resolve_config
    from docendo.cli.rehearsal import shrink_config
    from docendo.run.opening import open_session

    resolved = resolve_config(config)
    small = shrink_config(resolved)
    progress = _open_progress(small)
    session = open_session(small, progress, catalog)
    with progress:
        for record in session.rounds():
            progress.ended(record, is_rehearsal=True)

    for domain, evaluator in session.school.classroom.evaluators.items():
        if reason := getattr(evaluator, "failure", None):
            raise UserError(
                f"[domains.{domain}] evaluator: failed on every answer: {reason}"
            )

    # the warning is about the answers of the real run, which may be longer
    _notice_each(replace(session, config=resolved).truncation_warnings)
    show(
        f"Everything works. A real run would write {folder}:",
        _describe_population(resolved),
        _describe_work(resolved),
    )
    show(f"How long it takes: docendo plan {config_file or ''}".rstrip())


def _notice_each(lines: Iterable[str]) -> None:
    for line in lines:
        notice(line)


def _check_api_keys(config: "Config") -> None:
    if config.endpoints:
        from docendo.build.endpoints import check_keys

        check_keys(config)


def _open_progress(config: "Config") -> "Progress":
    from docendo.build.school import count_expert_rounds
    from docendo.cli.progress import Progress

    return Progress(config, count_expert_rounds(config.experts))


def _describe_population(config: "Config") -> str:
    """``nano in float32 on cpu; 3 agents, 3 domains``."""
    engine = config.engine
    agents = _count(len(config.agents), "agent")
    domains = _count(len(config.domains), "domain")
    return f"{config.model} in {engine.dtype} on {engine.device}; {agents}, {domains}"


def _describe_work(config: "Config") -> str:
    """``up to 30 expert steps, then 20 teaching rounds, each with 12 matches``."""
    events = []
    if config.domains:
        events.append(_count(config.teaching.matches, "match", "matches"))
    if config.duels.pairings:
        pairings = _count(config.duels.pairings, "pairing")
        events.append(f"{pairings} at {config.duels.game}")

    steps = _count(config.experts.steps, "expert step")
    rounds = _count(config.teaching.rounds, "teaching round")
    content = f", each with {' and '.join(events)}" if events else ""
    return f"up to {steps}, then {rounds}{content}"


def _count(number: int, noun: str, plural: str = "") -> str:
    return f"{number} {noun if number == 1 else plural or noun + 's'}"


def _play_rounds(
    session: "Session",
    directory: RunDirectory,
    progress: "Progress",
    interrupt: Interrupt,
) -> None:
    """Every round that is left, or up to the first Ctrl-C; then the report."""
    interrupt.running = True
    # only who sees the question can answer it
    if sys.stdin.isatty() and sys.stderr.isatty():
        session.ratings.attend = _grade_here(progress, session.ratings.attend)

    with progress:
        for record in session.rounds():
            progress.ended(record)
            # the experts may have been good enough early, and so the last round another one
            last = session.expert_rounds + session.config.teaching.rounds - 1
            if interrupt.is_requested and session.last_round < last:
                break
    # from here on Ctrl-C stops at once: there is nothing to lose
    interrupt.running = False

    if session.monitors.stops:
        _write_report(directory)
        notice(_explain_alarms(session, directory.path, finished=directory.finished))
        raise typer.Exit(STOPPED)
    if not directory.finished:
        notice(f"saved after this round; go on with `docendo resume {directory.path}`")
        raise typer.Exit(INTERRUPTED)
    _write_report(directory)


def _explain_alarms(session: "Session", folder: Path, *, finished: bool) -> str:
    """Which alarms ended the run, and how to go on."""
    alarms = session.monitors.stops
    rounds = session.config.monitors.window
    facts = "; ".join(
        f"{a.monitor} of {a.agent} is {a.share:.2f}, more than {a.limit:g}" for a in alarms
    )
    if finished:
        return f"an alarm was raised after the last round: {facts} (rounds: {rounds})"

    names = ", ".join(dict.fromkeys(alarm.monitor for alarm in alarms))
    return (
        f"stopped by an alarm after round {session.last_round}, which is saved: {facts} "
        f"(rounds: {rounds}). To go on, raise {names} or take it out of stop_on in "
        f"{folder}/config.toml under [monitors], then `docendo resume {folder}`"
    )


def _grade_here(
    progress: "Progress", wait_elsewhere: Callable[[Path], None]
) -> Callable[[Path], None]:
    """Ask the person at this terminal for grades, until that person leaves them to others."""
    stays = True

    def attend(run_path: Path) -> None:
        nonlocal stays
        if not stays:
            wait_elsewhere(run_path)
            return
        from docendo.humans.votes import VoteStore

        # the bar would draw over the questions
        progress.close()
        with VoteStore(run_path) as votes:
            stays = grade_waiting(votes, get_user_name())
        if not stays:
            command = f"docendo chat {run_path} --grade"
            notice(f"the run waits; go on in another terminal with `{command}`")
        # the bar comes back when the run goes on
        progress.__enter__()

    return attend


def _stop_now(progress: "Progress", folder: Path) -> None:
    progress.close()
    notice(
        "stopped; the rounds before this one are saved; "
        f"go on with `docendo resume {folder}`"
    )


def _write_report(directory: RunDirectory) -> None:
    from docendo.report import terminal_report, write_page

    show(terminal_report(directory))
    page = write_page(directory, directory.path / "report.html")
    show(
        f"{page}",
        f"again: docendo report {directory.path}",
        f"new problems: docendo eval {directory.path}",
    )
