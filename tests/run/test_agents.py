"""Agents of a run, loaded from its newest checkpoint."""

from pathlib import Path

import pytest

import docendo
from docendo.build.backend import resolve_config
from docendo.config.load import Config, to_toml
from docendo.errors import UserError
from docendo.records import BASE, AgentId
from docendo.run.agents import LoadedAgents, load_agents, read_agents
from docendo.store import RunDirectory

QUESTION = "tor: a b?"


@pytest.fixture(scope="module")
def agents(finished: Path) -> LoadedAgents:
    return load_agents(finished)


def test_the_base_and_the_learners_are_loaded_as_of_the_last_round(
    agents: LoadedAgents,
) -> None:
    assert agents.names == [BASE, AgentId("ann"), AgentId("bob")]
    assert agents.round_index == 3


def test_an_answer_is_greedy_unless_a_temperature_is_given(agents: LoadedAgents) -> None:
    greedy = [agents.answer("ann", QUESTION, seed=seed) for seed in range(3)]
    assert len(set(greedy)) == 1
    warm = {agents.answer("ann", QUESTION, temperature=2.0, seed=i) for i in range(8)}
    assert len(warm) > 1


def test_worked_examples_are_shown_before_the_question(
    agents: LoadedAgents, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = []
    engine = type(agents.classroom.engine)
    sample = engine.sample

    def spy(self, requests):
        seen.extend(requests)
        return sample(self, requests)

    monkeypatch.setattr(engine, "sample", spy)
    agents.answer("bob", QUESTION, [("tor: c d?", "Answer: d c")], max_tokens=3)
    contents = [message.content for message in seen[0].messages[1:]]
    assert contents == ["tor: c d?", "Answer: d c", QUESTION]
    assert seen[0].max_tokens == 3


def test_an_unknown_agent_is_refused_with_the_nearest(agents: LoadedAgents) -> None:
    with pytest.raises(UserError, match="no agent 'anne'; did you mean 'ann'"):
        agents.answer("anne", QUESTION)


def test_accuracy_is_given_for_the_base_too(agents: LoadedAgents) -> None:
    accuracy = agents.evaluate(problems=1)
    assert {agent for agent, _ in accuracy} == {BASE, "ann", "bob"}
    assert {domain for _, domain in accuracy} == {"letters", "digits"}


def test_a_run_without_a_checkpoint_has_no_agents_yet(
    league: Config, tmp_path: Path
) -> None:
    config = to_toml(resolve_config(league))
    with (
        RunDirectory.create(tmp_path / "run", config) as directory,
        pytest.raises(UserError, match="has no checkpoint yet; go on with `docendo resume"),
    ):
        read_agents(directory)


def test_who_reads_agents_is_told_of_the_checkpoint_first(finished: Path) -> None:
    rounds = []
    with RunDirectory.open(finished) as directory:
        read_agents(directory, lambda checkpoint: rounds.append(checkpoint.round))
    assert rounds == [3]
    assert docendo.load_agents(finished).round_index == 3
