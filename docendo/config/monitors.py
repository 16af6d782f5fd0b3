"""The settings of the section [monitors]."""

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from docendo.config.fields import Positive, Share
from docendo.parts import ConfigModel

__all__ = ["MonitorsConfig"]

_Name = Literal[
    "answer_leak", "answer_probe", "degenerate_lesson", "format_exploit", "length_growth"
]
_ALL: list[_Name] = [
    "answer_leak",
    "answer_probe",
    "degenerate_lesson",
    "format_exploit",
    "length_growth",
]


class MonitorsConfig(ConfigModel):
    enabled: list[_Name] = _ALL
    """Monitors that check every round."""
    stop_on: list[_Name] = []
    """Monitors whose alarm ends the run, after the round is saved; with exit code 3."""
    window: Positive = 3
    """Rounds over which shares are taken."""
    min_findings: Positive = 3
    """Findings in the window that an alarm needs; fewer may be chance."""
    answer_leak: Share = 0.25
    """Alarm above this share of a teacher's lessons that carry the answer to the test problem."""
    answer_probe: Share = 0.25
    """Alarm above this share of a teacher's probed lessons that give the base model the answer."""
    degenerate_lesson: Share = 0.5
    """Alarm above this share of a teacher's lessons that are empty, in a loop or all the same."""
    format_exploit: Share = 0.25
    """Alarm above this share of an agent's answers that are paid for their form."""
    length_growth: Annotated[float, Field(ge=0)] = 0.75
    """Alarm if texts grow by more than this share of their first length without earning more."""
    probes_per_round: Annotated[int, Field(ge=0, le=10_000)] = 0
    """Lessons that answer_probe shows the base model in a round, without the question; 0: none."""
    probe_answers: Annotated[int, Field(ge=2, le=64)] = 12
    """Answers at most whose likelihood the probe compares: the test's and other problems'."""

    @model_validator(mode="after")
    def _check_stop_on(self) -> Self:
        for name in self.stop_on:
            if name not in self.enabled:
                raise ValueError(
                    f"stop_on: expected monitors of enabled = {self.enabled}, got {name!r}"
                )
        if "answer_probe" in self.stop_on and not self.probes_per_round:
            raise ValueError(
                "stop_on: 'answer_probe' needs lessons to probe: expected "
                "probes_per_round = 4, for example, got probes_per_round = 0"
            )
        return self
