"""`docendo run` and `docendo resume`."""

import sys
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from docendo.cli.chat import grade_waiting, user_name
from docendo.cli.interrupt import INTERRUPTED, Interrupt, interrupts
from docendo.cli.options import ConfigFile, RunPath, Settings
from docendo.cli.output import notice, show
from docendo.cli.runs import (
    check_config,
    check_disk_space,
    check_run_folder,
    pick_run_folder,
    report_bad_rows,
    warn_about_damage,
)

if TYPE_CHECKING:
    from docendo.build.school import Catalog
    from docendo.cli.progress import Progress
    from docendo.config.load import Config
    from docendo.run.provenance import Change
    from docendo.run.session import Session
    from docendo.store import RunDirectory

__all__ = ["STOPPED", "resume", "run", "tiny"]

STOPPED = 3
"""The exit code of a run that an alarm ended."""

_OUT_HELP = "The run directory to make; without it, runs/<name of the configuration>-<n>."
_FORCE_HELP = "Go on though files or the base model's weights are not what they were."
_DRY_HELP = "Try everything once, very small; write nothing but the model cache."


def run(
    config: ConfigFile = None,
    settings: Settings = None,
    out: Annotated[Path | None, typer.Option(metavar="DIR", help=_OUT_HELP)] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help=_DRY_HELP)] = False,
) -> None:
    """Train the experts, then let them teach each other.

    Writes a run directory with everything that happened, and report.html. Ctrl-C finishes the round and saves;
    a second Ctrl-C stops at once. Either way `docendo resume` goes on from the last saved round.
    An alarm of alarms.stop ends the run after its round, with exit code 3.
    """
    from docendo.config.load import load_config

    wanted = load_config(config, tuple(settings or ()))
    _check_keys(wanted)
    folder = out or pick_run_folder(config)
    check_run_folder(folder)
    found = check_config(wanted)
    report_bad_rows(found.quarantined)
    if dry_run:
        _try_out(wanted, found, folder, config)
        return
    from docendo.build.school import resolve_config
    from docendo.cli.estimate import checkpoints_size
    from docendo.config.load import to_toml
    from docendo.run.session import begin, open_session
    from docendo.store import RunDirectory

    progress = _progress(wanted)
    with interrupts(progress.stopping, lambda: _stopped_now(progress, folder)) as interrupt:
        here = resolve_config(wanted)
        notice(f"loading {here.model}; the first time may take a minute")
        session = open_session(here, progress, found)
        check_disk_space(folder, checkpoints_size(here, session.engine.bank.size))
        _warn(session.cut_short)
        with RunDirectory.create(folder, to_toml(here)) as made:
            begin(session, made)
            notice(f"{folder}: {_plan(here)}")
            _play(session, made, progress, interrupt)


def resume(
    path: RunPath,
    settings: Settings = None,
    force: Annotated[bool, typer.Option("--force", help=_FORCE_HELP)] = False,
) -> None:
    """Go on with an interrupted run.

    It starts after the last saved round and ends as it would have ended without the interruption. A
    finished run is left as it is, unless --set teaching.rounds=N wants more of it. What is not as it
    was when the run was begun is said, and refused where the run could not go on with it.
    """
    from docendo.config.load import load_config
    from docendo.store import RunDirectory

    with RunDirectory.open(path) as found:
        finished, made_with = found.finished, found.noted("provenance")
        config = load_config(found.path / "config.toml", tuple(settings or ()))
    wanted = (
        made_with["settings"]["teaching"]["rounds"] if made_with else config.teaching.rounds
    )
    if finished and config.teaching.rounds <= wanted:
        show(f"{path} is finished; see it with `docendo report {path}`")
        return
    _check_keys(config)
    from docendo.build.school import resolve_config
    from docendo.run.session import resume_session

    progress = _progress(config)
    with (
        interrupts(progress.stopping, lambda: _stopped_now(progress, path)) as interrupt,
        RunDirectory.open(path, write=True) as made,
    ):
        if checkpoint := made.latest_checkpoint():
            warn_about_damage(checkpoint)
        session = resume_session(made, resolve_config(config), progress, force)
        _tell(session.changes)
        progress.before(made.rounds())
        _play(session, made, progress, interrupt)


def _tell(changes: "Sequence[Change]") -> None:
    for change in changes:
        notice(
            f"{change}{'' if change.rule == 'free' else '; from here on it is another run'}"
        )


def tiny(config: "Config") -> "Config":
    """The same league with one step, one round and two matches, for trying it out."""
    e, t, learn, d = config.experts, config.teaching, config.learning, config.duels
    steps, count = min(e.steps, 1), min(learn.practice, 1)
    guided = any(
        a.grammar for a in config.agents.values()
    )  # whose answers may not fit into fewer tokens
    tokens = t.max_tokens if guided else min(t.max_tokens, 8)
    small = {"rounds": min(t.rounds, 1), "matches": min(t.matches, 2), "max_tokens": tokens}
    amounts = {
        "imitation": min(learn.imitation, 1),
        "rehearsal": min(learn.rehearsal, 1),
        "practice": count,
    }
    return config.model_copy(
        update={
            "experts": e.model_copy(update={"steps": steps, "every": 1, "batch": 1}),
            "teaching": t.model_copy(update=small),
            "learning": learn.model_copy(update=amounts),
            "duels": d.model_copy(
                update={
                    "pairings": min(d.pairings, 1),
                    "deals": 1,
                    "repeats": 2,
                    "samples": 1,
                }
            ),
            "evaluation": config.evaluation.model_copy(update={"problems": 1, "every": 0}),
        }
    )


