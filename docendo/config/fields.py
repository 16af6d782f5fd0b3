"""What all tables of a config are made of."""

from collections.abc import Collection, Mapping
from typing import Annotated, Any

from pydantic import Field

from docendo.parts import ConfigModel

__all__ = ["Positive", "Rate", "Share", "no_others", "only"]

Positive = Annotated[int, Field(ge=1, le=10_000)]
Rate = Annotated[float, Field(gt=0, le=1)]
Share = Annotated[float, Field(ge=0, le=1)]


def no_others(table: ConfigModel, kind: str, own: Collection[str]) -> None:
    """Raises ValueError where a table of this kind was given settings that belong to other kinds."""
    for name in sorted(table.model_fields_set - set(own) - {"kind"}):
        raise ValueError(
            f"{kind} takes {', '.join(sorted(own)) or 'no settings'}, got {name}"
        )


def only(written: Mapping[str, Any], own: Collection[str]) -> dict[str, Any]:
    """Of a table that is written out: its kind, and the settings of that kind."""
    return {name: value for name, value in written.items() if name == "kind" or name in own}
