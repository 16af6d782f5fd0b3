"""The names of the monitors and of their metrics."""

from typing import NamedTuple, Self

from docendo.records import AgentId, MetricKey

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
    """The parts of an agent's metric ``monitor/<monitor>/<measure>``."""

    monitor: str
    measure: str
    agent: AgentId

    @property
    def key(self) -> MetricKey:
        return MetricKey(f"monitor/{self.monitor}/{self.measure}", self.agent)

    @classmethod
    def from_key(cls, key: MetricKey) -> Self | None:
        """The parts of a metric's key; None where it is no monitor's."""
        prefix, *parts = key.name.split("/")
        if prefix != "monitor" or len(parts) != 2 or key.agent is None:
            return None
        monitor, measure = parts
        return cls(monitor, measure, key.agent)

    def of(self, measure: str) -> Self:
        """Another measure of the same monitor and agent."""
        return self._replace(measure=measure)
