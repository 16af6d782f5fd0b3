"""Rules that say when an agent leaves a frozen copy behind: every few rounds, when it got stronger."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import Protocol

from docendo.league.lineage import Milestone
from docendo.league.standings import LiveStandings
from docendo.records import AgentId

__all__ = [
    "AnyRule",
    "EveryRounds",
    "Never",
    "SnapshotRule",
    "WhenStronger",
    "mean_improvement",
]


class SnapshotRule(Protocol):
    def __call__(
        self,
        agent: AgentId,
        milestone: Milestone,
        round_index: int,
        standings: LiveStandings,
    ) -> bool:
        """Whether a copy of the agent is due."""
        ...


@dataclass(frozen=True)
class Never:
    def __call__(
        self,
        agent: AgentId,
        milestone: Milestone,
        round_index: int,
        standings: LiveStandings,
    ) -> bool:
        return False


@dataclass(frozen=True)
class EveryRounds:
    rounds: int

    def __call__(
        self,
        agent: AgentId,
        milestone: Milestone,
        round_index: int,
        standings: LiveStandings,
    ) -> bool:
        return round_index - milestone.lineage.round >= self.rounds


@dataclass(frozen=True)
class WhenStronger:
    """When the agent beats its past by a margin.

    Its rates without a lesson and against all opponents must be higher by `margin` than at its
    milestone, on average over the task types and games known at both times. Or it must win more
    than one half plus `margin` against its newest copy.
    """

    margin: float
    game: str = ""
    min_games: float = 8.0
    """Games that must have been played against the copy."""

    def __call__(
        self,
        agent: AgentId,
        milestone: Milestone,
        round_index: int,
        standings: LiveStandings,
    ) -> bool:
        improvement = mean_improvement(standings.skills(agent), milestone.skills)
        has_improved = (improvement or 0.0) >= self.margin
        return has_improved or self._beats_copy(agent, milestone, standings)

    def _beats_copy(
        self, agent: AgentId, milestone: Milestone, standings: LiveStandings
    ) -> bool:
        newest = milestone.lineage
        if not (self.game and newest.is_copy):
            return False

        # AlphaStar adds a copy when the agent wins 70 % of its games, a margin of 0.2.
        wins = standings.win_rates([agent], [newest.name], self.game)
        has_played = wins.evidence_N[0] >= self.min_games
        return bool(has_played and wins.mean_N[0] >= 0.5 + self.margin)


@dataclass(frozen=True)
class AnyRule:
    """When at least one of the rules says so."""

    rules: Sequence[SnapshotRule]

    def __call__(
        self,
        agent: AgentId,
        milestone: Milestone,
        round_index: int,
        standings: LiveStandings,
    ) -> bool:
        return any(rule(agent, milestone, round_index, standings) for rule in self.rules)


def mean_improvement(now: Mapping[str, float], then: Mapping[str, float]) -> float | None:
    """By how much rates rose, on average over those known at both times; None without any."""
    common = [subject for subject in now if subject in then]
    if not common:
        return None
    return fmean(now[subject] - then[subject] for subject in common)
