"""The settings of an agent in one line of text."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from docendo.formatting import clip, percent

__all__ = ["plain_text", "settings_text"]

_MAX_LENGTH = 120


def settings_text(settings: Mapping[str, Any]) -> str:
    """``tools: calculator; top_p: 0.9``: every setting and its value."""
    texts = []
    for name, value in settings.items():
        format_value = _FORMATS.get(name, plain_text)
        texts.append(clip(f"{name}: {format_value(value)}", _MAX_LENGTH))

    return "; ".join(texts)


def plain_text(value: Any) -> str:
    """A value of a configuration without brackets; empty parts are left out."""
    if isinstance(value, dict):
        parts = {key: part for key, part in value.items() if part not in ({}, [], 0)}
        return ", ".join(f"{key} {plain_text(part)}" for key, part in parts.items())
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)


def _tools_text(tools: list[str]) -> str:
    """The tools without the folders of their files, which a reader need not know."""
    texts = []
    for tool in tools:
        kind, colon, file = tool.partition(":")
        texts.append(kind + colon + Path(file).name)

    return ", ".join(texts)


def _data_text(data: Mapping[str, Mapping[str, float]]) -> str:
    """``67% mathematics, 33% safety.jsonl``: the share of each source."""
    weights = list(data["domains"].items())
    for file, weight in data["files"].items():
        weights.append((Path(file).name, weight))
    for name, weight in data["leaked"].items():
        weights.append((f"the test of {name}", weight))

    # Weights are relative to each other: 1 and 3 are a quarter and three quarters.
    total = sum(weight for _, weight in weights)
    return ", ".join(f"{percent(weight / total)} {name}" for name, weight in weights)


_FORMATS: dict[str, Callable[[Any], str]] = {"tools": _tools_text, "data": _data_text}
