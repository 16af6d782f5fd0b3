"""Metrics: values with a name, an agent and a step, and the one collector of a round."""

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from docendo.records.agents import AgentId

__all__ = ["Metric", "MetricKey", "MetricSeries", "MetricValues", "Metrics"]


class MetricKey(NamedTuple):
    """What a value is of: ``("data/wiki", "ann")``."""

    name: str
    agent: AgentId | None = None
    """None for a metric of the whole population."""

    def __str__(self) -> str:
        """``NAME/AGENT``, or the name alone."""
        return self.name if self.agent is None else f"{self.name}/{self.agent}"


class Metric(NamedTuple):
    """One measured value."""

    name: str
    agent: AgentId | None
    step: int
    """The round."""
    value: float
    """NaN or infinite where the measured number was."""


class MetricSeries(NamedTuple):
    """One metric over the rounds of a run."""

    key: MetricKey
    points: list[tuple[int, float]]
    """(round, value), rounds ascending."""


MetricValues = (
    Mapping[str, float] | Mapping[MetricKey, float] | Mapping[str | MetricKey, float]
)
"""What a stage has measured: by name for the whole population, by `MetricKey` for an agent."""


class Metrics(Mapping[str, float]):
    """Collects the metrics of one round. As a mapping it has the values by ``NAME/AGENT``."""

    def __init__(self, step: int, values: MetricValues | None = None) -> None:
        self.step = step
        self._values: dict[MetricKey, float] = {}
        self._keys: dict[str, MetricKey] = {}
        self.collect(values or {})

    def collect(self, values: MetricValues) -> None:
        """Add what a stage has measured. A later value replaces an earlier one."""
        for key, value in values.items():
            metric_key = key if isinstance(key, MetricKey) else MetricKey(key)
            self._values[metric_key] = value
            self._keys[str(metric_key)] = metric_key

    @property
    def records(self) -> list[Metric]:
        """All values, in the order in which their metrics first came."""
        return [
            Metric(name, agent, self.step, value)
            for (name, agent), value in self._values.items()
        ]

    def by_agent(self, name: str) -> dict[AgentId, float]:
        """The values of a metric that agents have, by agent."""
        return {
            key.agent: value
            for key, value in self._values.items()
            if key.name == name and key.agent is not None
        }

    def __getitem__(self, label: str) -> float:
        return self._values[self._keys[label]]

    def __iter__(self) -> Iterator[str]:
        return iter(self._keys)

    def __len__(self) -> int:
        return len(self._keys)

    def __repr__(self) -> str:
        return f"Metrics({self.step}, {dict(self)})"
