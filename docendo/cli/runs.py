"""Opening the run or configuration that a command names; checks without a model come first."""

import os
from collections.abc import Iterable, Sequence
from pathlib import Path
from shutil import disk_usage
from typing import TYPE_CHECKING

from docendo.cli.output import amount, notice
from docendo.errors import UserError, closest_hint, suggestion
from docendo.records import AgentId, base_agent
from docendo.store import Checkpoint, RunDirectory
from docendo.store.atomic import nearest_existing
from docendo.store.create import refuse_taken

if TYPE_CHECKING:
    from docendo.config.load import Config
    from docendo.datasets.files import BadRow
    from docendo.problems.catalog import Catalog
    from docendo.run.agents import LoadedAgents

__all__ = [
    "check_disk_space",
    "check_html_path",
    "check_model",
    "check_name",
    "check_names",
    "check_run_folder",
    "list_members",
    "load_catalog",
    "load_run_config",
    "open_trained",
    "pick_run_folder",
    "report_bad_rows",
    "warn_about_damage",
]

_MAX_REPORTED = 5


def pick_run_folder(config_file: Path | None) -> Path:
    """``runs/<name of the configuration>-<n>`` with the first free number."""
    name = config_file.stem if config_file else "league"
    number = 1
    while Path("runs", f"{name}-{number}").exists():
        number += 1
    return Path("runs", f"{name}-{number}")


def check_html_path(html: Path | None) -> None:
    """Raise UserError where no page could be written to `html`."""
    if html is None:
        return
    if not html.parent.is_dir():
        raise UserError(f"--html {html}: no such folder: {html.parent}")
    if html.is_dir():
        raise UserError(f"--html {html} is a folder; expected a file")


def check_run_folder(out: Path) -> None:
    """Raise UserError where no run could be made in `out`."""
    refuse_taken(out)
    parent = nearest_existing(out)
    if not parent.is_dir():
        raise UserError(f"{out}: {parent} is a file; choose another --out")
    if not os.access(parent, os.W_OK):
        raise UserError(f"{out}: {parent} cannot be written; choose another --out")


def check_disk_space(out: Path, needed: int) -> None:
    """Raise UserError where the disk of `out` has fewer than `needed` bytes left."""
    free = disk_usage(nearest_existing(out)).free
    if free < needed:
        raise UserError(
            f"{out}: the checkpoints need {amount(needed)}, and {amount(free)} are free; "
            "choose another --out"
        )


def load_catalog(config: "Config") -> "Catalog":
    """Read the domains of a configuration, and check all of it that needs no model.

    Rows of data files that are left out are reported. Raises UserError for what is unknown,
    is taught by or to nobody, or has too few problems.
    """
    from docendo.build.catalog import read_catalog
    from docendo.build.school import measures_dense_gain
    from docendo.run.evaluation import held_out_problems

    check_model(config.model)
    catalog = read_catalog(config)
    # before the checks below: too few problems are often the fault of bad rows
    report_bad_rows(catalog.quarantined)

    evaluation = config.evaluation
    for domain, courses in catalog.levels.items():
        held_out_problems(catalog, domain, evaluation.problems, evaluation.seed)
        for family, level in courses:
            # a lesson's examples, its test and its trial are different problems
            count = config.teaching.examples + 1 + measures_dense_gain(config.teaching)
            catalog.sources[domain].draw(family, level, count, 0, "train")
    return catalog


def report_bad_rows(rows: "Sequence[BadRow]") -> None:
    """Lines on standard error for rows that were left out: the first few, and how many more."""
    for row in rows[:_MAX_REPORTED]:
        notice(f"{row.file}:{row.line}: left out: {row.reason}")
    if len(rows) > _MAX_REPORTED:
        notice(
            f"... and {len(rows) - _MAX_REPORTED} more rows left out; "
            "a run keeps all of them in its table quarantine"
        )


def check_model(model: str) -> None:
    """Raise UserError for a path that is not there, and for a misspelt name of a built-in model."""
    from docendo.config.paths import is_model_path
    from docendo.engines.local.gguf_files import check_gguf
    from docendo.engines.local.model_names import EMBEDDED, LABORATORY, TINY

    built_in = [EMBEDDED, *LABORATORY, TINY]
    if "/" not in model and model not in built_in and not Path(model).exists():
        hint = closest_hint(model, built_in, cutoff=0.7)
        if hint:
            raise UserError(f"model {model!r} is not known{hint}")

    path = Path(model)
    if path.is_file():
        check_gguf(path)
    elif is_model_path(model) and not path.is_dir():
        raise UserError(
            f"model {model!r}: no such folder or file; give a folder, a GGUF file, "
            "a Hugging Face id, or leave the setting out"
        )


def load_run_config(run: RunDirectory) -> "Config":
    """The settings that a run was made with."""
    from docendo.config.load import read_run_config

    return read_run_config(run)


def list_members(run: RunDirectory, config: "Config") -> dict[str, list[str]]:
    """The learners and the frozen copies now in the league, with their own domains."""
    own_domains = {name: agent.domains for name, agent in config.learners.items()}
    members = dict(own_domains)
    for birth in run.state().get("population", {}).get("births", []):
        if birth["present"]:
            # a frozen copy is an expert of what its origin is an expert of
            name = birth["name"]
            members.setdefault(name, own_domains.get(base_agent(AgentId(name)), []))
    return members


def check_name(name: str, available: Sequence[str], what: str, run: Path) -> str:
    """`name` if the run has it. Raises UserError with the nearest name that it has."""
    if name not in available:
        raise UserError(f"{run} has no {what} {name!r}{suggestion(name, available)}")
    return name


def check_names(
    names: Iterable[str], available: Sequence[str], what: str, run: Path
) -> list[str]:
    """The names without repeats. Raises UserError for one that the run does not have."""
    return [check_name(name, available, what, run) for name in dict.fromkeys(names)]


def warn_about_damage(checkpoint: Checkpoint) -> None:
    """A line on standard error for every newer checkpoint that is damaged."""
    for warning in checkpoint.warnings:
        notice(f"docendo: {warning}; an older one is used")


def open_trained(run: RunDirectory) -> "LoadedAgents":
    """Load the model and the newest checkpoint. Raises UserError where there is none yet."""
    from docendo.run.agents import read_agents

    return read_agents(run, on_checkpoint=warn_about_damage)
