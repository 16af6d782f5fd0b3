"""From the settings of agents to how they answer."""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path

from docendo.config.load import Config
from docendo.engines.constrained.grammars import grammar_error, min_bytes
from docendo.engines.wrappers.sampling_params import SamplingParams, WithSamplingParams
from docendo.errors import UserError, suggestion
from docendo.interfaces import Engine, Sandbox
from docendo.parts import parse_part
from docendo.records import AgentId, Grammar
from docendo.sandbox.monty import build_strict_monty
from docendo.tools.calls import TOOLS, Tool, Toolset, make_tools
from docendo.tools.dictionary import read_words

__all__ = [
    "build_toolsets",
    "check_agents",
    "sampling_params_by_agent",
    "with_sampling_params",
]


def with_sampling_params(engine: Engine, config: Config) -> Engine:
    """The engine with every agent's own temperature, length and grammar.

    Tools are inside it: calls and results count in an agent's own `max_tokens`.
    """
    params = sampling_params_by_agent(config)
    return WithSamplingParams(engine, params) if params else engine


def build_toolsets(config: Config) -> dict[AgentId, Toolset]:
    """The tools of the agents that have any. Raises UserError for an unknown tool."""
    toolsets: dict[AgentId, Toolset] = {}
    for name, agent in config.agents.items():
        if not agent.tools:
            continue
        where = f"[agents.{name}] tools"
        if agent.policy != "model":
            raise UserError(
                f"{where}: only agents with policy = 'model' call tools; "
                f"this one has {agent.policy!r}"
            )
        tools = _build_tools(agent.tools, where)
        toolsets[AgentId(name)] = Toolset(tools, agent.max_tool_calls)
    return toolsets


def _build_tools(settings: Sequence[str], where: str) -> dict[str, Tool]:
    names: list[str] = []
    dictionary: Path | None = None
    build_sandbox: Callable[[], Sandbox] = build_strict_monty
    for setting in settings:
        name, colon, value = setting.partition(":")
        if name not in TOOLS:
            raise UserError(f"{where}: no tool {name!r}{suggestion(name, TOOLS)}")
        if colon and (name not in ("dictionary", "python") or not value):
            raise UserError(
                f"{where}: expected the name of a tool, 'dictionary:FILE' or "
                f"'python:SANDBOX', got {setting!r}"
            )
        if name in names:
            raise UserError(f"{where}: {name!r} stands twice")
        names.append(name)
        if value and name == "dictionary":
            dictionary = Path(value)
        elif value:
            build_sandbox = parse_part("sandbox", value).build
    return make_tools(names, partial(read_words, dictionary), build_sandbox)


def sampling_params_by_agent(config: Config) -> Mapping[AgentId, SamplingParams]:
    """The sampling parameters of the agents that set any."""
    params_by_agent: dict[AgentId, SamplingParams] = {}
    for name, agent in config.agents.items():
        grammar = None
        if agent.grammar:
            grammar = Grammar(*agent.grammar.source, agent.grammar.free_tokens)
        params = SamplingParams(agent.temperature, agent.max_tokens, agent.top_p, grammar)
        # Requests of an agent that sets nothing are passed on as they are.
        if params != SamplingParams():
            params_by_agent[AgentId(name)] = params
    return params_by_agent


def check_agents(config: Config) -> None:
    """Raises UserError for unknown tools, and for a grammar that is wrong or that no answer fits."""
    toolsets = build_toolsets(config)
    for name, params in sampling_params_by_agent(config).items():
        if params.grammar is None:
            continue
        policy = config.agents[name].policy
        if policy != "model":
            raise UserError(
                f"[agents.{name}]: a grammar guides agents of this run's own model, "
                f"not policy = {policy!r}"
            )
        if name in toolsets:
            raise UserError(
                f"[agents.{name}]: tools and a grammar exclude each other; got both"
            )

        where = f"[agents.{name}.grammar]"
        error = grammar_error(params.grammar)
        if error:
            raise UserError(f"{where}: {error}")
        max_tokens = params.max_tokens or config.teaching.max_tokens
        _check_length(params.grammar, max_tokens, where)


def _check_length(grammar: Grammar, max_tokens: int, where: str) -> None:
    shortest = min_bytes(grammar)
    if not shortest:
        raise UserError(f"{where}: no answer in it was found, of any length")
    # A tokenizer may need a token for every byte.
    needed = grammar.free_tokens + shortest
    if needed > max_tokens:
        raise UserError(
            f"{where}: even a short answer may take {needed} tokens, "
            f"more than its max_tokens = {max_tokens}"
        )
