"""`docendo export`: an agent for other programs."""

import shutil
import tempfile
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from docendo.cli.options import RunPath
from docendo.cli.output import show
from docendo.cli.runs import check_name, list_members, load_run_config, open_trained
from docendo.errors import RunError, UserError
from docendo.records import AgentId

if TYPE_CHECKING:
    from docendo.engines.local.engine import LocalEngine

__all__ = ["Format", "export"]

_PUBLIC = {"smollm2-135m-instruct": "HuggingFaceTB/SmolLM2-135M-Instruct"}
"""What others call the embedded model."""


class Format(StrEnum):
    PEFT = "peft"
    MERGED = "merged"


def export(
    path: RunPath,
    agent: Annotated[
        str, typer.Argument(metavar="AGENT", help="Whom to export.", show_default=False)
    ],
    folder: Annotated[
        Path,
        typer.Argument(metavar="DIR", help="A new or empty folder.", show_default=False),
    ],
    format: Annotated[
        Format,
        typer.Option(
            help="peft: the adapter alone; merged: a whole model in Hugging Face's layout."
        ),
    ] = Format.PEFT,
) -> None:
    """Write an agent for other programs.

    As a PEFT adapter or as a whole model, from the newest checkpoint.
    """
    from docendo.store import RunDirectory

    if folder.exists() and not folder.is_dir():
        raise UserError(f"{folder} is a file; wanted a new or empty folder")
    if folder.is_dir() and any(folder.iterdir()):
        raise UserError(f"{folder} is not empty; wanted a new or empty folder")
    with RunDirectory.open(path) as run:
        name = AgentId(
            check_name(agent, list(list_members(run, load_run_config(run))), "agent", path)
        )
        trained = open_trained(run)
    base = _PUBLIC.get(trained.config.model, trained.config.model)
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        aside = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
        try:
            _write(trained.engine, name, aside, format, base)
            folder.mkdir(exist_ok=True)
            for part in sorted(aside.iterdir()):
                part.rename(folder / part.name)
        finally:
            shutil.rmtree(aside, ignore_errors=True)
    except OSError as error:
        raise RunError(f"cannot write {folder}: {error.strerror or error}") from error
    what = f"adapter for {base}" if format is Format.PEFT else "whole model"
    show(f"{folder}: {what}, agent {name} after round {trained.round}")


def _write(
    engine: "LocalEngine", agent: AgentId, folder: Path, format: Format, base: str
) -> None:
    from docendo.engines.local.peft_format import save_adapter, save_merged

    if format is Format.PEFT:
        save_adapter(engine.bank, agent, folder, base)
    else:
        save_merged(engine, agent, folder)