def _try_out(wanted: "Config", found: "Catalog", folder: Path, config: Path | None) -> None:
    from docendo.build.school import resolve_config
    from docendo.run.session import open_session

    here = resolve_config(wanted)
    progress = _progress(tiny(here))
    session = open_session(tiny(here), progress, found)
    with progress:
        for record in session.rounds():
            progress.ended(record)
    _warn(replace(session, config=here).cut_short)
    show(f"Everything works. A real run would write {folder}: {_plan(here)}.")
    show(f"How long it takes: docendo plan {config or ''}".rstrip())


def _warn(lines: "Sequence[str]") -> None:
    for line in lines:
        notice(line)


def _check_keys(config: "Config") -> None:
    if config.endpoints:
        from docendo.build.endpoints import check_keys

        check_keys(config)


def _progress(config: "Config") -> "Progress":
    from docendo.build.school import expert_rounds
    from docendo.cli.progress import Progress

    return Progress(config, expert_rounds(config.experts))


def _plan(config: "Config") -> str:
    e, t = config.experts, config.teaching
    counts = [
        (len(config.agents), "agent"),
        (len(config.domains), "domain"),
        (t.rounds, "teaching round"),
    ]
    agents, domains, rounds = (
        f"{count} {what}{'' if count == 1 else 's'}" for count, what in counts
    )
    matches = [f"matches: {t.matches} each"] if config.domains else []
    duels = (
        [f"pairings at {config.duels.game}: {config.duels.pairings} each"]
        if config.duels.pairings
        else []
    )
    return (
        f"{config.model} in {config.engine.dtype} on {config.engine.device}; {agents}, {domains}; "
        f"expert steps: {e.steps} at most; {', '.join([rounds, *matches, *duels])}"
    )


def _play(
    session: "Session", made: "RunDirectory", progress: "Progress", interrupt: Interrupt
) -> None:
    """Every round that is left, or up to the first Ctrl-C."""
    interrupt.running = True
    if sys.stdin.isatty() and sys.stderr.isatty():
        session.guestbook.attend = _asking_here(progress, session.guestbook.attend)
    with progress:
        for record in session.rounds():
            progress.ended(record)
            if (
                interrupt.asked
                and session.done + 1
                < session.expert_rounds + session.config.teaching.rounds
            ):
                break
    interrupt.running = False
    if session.watch.stops:
        _report(made)
        notice(_why(session, made.path, finished=made.finished))
        raise typer.Exit(STOPPED)
    if not made.finished:
        notice(f"saved after this round; go on with `docendo resume {made.path}`")
        raise typer.Exit(INTERRUPTED)
    _report(made)


def _why(session: "Session", folder: Path, *, finished: bool) -> str:
    """Which alarms ended the run, and how to go on."""
    stops, window = session.watch.stops, session.config.alarms.window
    told = "; ".join(
        f"{a.name} of {a.agent} is {a.share:.2f}, more than {a.limit:g}" for a in stops
    )
    if finished:
        return f"an alarm was raised after the last round: {told} (rounds: {window})"
    names = ", ".join(dict.fromkeys(a.name for a in stops))
    return (
        f"stopped by an alarm after round {session.done}, which is saved: {told} (rounds: {window}). To go on, raise "
        f"{names} or take it out of stop in {folder}/config.toml under [alarms], then `docendo resume {folder}`"
    )


def _asking_here(
    progress: "Progress", otherwise: Callable[[Path], None]
) -> Callable[[Path], None]:
    """Puts answers that wait before the person at this terminal, until it leaves them to others."""
    here = True

    def attend(run: Path) -> None:
        nonlocal here
        if not here:
            otherwise(run)
            return
        from docendo.humans.votes import VoteStore

        progress.close()
        with VoteStore(run) as opinions:
            here = grade_waiting(opinions, user_name())
        if not here:
            notice(
                f"the run waits; go on in another terminal with `docendo chat {run} --grade`"
            )
        progress.__enter__()

    return attend


def _stopped_now(progress: "Progress", folder: Path) -> None:
    progress.close()
    notice(
        f"stopped; the rounds before this one are saved; go on with `docendo resume {folder}`"
    )


def _report(made: "RunDirectory") -> None:
    from docendo.report import terminal_report, write_page

    show(terminal_report(made))
    page = write_page(made, made.path / "report.html")
    show(
        f"{page}",
        f"again: docendo report {made.path}",
        f"new problems: docendo eval {made.path}",
    )
