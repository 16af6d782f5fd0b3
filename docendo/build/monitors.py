"""From the settings of alarms to what looks at every round."""

from docendo.config import AlarmsConfig
from docendo.monitors.alarms import AlarmRules
from docendo.monitors.answer_probe import ProbePlan
from docendo.monitors.monitor import NAMES, Monitors

__all__ = ["build_watch", "rules_of"]


def build_watch(config: AlarmsConfig) -> Monitors:
    probes = config.probed if "hint" in config.watch else 0
    return Monitors(rules_of(config), ProbePlan(probes, config.choices), config.watch)


def rules_of(config: AlarmsConfig) -> AlarmRules:
    """Of what is looked for; the rest is not raised."""
    limits: dict[str, float] = {
        name: float(getattr(config, name)) for name in NAMES if name in config.watch
    }
    return AlarmRules(limits, config.window, config.least, config.stop)
