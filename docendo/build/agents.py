"""From the settings of agents to how they answer."""

from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path

from docendo.config.load import Config
from docendo.engines.constrained.grammars import fault, least
from docendo.engines.wrappers.sampling_params import SamplingParams, WithSamplingParams
from docendo.errors import UserError, suggestion
from docendo.interfaces import Engine
from docendo.records import AgentId, Grammar
from docendo.tools.calls import TOOLS, Tool, Toolset, make_tools
from docendo.tools.dictionary import read_words

__all__ = [
    "build_toolsets",
    "check_agents",
    "sampling_params_by_agent",
    "with_sampling_params",
]


def with_sampling_params(engine: Engine, config: Config) -> Engine:
    """The engine as it answers in class, every agent in its own way. Tools are inside it: calls and results count in
    an agent's own `max_tokens`.
    """
    found = sampling_params_by_agent(config)
    return WithSamplingParams(engine, found) if found else engine


def build_toolsets(config: Config) -> dict[AgentId, Toolset]:
    """Of the agents that have any tools. Raises UserError for a tool that there is not, or an agent that calls none."""
    found: dict[AgentId, Toolset] = {}
    for name, agent in config.agents.items():
        where = f"[agents.{name}] tools"
        if agent.tools and agent.policy != "model":
            raise UserError(
                f"{where}: only agents that play 'model' call tools, and this one plays {agent.policy!r}"
            )
        if agent.tools:
            found[AgentId(name)] = Toolset(_tools(agent.tools, where), agent.max_tool_calls)
    return found


def _tools(wanted: Sequence[str], where: str) -> dict[str, Tool]:
    names, path = list[str](), None
    for text in wanted:
        name, colon, file = text.partition(":")
        if name not in TOOLS:
            raise UserError(f"{where}: no tool {name!r}{suggestion(name, TOOLS)}")
        if colon and (name != "dictionary" or not file):
            raise UserError(
                f"{where}: wanted the name of a tool or 'dictionary:FILE', got {text!r}"
            )
        if name in names:
            raise UserError(f"{where}: {name!r} stands twice")
        names.append(name)
        path = Path(file) if file else path
    return make_tools(names, partial(read_words, path))


def sampling_params_by_agent(config: Config) -> Mapping[AgentId, SamplingParams]:
    """Of the agents that have any."""
    found: dict[AgentId, SamplingParams] = {}
    for name, agent in config.agents.items():
        grammar = (
            Grammar(*agent.grammar.source, agent.grammar.free) if agent.grammar else None
        )
        habit = SamplingParams(agent.temperature, agent.max_tokens, agent.top_p, grammar)
        if habit != SamplingParams():
            found[AgentId(name)] = habit
    return found


def check_agents(config: Config) -> None:
    """Raises UserError for tools that there are not, and a grammar that is wrong or that no answer fits."""
    equipment = build_toolsets(config)
    for name, habit in sampling_params_by_agent(config).items():
        if habit.grammar is None:
            continue
        if (plays := config.agents[name].policy) != "model":
            raise UserError(
                f"[agents.{name}]: a grammar guides agents of this run's own model, not policy = {plays!r}"
            )
        if name in equipment:
            raise UserError(
                f"[agents.{name}]: tools and a grammar exclude each other; got both"
            )
        if wrong := fault(habit.grammar):
            raise UserError(f"[agents.{name}.grammar]: {wrong}")
        _check_length(
            habit.grammar,
            habit.max_tokens or config.teaching.max_tokens,
            f"[agents.{name}.grammar]",
        )


def _check_length(grammar: Grammar, budget: int, where: str) -> None:
    needed = least(grammar)
    if not needed:
        raise UserError(f"{where}: no answer in it was found, of any length")
    if grammar.free + needed > budget:
        raise UserError(
            f"{where}: even a short answer may take {grammar.free + needed} tokens, more than its max_tokens = {budget}"
        )
