"""The names of the monitors and of their metrics."""

from typing import NamedTuple, Self

__all__ = [
    "ANSWER_LEAK",
    "ANSWER_PROBE",
    "CHECKED",
    "DEGENERATE_LESSON",
    "FORMAT_EXPLOIT",
    "LENGTH_GROWTH",
    "NAMES",
    "SHARE",
    "MetricName",
]

ANSWER_LEAK = "answer_leak"
ANSWER_PROBE = "answer_probe"
DEGENERATE_LESSON = "degenerate_lesson"
FORMAT_EXPLOIT = "format_exploit"
LENGTH_GROWTH = "length_growth"
NAMES = (ANSWER_LEAK, ANSWER_PROBE, DEGENERATE_LESSON, FORMAT_EXPLOIT, LENGTH_GROWTH)

SHARE = "share"
"""The measure that alarms are raised for."""
CHECKED = "checked"
"""How many texts the share is of."""


class MetricName(NamedTuple):
    """The parts of ``monitor/<monitor>/<measure>/<agent>``."""

    monitor: str
    measure: str
    agent: str

    def __str__(self) -> str:
        return "/".join(("monitor", *self))

    @classmethod
    def parse(cls, name: str) -> Self | None:
        """The parts of a metric's name; None where it is no monitor's."""
        prefix, _, rest = name.partition("/")
        parts = rest.split("/", maxsplit=2)
        if prefix != "monitor" or len(parts) < 3:
            return None
        return cls(*parts)

    def of(self, measure: str) -> Self:
        """Another measure of the same monitor and agent."""
        return self._replace(measure=measure)
