"""All monitors of a run. Only metrics are remembered, so a resumed run raises the same alarms."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from docendo.monitors.alarms import Alarm, AlarmRules, raise_alarms, select_stopping
from docendo.monitors.answer_probe import ProbePlan, ProbeRoom, probe_lessons, probe_metrics
from docendo.monitors.answer_probe import findings_of as probe_findings
from docendo.monitors.findings import find_all
from docendo.monitors.length_growth import FIRST, RECENT
from docendo.monitors.metrics import Series, growth_metrics, length_metrics, share_metrics
from docendo.monitors.names import CHECKED, NAMES, SHARE, MetricName
from docendo.records import Episode, Finding

__all__ = ["MonitorReport", "Monitors"]


class MonitorReport(NamedTuple):
    """What the monitors say of one round."""

    metrics: Mapping[str, float]
    findings: Sequence[Finding]


@dataclass
class Monitors:
    rules: AlarmRules = field(default_factory=AlarmRules)
    plan: ProbePlan = field(default_factory=ProbePlan)
    enabled: Collection[str] = NAMES
    history: dict[str, list[tuple[int, float]]] = field(default_factory=dict)
    """(round, value) of each metric of the monitors: its first rounds, and the newest."""

    def look(
        self, round_index: int, episodes: Sequence[Episode], room: ProbeRoom, seed: int
    ) -> MonitorReport:
        """The round's metrics and findings; both empty where there are no episodes."""
        if not episodes:
            return MonitorReport({}, ())

        findings = find_all(episodes)
        metrics = share_metrics(episodes, findings) | length_metrics(episodes)
        if self.plan.lessons:
            probed = probe_lessons(room, episodes, self.plan, seed)
            findings += probe_findings(probed, round_index)
            metrics |= probe_metrics(probed)

        metrics = self._remember(round_index, metrics)
        metrics |= self._remember(round_index, growth_metrics(self.history))
        enabled = [finding for finding in findings if finding.monitor in self.enabled]
        return MonitorReport(metrics, enabled)

    def recall(self, metrics: Series) -> None:
        """Load the rounds of a run that is resumed."""
        self.history = {}
        for name, values in metrics.items():
            if MetricName.parse(name) is not None:
                for round_index, value in values:
                    self._add(name, round_index, value)

    @property
    def stops(self) -> list[Alarm]:
        """The alarms after the newest round that stop the run."""
        return select_stopping(raise_alarms(self.history, self.rules), self.rules)

    def _remember(self, round_index: int, metrics: dict[str, float]) -> dict[str, float]:
        """Remember and return the metrics of the monitors that are enabled."""
        enabled = {name: value for name, value in metrics.items() if self._is_enabled(name)}
        for name, value in enabled.items():
            self._add(name, round_index, value)
        return enabled

    def _is_enabled(self, metric: str) -> bool:
        name = MetricName.parse(metric)
        # Lengths are recorded in every run; they are worth knowing without the alarm.
        is_plain = name is not None and name.measure not in {SHARE, CHECKED}
        return is_plain or (name is not None and name.monitor in self.enabled)

    def _add(self, name: str, round_index: int, value: float) -> None:
        values = self.history.setdefault(name, [])
        values.append((round_index, value))
        if len(values) > FIRST + max(RECENT, self.rules.window):
            del values[FIRST]
