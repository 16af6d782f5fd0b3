"""Rules of alarms, with what a test does not set as in a run."""

from typing import Any

from docendo.monitors.alarms import AlarmRules


def alarm_rules(limits: dict[str, float] | None = None, **changes: Any) -> AlarmRules:
    usual = {"window": 3, "min_findings": 3, "stop_on": ()}
    return AlarmRules(limits=limits or {}, **{**usual, **changes})
