"""Files that a config names are found from the config's folder."""

import os
from pathlib import Path

from docendo.config.agents import AgentConfig
from docendo.errors import UserError
from docendo.parts import PartConfig

__all__ = ["anchor_agent", "anchor_file", "anchor_model", "anchor_part", "is_model_path"]

_DICTIONARY = "dictionary:"


def anchor_file(folder: Path, file: str | None) -> str | None:
    """The absolute path of a file; a data set of the hub, or no file, stays as it is."""
    if not file or file.startswith("hub:"):
        return file
    try:
        return str((folder / file).resolve())
    except ValueError as error:  # NUL, or half of a surrogate pair
        raise UserError(f"{ascii(file)[:200]}: no file can have that name") from error


def is_model_path(model: str) -> bool:
    """Whether this names a folder or a file: a Hugging Face id has one slash, and no dot or tilde before it."""
    looks_like_path = model.startswith((".", "/", "~")) or model.endswith(".gguf")
    return looks_like_path or "\\" in model or model.count("/") > 1


def anchor_model(folder: Path, model: str) -> str:
    """The absolute path of a model that is named by path; other names stay as they are."""
    if not is_model_path(model):
        return model
    return anchor_file(folder, os.path.expanduser(model)) or model


def anchor_part(folder: Path, part: PartConfig) -> PartConfig:
    """The part with absolute paths of its files."""
    files = part.file_settings().items()
    paths = {setting: anchor_file(folder, file) for setting, file in files}
    return part.model_copy(update=paths)


def anchor_agent(folder: Path, agent: AgentConfig) -> AgentConfig:
    """The agent with absolute paths of its dictionary and of its data files."""
    tools = []
    for tool in agent.tools:
        if tool.startswith(_DICTIONARY):
            path = anchor_file(folder, tool.removeprefix(_DICTIONARY))
            tool = f"{_DICTIONARY}{path}"
        tools.append(tool)

    data = agent.data
    if data:
        weights = data.files.items()
        files = {anchor_file(folder, file): weight for file, weight in weights}
        data = data.model_copy(update={"files": files})
    return agent.model_copy(update={"tools": tools, "data": data})
