"""Rules that say when an agent leaves a frozen copy behind: every few rounds, when it got stronger."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import Any, Protocol

from docendo.league.lineage import Milestone
from docendo.records import AgentId

__all__ = [
    "AnyRule",
    "EveryRounds",
    "Never",
    "SkillRecord",
    "SnapshotRule",
    "WhenStronger",
    "mean_improvement",
]


class SkillRecord(Protocol):
    """What the rules need of the standings."""

    def skills(self, agent: AgentId) -> dict[str, float]:
        """Rates by task type and by game, as far as they are known."""
        ...

    def win_rates(
        self, rows: Sequence[AgentId], columns: Sequence[AgentId], subject: str
    ) -> Any: ...


class SnapshotRule(Protocol):
    def __call__(
        self, agent: AgentId, milestone: Milestone, round_index: int, record: SkillRecord
    ) -> bool:
        """Whether a copy of the agent is due."""
        ...


@dataclass(frozen=True)
class Never:
    def __call__(
        self, agent: AgentId, milestone: Milestone, round_index: int, record: SkillRecord
    ) -> bool:
        return False


@dataclass(frozen=True)
class EveryRounds:
    rounds: int

    def __call__(
        self, agent: AgentId, milestone: Milestone, round_index: int, record: SkillRecord
    ) -> bool:
        return round_index - milestone.lineage.round >= self.rounds


@dataclass(frozen=True)
class WhenStronger:
    """When the agent beats its past by a margin.

    Its rates without a lesson and against all opponents must be higher by `margin` than at its
    milestone, on average over the task types and games known at both times. Or it must win more
    than one half plus `margin` against its newest copy (AlphaStar: 0.7, a margin of 0.2).
    """

    margin: float
    game: str = ""
    min_games: float = 8.0
    """Games that must have been played against the copy."""

    def __call__(
        self, agent: AgentId, milestone: Milestone, round_index: int, record: SkillRecord
    ) -> bool:
        return self._beats_copy(agent, milestone, record) or self._improved(
            agent, milestone, record
        )

    def _beats_copy(
        self, agent: AgentId, milestone: Milestone, record: SkillRecord
    ) -> bool:
        newest = milestone.lineage
        if not (self.game and newest.is_copy):
            return False

        wins = record.win_rates([agent], [newest.name], self.game)
        is_known = wins.evidence_N[0] >= self.min_games
        return bool(is_known and wins.mean_N[0] >= 0.5 + self.margin)

    def _improved(self, agent: AgentId, milestone: Milestone, record: SkillRecord) -> bool:
        improvement = mean_improvement(record.skills(agent), milestone.skills)
        return (improvement or 0.0) >= self.margin


@dataclass(frozen=True)
class AnyRule:
    """When at least one of the rules says so."""

    rules: Sequence[SnapshotRule]

    def __call__(
        self, agent: AgentId, milestone: Milestone, round_index: int, record: SkillRecord
    ) -> bool:
        return any(rule(agent, milestone, round_index, record) for rule in self.rules)


def mean_improvement(now: Mapping[str, float], then: Mapping[str, float]) -> float | None:
    """By how much rates rose, on average over those known at both times; None without any."""
    common = [kind for kind in now if kind in then]
    if not common:
        return None
    return fmean(now[kind] - then[kind] for kind in common)
