"""What the monitors found in a run, and which alarms that raised."""

from math import isfinite
from typing import NamedTuple

from docendo.build.monitors import alarm_rules
from docendo.config.load import Config
from docendo.monitors.alarms import AlarmRules, is_exceeded, share_in_window
from docendo.monitors.metrics import Series
from docendo.monitors.names import SHARE, MetricName
from docendo.store import RunDirectory

__all__ = ["MonitorFacts", "monitor_facts"]


class MonitorFacts(NamedTuple):
    """One monitor on one agent."""

    monitor: str
    agent: str
    now: float
    """Share over the newest window of rounds; of length growth, by how much texts grew."""
    largest: float
    """The largest such share."""
    limit: float
    raised: tuple[int, ...]
    """Rounds after which the alarm was raised."""
    stops: bool
    """Whether it ends the run."""
    example: str
    """Why a text of the first such round was found; empty for length growth."""


def monitor_facts(run: RunDirectory, config: Config) -> list[MonitorFacts]:
    """Every monitor and agent that was checked, the raised alarms first."""
    rules = alarm_rules(config.monitors)
    series = {}
    for key, points in run.metric_series():
        monitored = MetricName.from_key(key)
        if monitored is not None:
            series[monitored] = [
                (index, value) for index, value in points if isfinite(value)
            ]

    reasons: dict[tuple[str, str, int], str] = {}
    for finding in run.findings():
        place = finding.monitor, finding.agent, finding.round
        reasons.setdefault(place, finding.reason)

    facts = []
    for name, values in series.items():
        if name.measure == SHARE and name.monitor in rules.limits and values:
            facts.append(_facts_of(name, series, rules, reasons))

    return sorted(facts, key=lambda fact: (not fact.raised, fact.monitor, fact.agent))


def _facts_of(
    name: MetricName,
    series: Series,
    rules: AlarmRules,
    reasons: dict[tuple[str, str, int], str],
) -> MonitorFacts:
    # Again as after each round, so that the report raises what the run raised.
    largest = 0.0
    raised = []
    for until in range(1, len(series[name]) + 1):
        newest = share_in_window(series, name, rules.window, until)
        largest = max(largest, newest.share)
        if is_exceeded(newest, name.monitor, rules):
            raised.append(newest.round)
    example = reasons.get((name.monitor, name.agent, raised[0]), "") if raised else ""
    return MonitorFacts(
        monitor=name.monitor,
        agent=name.agent,
        now=newest.share,
        largest=largest,
        limit=rules.limits[name.monitor],
        raised=tuple(raised),
        stops=name.monitor in rules.stop_on and newest.round in raised,
        example=example,
    )
