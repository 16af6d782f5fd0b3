"""What all tables of a config are made of."""

from typing import Annotated

from pydantic import Field

__all__ = ["Positive", "Rate", "Share"]

Positive = Annotated[int, Field(ge=1, le=10_000)]
Rate = Annotated[float, Field(gt=0, le=1)]
Share = Annotated[float, Field(ge=0, le=1)]
