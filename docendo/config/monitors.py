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
    """Monitors that check every round. Default: all five."""
    stop_on: list[_Name] = []
    """Monitors whose alarm stops the run after the round is saved, with exit code 3."""
    window: Positive = 3
    """Number of rounds over which a share is taken."""
    min_findings: Positive = 3
    """Minimum number of findings in the window for an alarm. Fewer may be chance."""
    answer_leak: Share = 0.25
    """Limit on the share of a teacher's lessons that contain the test problem's answer."""
    answer_probe: Share = 0.25
    """Limit on the share of a teacher's probed lessons that give the base model the
    answer."""
    degenerate_lesson: Share = 0.5
    """Limit on the share of a teacher's lessons that are empty, loop or repeat each
    other."""
    format_exploit: Share = 0.25
    """Limit on the share of an agent's answers that are rewarded for their format."""
    length_growth: Annotated[float, Field(ge=0)] = 0.75
    """Limit on the growth of texts that earn no more, as a fraction of their first
    length."""
    probes_per_round: Annotated[int, Field(ge=0, le=10_000)] = 0
    """Lessons per round that the base model sees without the question. 0: no probes."""
    probe_answers: Annotated[int, Field(ge=2, le=64)] = 12
    """Maximum number of answers that a probe compares: the test's and distractors."""

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
