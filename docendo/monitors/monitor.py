"""All monitors of a run. Only metrics are remembered, so a resumed run raises the same alarms."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from docendo.monitors.alarms import Alarm, AlarmRules, raise_alarms, select_stopping
from docendo.monitors.answer_probe import ProbePlan, ProbeRoom, probe_lessons, probe_metrics
from docendo.monitors.answer_probe import findings_of as probe_findings
from docendo.monitors.findings import find_all
from docendo.monitors.length_growth import FIRST, RECENT
from docendo.monitors.metrics import growth_metrics, length_metrics, share_metrics
from docendo.monitors.names import CHECKED, SHARE, MetricName
from docendo.records import Episode, Finding, MetricKey, MetricSeries

__all__ = ["MonitorReport", "Monitors"]


class MonitorReport(NamedTuple):
    """What the monitors say of one round."""

    metrics: Mapping[MetricKey, float]
    findings: Sequence[Finding]


@dataclass
class Monitors:
    rules: AlarmRules
    plan: ProbePlan
    enabled: Collection[str]
    history: dict[MetricName, list[tuple[int, float]]] = field(default_factory=dict)
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

        # Growth is measured on what is remembered, this round included.
        metrics = self._remember(round_index, metrics)
        metrics |= self._remember(round_index, growth_metrics(self.history))
        enabled = [finding for finding in findings if finding.monitor in self.enabled]
        by_key = {name.key: value for name, value in metrics.items()}
        return MonitorReport(by_key, enabled)

    def recall(self, metrics: Iterable[MetricSeries]) -> None:
        """Load the rounds of a run that is resumed."""
        self.history = {}
        for key, points in metrics:
            name = MetricName.from_key(key)
            if name is not None:
                for round_index, value in points:
                    self._add(name, round_index, value)

    @property
    def stops(self) -> list[Alarm]:
        """The alarms after the newest round that stop the run."""
        return select_stopping(raise_alarms(self.history, self.rules), self.rules)

    def _remember(
        self, round_index: int, metrics: Mapping[MetricName, float]
    ) -> dict[MetricName, float]:
        """Remember and return the metrics of the monitors that are enabled."""
        enabled = {name: value for name, value in metrics.items() if self._is_enabled(name)}
        for name, value in enabled.items():
            self._add(name, round_index, value)
        return enabled

    def _is_enabled(self, name: MetricName) -> bool:
        # Lengths are recorded in every run; they are worth knowing without the alarm.
        return name.measure not in {SHARE, CHECKED} or name.monitor in self.enabled

    def _add(self, name: MetricName, round_index: int, value: float) -> None:
        values = self.history.setdefault(name, [])
        values.append((round_index, value))
        if len(values) > FIRST + max(RECENT, self.rules.window):
            # The first rounds and the newest are all that growth and windows need.
            del values[FIRST]
