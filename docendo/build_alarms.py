"""From the settings of alarms to what looks at every round."""

from docendo.alarms.probe import Plan
from docendo.alarms.rules import Rules
from docendo.alarms.watch import NAMES, Watch
from docendo.tables import AlarmsConfig

__all__ = ["build_watch", "rules_of"]


def build_watch(config: AlarmsConfig) -> Watch:
    probes = config.probed if "hint" in config.watch else 0
    return Watch(rules_of(config), Plan(probes, config.choices), config.watch)


def rules_of(config: AlarmsConfig) -> Rules:
    """Of what is looked for; the rest is not raised."""
    limits: dict[str, float] = {name: float(getattr(config, name)) for name in NAMES if name in config.watch}
    return Rules(limits, config.window, config.least, config.stop)
