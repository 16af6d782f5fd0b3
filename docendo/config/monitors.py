"""The table of alarms."""

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from docendo.config.fields import Positive, Share
from docendo.parts import ConfigModel

__all__ = ["MonitorsConfig"]

_Name = Literal["leak", "hint", "repeat", "format", "growth"]


class MonitorsConfig(ConfigModel):
    watch: list[_Name] = ["leak", "hint", "repeat", "format", "growth"]
    """What is looked for in every round."""
    stop: list[_Name] = []
    """Alarms that end the run, after the round is saved; with exit code 3."""
    window: Positive = 3
    """Rounds over which shares are taken."""
    least: Positive = 3
    """Findings in them that an alarm is raised for; fewer may be chance."""
    leak: Share = 0.25
    """Share of a teacher's lessons that may carry the answer to the test problem before the alarm is raised."""
    hint: Share = 0.25
    """Share of a teacher's probed lessons from which the base may know the answer without seeing the question."""
    repeat: Share = 0.5
    """Share of a teacher's lessons that may be empty, in a loop or the same for different problems."""
    format: Share = 0.25
    """Share of an agent's answers that may be paid for their form."""
    growth: Annotated[float, Field(ge=0)] = 0.75
    """By what share of the first rounds' length an agent's texts may grow without earning more."""
    probed: Annotated[int, Field(ge=0, le=10_000)] = 0
    """Lessons of a round that the base is shown without the question, for hint; 0: none."""
    choices: Annotated[int, Field(ge=2, le=64)] = 12
    """Answers at the most, the test's and other problems', whose likelihood after each of them is compared."""

    @model_validator(mode="after")
    def _possible(self) -> Self:
        for name in self.stop:
            if name not in self.watch:
                raise ValueError(
                    f"stop: {name!r} is not in watch = {self.watch}, got {self.stop}"
                )
        if "hint" in self.stop and not self.probed:
            raise ValueError(
                "stop: 'hint' wants lessons to be probed: probed = 4, say; got probed = 0"
            )
        return self
