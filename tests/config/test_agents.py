"""The tables of domains and agents."""

from docendo.config.agents import AgentConfig


def test_an_agent_has_no_domain_one_or_several() -> None:
    assert AgentConfig().domains == []
    assert AgentConfig(domain="biology").domains == ["biology"]
    assert AgentConfig(domain=["biology", "genes"]).domains == ["biology", "genes"]
