"""When findings become an alarm, and which alarms stop a run: pure functions of the metrics."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from math import inf
from typing import NamedTuple

from docendo.monitors.metrics import Series
from docendo.monitors.names import CHECKED, SHARE, MetricName

__all__ = [
    "Alarm",
    "AlarmRules",
    "WindowShare",
    "is_exceeded",
    "raise_alarms",
    "select_stopping",
    "share_in_window",
]


@dataclass(frozen=True)
class AlarmRules:
    limits: Mapping[str, float]
    """The share above which each monitor raises its alarm; a monitor that is not here never does.

    For length growth it is a share of the first rounds' length.
    """
    window: int
    """Rounds that a share is taken over."""
    min_findings: int
    """Findings in the window that an alarm needs; fewer may be chance."""
    stop_on: Collection[str]
    """Monitors whose alarms stop a run."""


class Alarm(NamedTuple):
    monitor: str
    agent: str
    round: int
    share: float
    """Over the window."""
    limit: float


class WindowShare(NamedTuple):
    """The share of suspicious texts over a window of rounds."""

    round: int
    """The last of the window."""
    share: float
    positives: float
    """How many were found; infinite where nothing is counted."""


def raise_alarms(series: Series, rules: AlarmRules) -> list[Alarm]:
    """The alarms after the newest round, by monitor and agent."""
    alarms = []
    for name in sorted(series):
        values = series[name]
        if name.measure != SHARE or name.monitor not in rules.limits:
            continue
        if not values:
            continue

        newest = share_in_window(series, name, rules.window, len(values))
        if is_exceeded(newest, name.monitor, rules):
            limit = rules.limits[name.monitor]
            alarms.append(
                Alarm(name.monitor, name.agent, newest.round, newest.share, limit)
            )
    return alarms


def share_in_window(
    series: Series, name: MetricName, window: int, until: int
) -> WindowShare:
    """The share in the last `window` of the first `until` values of a share metric.

    Each round weighs as much as was checked in it; where that is not counted, only the last
    value counts.
    """
    values = series[name][:until]
    last_round, last_value = values[-1]
    checked = dict(series.get(name.of(CHECKED), ()))
    if not checked:
        return WindowShare(last_round, last_value, inf)

    # Weighed by what was checked: a round with one lesson says little.
    positives = 0.0
    total = 0.0
    for round_index, share in values[-window:]:
        count = checked.get(round_index, 0.0)
        positives += count * share
        total += count
    return WindowShare(last_round, positives / total if total else 0.0, positives)


def is_exceeded(share: WindowShare, monitor: str, rules: AlarmRules) -> bool:
    """Whether an alarm is raised."""
    # Counts come from shares, so half a finding is left for rounding.
    has_enough = share.positives > rules.min_findings - 0.5
    return share.share > rules.limits[monitor] and has_enough


def select_stopping(alarms: Sequence[Alarm], rules: AlarmRules) -> list[Alarm]:
    """Those that stop the run."""
    return [alarm for alarm in alarms if alarm.monitor in rules.stop_on]
