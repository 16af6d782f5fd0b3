"""Agents by name."""

from typing import NewType

__all__ = ["BASE", "AgentId", "base_agent", "is_frozen_copy"]

AgentId = NewType("AgentId", str)


BASE = AgentId("base")
"""The bare base model: every engine answers for it, nobody trains it."""


def base_agent(agent: AgentId) -> AgentId:
    """The agent that a snapshot is a copy of: ``emmy`` for ``emmy@12``; any other agent itself."""
    return AgentId(agent.partition("@")[0])


def is_frozen_copy(agent: AgentId) -> bool:
    """Whether it is a snapshot, which learns nothing."""
    return base_agent(agent) != agent
