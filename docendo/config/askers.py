"""The tables of simulated people."""

from typing import Annotated

from pydantic import Field

from docendo.parts import ConfigModel

__all__ = ["PersonConfig"]


class PersonConfig(ConfigModel):
    """A simulated person, for research."""

    tastes: dict[str, float] = {}
    """Weights of right, short, detailed, polite, lively and listed, of any sign."""
    noise: Annotated[float, Field(ge=0, le=100)] = 0.25
    """Temperature of its choices; 0 always takes what it likes better."""
    taste_noise: Annotated[float, Field(ge=0, le=100)] = 0.0
    """Standard deviation of every weight from one occasion to the next."""
    cyclic_features: list[str] = []
    """Three features or more, of which each beats the next and the last the first."""
    interests: dict[str, Annotated[float, Field(ge=0)]] = {}
    """By domain, family or "domain/family": what it asks about and cares for; empty: all alike."""
    manner: str = ""
    """With what its questions begin, or a text with {question} in it."""
    alternate_tastes: dict[str, float] = {}
    """Weights instead of tastes on one half of all questions, always the same half."""
    ties: Annotated[float, Field(ge=0, le=100)] = 0.0
    """Two answers whose worths differ by less are a tie."""
    good_threshold: float | None = None
    """What an answer must be worth to be good; none: verdicts are 1/2 at 0, and two answers are never both bad."""
    relative: bool = False
    """Whether a verdict is the share of the others' answers to the same question that it prefers the answer to."""
