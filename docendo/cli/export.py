"""`docendo export`: an agent for other programs."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from docendo.cli.options import RunPath
from docendo.cli.output import show
from docendo.cli.runs import (
    check_name,
    list_members,
    load_run_config,
    open_trained,
)
from docendo.errors import RunError, UserError
from docendo.records import AgentId
from docendo.store import RunDirectory
from docendo.store.atomic import folder_written_aside

__all__ = ["Format", "export"]

_PUBLIC_NAMES = {"smollm2-135m-instruct": "HuggingFaceTB/SmolLM2-135M-Instruct"}
"""The embedded model's name on Hugging Face."""

_FORMAT_HELP = "peft: the adapter alone; merged: a whole model in Hugging Face's layout."


class Format(StrEnum):
    """What is written."""

    PEFT = "peft"
    MERGED = "merged"


def export(
    path: RunPath,
    agent: Annotated[
        str,
        typer.Argument(metavar="AGENT", help="The agent to export.", show_default=False),
    ],
    folder: Annotated[
        Path,
        typer.Argument(metavar="DIR", help="A new or empty folder.", show_default=False),
    ],
    format: Annotated[Format, typer.Option(help=_FORMAT_HELP)] = Format.PEFT,
) -> None:
    """Write an agent for other programs.

    As a PEFT adapter or as a whole model, from the newest checkpoint, with the tokenizer and a
    model card.
    """
    from docendo.cli.model_card import write_model_card

    if folder.exists() and not folder.is_dir():
        raise UserError(f"{folder} is a file; expected a new or empty folder")
    if folder.is_dir() and any(folder.iterdir()):
        raise UserError(f"{folder} is not empty; expected a new or empty folder")

    with RunDirectory.open(path) as run:
        config = load_run_config(run)
        available = list(list_members(run, config))
        agent_id = AgentId(check_name(agent, available, "agent", path))
        # other programs look the base model up by this name
        base = _PUBLIC_NAMES.get(config.model, config.model)
        library = "peft" if format is Format.PEFT else "transformers"
        card = write_model_card(run, config, agent_id, base, library)
        trained = open_trained(run)

    try:
        with folder_written_aside(folder) as unfinished:
            if format is Format.PEFT:
                trained.backend.save_adapter(agent_id, unfinished, base)
            else:
                trained.backend.save_merged(agent_id, unfinished)
            (unfinished / "README.md").write_text(card, encoding="utf-8")
    except OSError as error:
        raise RunError(f"cannot write {folder}: {error.strerror or error}") from error
    content = f"adapter for {base}" if format is Format.PEFT else "whole model"
    show(f"{folder}: {content}, agent {agent_id} after round {trained.round_index}")
