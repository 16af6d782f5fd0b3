"""Agents by name."""

from typing import NewType

__all__ = ["BASE", "AgentId", "origin"]

AgentId = NewType("AgentId", str)


BASE = AgentId("base")
"""The bare base model: every engine answers for it, nobody trains it."""


def origin(agent: AgentId) -> AgentId:
    """The agent that a snapshot is a copy of: ``emmy`` for ``emmy@12``; any other agent itself."""
    return AgentId(agent.partition("@")[0])
