"""Standings that say what a test says."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from docendo.records import AgentId
from tests.toys import shares


@dataclass
class Skills:
    """Standings that say what a test says."""

    known: dict[str, Mapping[str, float]] = field(default_factory=dict)
    won: tuple[float, float] = (0.0, 0.0)

    def skills(self, agent: AgentId) -> dict[str, float]:
        return dict(self.known.get(agent, {}))

    def win_rates(self, rows, columns, subject):
        return shares(*[self.won] * len(rows))
