"""When a finding becomes an alarm, and which alarms stop a run: pure functions of the rounds' metrics."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from math import inf
from typing import NamedTuple

from docendo.monitors.detectors import Series

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
    limits: Mapping[str, float] = field(default_factory=dict)
    """Shares, by alarm, that it is raised above; of growth, the share of the first rounds' length. None: not raised."""
    window: int = 3
    """Rounds that a share is taken over."""
    least: int = 3
    """Findings in them, below which chance may be all of it."""
    stop: Collection[str] = ()
    """Alarms that end a run."""


class Alarm(NamedTuple):
    name: str
    agent: str
    round: int
    share: float
    """Over the window."""
    limit: float


class WindowShare(NamedTuple):
    """What was found in the rounds up to one, over a window."""

    round: int
    share: float
    found: float
    """How many; infinite where nothing is counted."""


def raise_alarms(series: Series, rules: AlarmRules) -> list[Alarm]:
    """The alarms after the newest round, by name and agent."""
    found = []
    for metric in sorted(series):
        kind, _, rest = metric.partition("/")
        name, _, agent = rest.partition("/")
        if kind == "alarm" and name in rules.limits and series[metric]:
            newest = share_in_window(series, rest, rules.window, len(series[metric]))
            if is_exceeded(newest, name, rules):
                found.append(
                    Alarm(name, agent, newest.round, newest.share, rules.limits[name])
                )
    return found


def share_in_window(series: Series, of: str, window: int, until: int) -> WindowShare:
    """The share of the last `window` of the first `until` values of ``alarm/<of>``.

    Each round weighs as much as was looked at in it, ``looked/<of>``; without that only the last value counts.
    """
    told, looked = series[f"alarm/{of}"][:until], dict(series.get(f"looked/{of}", ()))
    last = told[-1][0]
    if not looked:
        return WindowShare(last, told[-1][1], inf)
    counts = [(looked.get(r, 0.0), share) for r, share in told[-window:]]
    found, total = sum(n * share for n, share in counts), sum(n for n, _ in counts)
    return WindowShare(last, found / total if total else 0.0, found)


def is_exceeded(share: WindowShare, name: str, rules: AlarmRules) -> bool:
    """Whether an alarm is raised; half a finding is left to rounding."""
    return share.share > rules.limits[name] and share.found > rules.least - 0.5


def select_stopping(alarms: Sequence[Alarm], rules: AlarmRules) -> list[Alarm]:
    """Those that end the run."""
    return [alarm for alarm in alarms if alarm.name in rules.stop]
