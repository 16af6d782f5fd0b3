"""When a finding becomes an alarm, and which alarms stop a run: pure functions of the rounds' metrics."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from statistics import fmean
from typing import NamedTuple

from docendo.alarms.detectors import Series

__all__ = ["LIMITS", "Alarm", "Rules", "raised", "recent", "stopping"]

LIMITS: Mapping[str, float] = {"leak": 0.25, "hint": 0.25, "repeat": 0.5, "format": 0.25, "growth": 0.75}
"""Shares that an alarm is raised above; of growth, the share of the first rounds' length."""


@dataclass(frozen=True)
class Rules:
    limits: Mapping[str, float] = field(default_factory=lambda: LIMITS)
    """By alarm; what has none is not raised."""
    window: int = 3
    """Rounds that an agent's share is the mean of."""
    stop: Collection[str] = ()
    """Alarms that end a run."""


class Alarm(NamedTuple):
    name: str
    agent: str
    round: int
    share: float
    """Mean over the window."""
    limit: float


def raised(series: Series, rules: Rules) -> list[Alarm]:
    """The alarms after the newest round, by name and agent."""
    found = []
    for metric, told in sorted(series.items()):
        kind, _, rest = metric.partition("/")
        name, _, agent = rest.partition("/")
        if kind == "alarm" and name in rules.limits and told:
            share = recent(told, 1 if name == "growth" else rules.window)
            if share > rules.limits[name]:
                found.append(Alarm(name, agent, told[-1][0], share, rules.limits[name]))
    return found


def recent(told: Sequence[tuple[int, float]], window: int) -> float:
    """The mean of the last `window` values; those that are not there yet count as 0."""
    return fmean([*(value for _, value in told[-window:]), *[0.0] * (window - len(told))])


def stopping(alarms: Sequence[Alarm], rules: Rules) -> list[Alarm]:
    """Those that end the run."""
    return [alarm for alarm in alarms if alarm.name in rules.stop]
