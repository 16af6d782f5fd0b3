"""Agents are names; a snapshot's name says whose it is."""

import pytest

from docendo.records import BASE, AgentId, base_agent, is_frozen_copy


@pytest.mark.parametrize(
    ("name", "original", "frozen"),
    [("emmy", "emmy", False), ("emmy@12", "emmy", True), (BASE, "base", False)],
)
def test_a_snapshot_belongs_to_its_agent(name: str, original: str, frozen: bool) -> None:
    assert base_agent(AgentId(name)) == original
    assert is_frozen_copy(AgentId(name)) is frozen
