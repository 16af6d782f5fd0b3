"""What the detectors found in a run, and which alarms that raised."""

from math import isfinite
from typing import NamedTuple

from pydantic import ValidationError

from docendo.build.monitors import alarm_rules
from docendo.config import MonitorsConfig
from docendo.monitors.alarms import is_exceeded, share_in_window
from docendo.monitors.detectors import find_all
from docendo.report.facts.run import settings
from docendo.store import RunDirectory

__all__ = ["MonitorFacts", "monitor_facts"]


class MonitorFacts(NamedTuple):
    """One detector on one agent."""

    alarm: str
    agent: str
    now: float
    """Share over the newest window of rounds; of growth, by how much texts grew."""
    most: float
    """The largest such share."""
    limit: float
    raised: tuple[int, ...]
    """Rounds after which the alarm was raised."""
    stops: bool
    """Whether it ends the run."""
    example: str
    """Why a text of the first such round was found, where the text says it itself."""


def monitor_facts(run: RunDirectory) -> list[MonitorFacts]:
    """Everything that was looked at, the raised alarms first; empty for a run in which nothing was."""
    rules = alarm_rules(_settings(run))
    series = {
        name: [(r, v) for r, v in told if isfinite(v)]
        for name, told in run.metrics().items()
        if name.startswith(("alarm/", "looked/"))
    }
    found = []
    for metric, told in series.items():
        kind, name, agent = metric.split("/", 2)
        if kind != "alarm" or name not in rules.limits or not told:
            continue
        shares = [
            share_in_window(series, f"{name}/{agent}", rules.window, until)
            for until in range(1, len(told) + 1)
        ]
        rounds = tuple(s.round for s in shares if is_exceeded(s, name, rules))
        most, now = max(s.share for s in shares), shares[-1]
        example = _example(run, name, agent, rounds[0]) if rounds else ""
        stops = name in rules.stop and now.round in rounds
        found.append(
            MonitorFacts(
                name, agent, now.share, most, rules.limits[name], rounds, stops, example
            )
        )
    return sorted(found, key=lambda w: (not w.raised, w.alarm, w.agent))


def _settings(run: RunDirectory) -> MonitorsConfig:
    """The run's own; the defaults where they cannot be read."""
    try:
        return MonitorsConfig.model_validate(settings(run, "alarms"))
    except ValidationError:
        return MonitorsConfig()


def _example(run: RunDirectory, name: str, agent: str, index: int) -> str:
    found = find_all(list(run.episodes(round=index)))
    return next((f.why for f in found if (f.alarm, f.agent) == (name, agent)), "")
