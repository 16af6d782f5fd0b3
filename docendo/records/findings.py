"""What a monitor found in a round."""

from typing import NamedTuple

from docendo.records.agents import AgentId

__all__ = ["Finding"]


class Finding(NamedTuple):
    """One suspicious lesson or answer."""

    round: int
    monitor: str
    agent: AgentId
    """Who wrote the text; for a frozen copy the agent that it is a copy of."""
    episode: int
    """Place of the episode among those of its round, from 0."""
    reason: str
    """One line in plain words."""
