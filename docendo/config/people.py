"""The tables of simulated people."""

from typing import Annotated

from pydantic import Field

from docendo.parts import ConfigModel

__all__ = ["PersonConfig"]


class PersonConfig(ConfigModel):
    """A simulated person, for research."""

    tastes: dict[str, float] = {}
    """Weights of the features right, short, detailed, polite, lively and listed. Any
    sign."""
    noise: Annotated[float, Field(ge=0, le=100)] = 0.25
    """Temperature of its choices. 0: it always takes what it likes better."""
    taste_noise: Annotated[float, Field(ge=0, le=100)] = 0.0
    """Standard deviation of every weight between occasions."""
    cyclic_features: list[str] = []
    """Three or more features, each of which beats the next; the last beats the first."""
    interests: dict[str, Annotated[float, Field(ge=0)]] = {}
    """Weights of what it asks about, by domain, family or "domain/family". Empty: all
    alike."""
    manner: str = ""
    """Text before its questions, or a template with {question}."""
    alternate_tastes: dict[str, float] = {}
    """Weights that replace `tastes` on one half of all questions, always the same half."""
    ties: Annotated[float, Field(ge=0, le=100)] = 0.0
    """Difference in worth below which two answers are a tie."""
    good_threshold: float | None = None
    """Worth at which an answer is good. Default: verdicts are 1/2 at worth 0, and two
    answers are never both bad."""
    relative: bool = False
    """Whether a verdict is the fraction of the other answers to the question that the
    person likes less."""
