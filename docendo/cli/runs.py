"""Opening what a command was pointed at, with every check that needs no model before those that do."""

import os
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from shutil import disk_usage
from typing import TYPE_CHECKING

from docendo.cli.output import amount, notice
from docendo.errors import UserError, closest_hint, suggestion
from docendo.records import BASE, AgentId, origin
from docendo.store.atomic import standing

if TYPE_CHECKING:
    from docendo.build.school import Catalog
    from docendo.config.load import Config
    from docendo.datasets.files import BadRow
    from docendo.engines.local.engine import LocalEngine
    from docendo.store import Checkpoint, RunDirectory
    from docendo.teaching.game import Classroom

__all__ = [
    "TrainedRun",
    "check_config",
    "check_disk_space",
    "check_html_path",
    "check_model",
    "check_name",
    "check_run_folder",
    "list_members",
    "load_run_config",
    "open_trained",
    "pick_run_folder",
    "report_bad_rows",
    "warn_about_damage",
]

_TOLD = 5


def pick_run_folder(config: Path | None) -> Path:
    """``runs/<name of the configuration>-<n>``, the first that is not taken."""
    stem = config.stem if config else "league"
    count = 1
    while Path("runs", f"{stem}-{count}").exists():
        count += 1
    return Path("runs", f"{stem}-{count}")


def check_html_path(html: Path | None) -> None:
    """Raises UseError where no page could be written to `html`."""
    if html is not None and not html.parent.is_dir():
        raise UserError(f"--html {html}: no such folder: {html.parent}")
    if html is not None and html.is_dir():
        raise UserError(f"--html {html} is a folder; wanted a file")


def check_run_folder(out: Path) -> None:
    """Raises UseError where a run could not be written to `out`. The store checks again when it makes the run."""
    if (out / "run.db").exists():
        raise UserError(
            f"{out} holds another run; resume it with `docendo resume {out}` or choose another --out"
        )
    if out.exists() and not out.is_dir():
        raise UserError(f"{out} is a file; choose another --out")
    if out.is_dir() and any(out.iterdir()):
        raise UserError(f"{out} is not empty; choose another --out")
    there = standing(out)
    if not there.is_dir() or not os.access(there, os.W_OK):
        what = "cannot be written" if there.is_dir() else "is a file"
        raise UserError(f"{out}: {there} {what}; choose another --out")


def check_disk_space(out: Path, needed: int) -> None:
    """Raises UseError where the disk that `out` is on has fewer bytes left than are needed."""
    free = disk_usage(standing(out)).free
    if free < needed:
        raise UserError(
            f"{out}: the checkpoints need {amount(needed)}, and {amount(free)} are free; choose another --out"
        )


def check_config(config: "Config") -> "Catalog":
    """The domains of a configuration, after every check of it that needs no model.

    Raises UseError for what is unknown, taught by or to nobody, or has too few problems.
    """
    from docendo.build.school import read_catalog
    from docendo.run.evaluation import held_out_problems

    check_model(config.model)
    found = read_catalog(config)
    for domain, courses in found.courses.items():
        held_out_problems(found, domain, config.evaluation.problems, config.evaluation.seed)
        for family, level in courses:
            found.sources[domain].draw(
                family, level, config.teaching.examples + 1, 0, "train"
            )
    return found


def report_bad_rows(rows: "Sequence[BadRow]") -> None:
    """Lines on standard error for rows of the user's data that were left out: the first few and the count."""
    for row in rows[:_TOLD]:
        notice(f"{row.file}:{row.line}: left out: {row.reason}")
    if len(rows) > _TOLD:
        notice(
            f"... and {len(rows) - _TOLD} more rows left out; all are kept in the run's table quarantine"
        )


def check_model(model: str) -> None:
    """Raises UseError for a model that is not here and whose name is no Hugging Face id."""
    from docendo.engines.local.model_names import EMBEDDED, NANO, TINY

    if (
        "/" not in model
        and not Path(model).exists()
        and model not in {EMBEDDED, NANO, TINY}
    ):
        meant = closest_hint(model, [EMBEDDED, NANO, TINY], cutoff=0.7)
        if meant:
            raise UserError(f"model {model!r} is not known{meant}")
    local = model.startswith((".", "/", "~")) or "\\" in model or model.count("/") > 1
    if local and not Path(model).is_dir():
        raise UserError(
            f"model {model!r}: no such folder; give a folder, a Hugging Face id, or leave the setting out"
        )


def load_run_config(run: "RunDirectory") -> "Config":
    """The settings that a run was made with."""
    from docendo.config.load import parse_config

    where = str(run.path / "config.toml")
    try:
        table = tomllib.loads(run.config_toml)
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise UserError(f"{where}: is not TOML: {error}") from error
    return parse_config(table, where)


def list_members(run: "RunDirectory", config: "Config") -> dict[str, list[str]]:
    """The learners and the frozen copies that are in the league now, with the domains that they are experts of."""
    present = [
        b["name"]
        for b in run.state().get("population", {}).get("births", [])
        if b["present"]
    ]
    owns = {name: agent.domains for name, agent in config.learners.items()}
    return {
        name: owns.get(origin(AgentId(name)), [])
        for name in dict.fromkeys([*owns, *present])
    }


def check_name(name: str, known: list[str], what: str, run: Path) -> str:
    """`name` where the run has it. Raises UseError with the nearest that it has."""
    if name not in known:
        raise UserError(f"{run} has no {what} {name!r}{suggestion(name, known)}")
    return name


def warn_about_damage(checkpoint: "Checkpoint") -> None:
    """A line on standard error for every newer checkpoint that is damaged."""
    for warning in checkpoint.warnings:
        notice(f"docendo: {warning}; an older one is used")


@dataclass(frozen=True)
class TrainedRun:
    """A run's agents as its newest checkpoint has them."""

    config: "Config"
    found: "Catalog"
    engine: "LocalEngine"
    classroom: "Classroom"
    round: int
    """The checkpoint's."""

    @property
    def agents(self) -> list[AgentId]:
        """The base and then the learning agents."""
        return [BASE, *map(AgentId, self.config.learners)]


def open_trained(run: "RunDirectory") -> TrainedRun:
    """Loads the model and the newest checkpoint. Raises UseError where there is none yet."""
    from docendo.build.school import (
        build_school,
        open_local_engine,
        read_catalog,
        resolve_config,
    )
    from docendo.engines.local.checkpoint import load_state
    from docendo.humans.rating import RatingQueue

    checkpoint = run.latest_checkpoint()
    if checkpoint is None:
        raise UserError(
            f"{run.path} has no checkpoint yet; go on with `docendo resume {run.path}`"
        )
    warn_about_damage(checkpoint)
    config = resolve_config(load_run_config(run))
    found = read_catalog(config)
    engine = open_local_engine(config)
    load_state(engine, checkpoint.path)
    classroom = build_school(
        config, found, engine, RatingQueue(run.path, asks=False)
    ).classroom
    return TrainedRun(config, found, engine, classroom, checkpoint.round)
