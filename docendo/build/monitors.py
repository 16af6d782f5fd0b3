"""Builds the monitors of a run from their settings."""

from docendo.config import MonitorsConfig
from docendo.monitors.alarms import AlarmRules
from docendo.monitors.answer_probe import ProbePlan
from docendo.monitors.monitor import Monitors
from docendo.monitors.names import ANSWER_PROBE

__all__ = ["alarm_rules", "build_monitors"]


def build_monitors(config: MonitorsConfig) -> Monitors:
    probes = config.probes_per_round if ANSWER_PROBE in config.enabled else 0
    plan = ProbePlan(lessons=probes, choices=config.probe_answers)
    return Monitors(alarm_rules(config), plan, config.enabled)


def alarm_rules(config: MonitorsConfig) -> AlarmRules:
    """The rules of the monitors that are enabled; the others raise no alarm."""
    limits: dict[str, float] = {name: getattr(config, name) for name in config.enabled}
    return AlarmRules(
        limits=limits,
        window=config.window,
        min_findings=config.min_findings,
        stop_on=config.stop_on,
    )
