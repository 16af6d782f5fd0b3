"""From the settings of alarms to what looks at every round."""

from docendo.config import MonitorsConfig
from docendo.monitors.alarms import AlarmRules
from docendo.monitors.answer_probe import ProbePlan
from docendo.monitors.monitor import NAMES, Monitors

__all__ = ["alarm_rules", "build_monitors"]


def build_monitors(config: MonitorsConfig) -> Monitors:
    probes = config.probed if "hint" in config.watch else 0
    return Monitors(alarm_rules(config), ProbePlan(probes, config.choices), config.watch)


def alarm_rules(config: MonitorsConfig) -> AlarmRules:
    """Of what is looked for; the rest is not raised."""
    limits: dict[str, float] = {
        name: float(getattr(config, name)) for name in NAMES if name in config.watch
    }
    return AlarmRules(limits, config.window, config.least, config.stop)
