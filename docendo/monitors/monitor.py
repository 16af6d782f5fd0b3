"""What looks at every round of a run: nothing but metrics is remembered, so a resumed run sees the same."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field

from docendo.monitors.alarms import Alarm, AlarmRules, raise_alarms, select_stopping
from docendo.monitors.answer_probe import ProbePlan, ProbeRoom, probe_lessons, probe_metrics
from docendo.monitors.detectors import (
    Series,
    find_all,
    growth_metrics,
    length_metrics,
    share_metrics,
)
from docendo.monitors.length_growth import FIRST, RECENT
from docendo.records import Episode

__all__ = ["NAMES", "Monitors"]

NAMES = ("leak", "hint", "repeat", "format", "growth")
_REMEMBERED = ("alarm/", "looked/", "length/", "earned/")


@dataclass
class Monitors:
    rules: AlarmRules = field(default_factory=AlarmRules)
    plan: ProbePlan = field(default_factory=ProbePlan)
    names: Collection[str] = NAMES
    """What is looked for."""
    seen: dict[str, list[tuple[int, float]]] = field(default_factory=dict)
    """(round, value) of each metric that alarms are made of: the first rounds that it was told in, and the newest."""

    def look(
        self, index: int, episodes: Sequence[Episode], room: ProbeRoom, seed: int
    ) -> dict[str, float]:
        """The round's ``alarm/<name>/<agent>``, and the lengths and earnings that growth is told by."""
        if not episodes:
            return {}
        metrics = {
            **share_metrics(episodes, find_all(episodes)),
            **length_metrics(episodes),
        }
        if self.plan.lessons:
            metrics |= probe_metrics(probe_lessons(room, episodes, self.plan, seed))
        return self._remember(index, metrics) | self._remember(
            index, growth_metrics(self.seen)
        )

    def recall(self, metrics: Series) -> None:
        """Take in the rounds that were there already when a run goes on."""
        self.seen = {}
        for name, told in metrics.items():
            if name.startswith(_REMEMBERED):
                for index, value in told:
                    self._keep(name, index, value)

    @property
    def stops(self) -> list[Alarm]:
        """The alarms after the newest round that end the run."""
        return select_stopping(raise_alarms(self.seen, self.rules), self.rules)

    def _remember(self, index: int, metrics: dict[str, float]) -> dict[str, float]:
        """Those of `metrics` that are looked for."""
        kept = {
            n: v
            for n, v in metrics.items()
            if not n.startswith(("alarm/", "looked/")) or n.split("/")[1] in self.names
        }
        for name, value in kept.items():
            self._keep(name, index, value)
        return kept

    def _keep(self, name: str, index: int, value: float) -> None:
        told = self.seen.setdefault(name, [])
        told.append((index, value))
        if len(told) > FIRST + max(RECENT, self.rules.window):
            del told[FIRST]
