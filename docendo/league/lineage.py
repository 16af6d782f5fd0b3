"""How each agent came to be what it is, and how good it was then."""

from collections.abc import Mapping
from typing import Literal, NamedTuple

from docendo.records import AgentId

__all__ = ["Lineage", "Milestone", "Origin"]

Origin = Literal["founder", "reference", "snapshot", "mutated", "crossed"]
"""References and snapshots are frozen copies: from before the teaching, and from later on."""


class Lineage(NamedTuple):
    """One event in the history of a population: an agent came to be, or was overwritten."""

    round: int
    name: AgentId
    how: Origin
    parents: tuple[AgentId, ...] = ()

    @property
    def is_copy(self) -> bool:
        """Whether the agent is a frozen copy that learns nothing."""
        return self.how in {"reference", "snapshot"}


class Milestone(NamedTuple):
    """What an agent was when it was copied last; before any copy, when it was seen first."""

    lineage: Lineage
    """The newest copy's; without one the agent's own."""
    skills: Mapping[str, float]
    """Rates by task type and by game."""
