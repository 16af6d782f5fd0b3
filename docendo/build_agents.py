"""From the settings of agents to how they answer."""

import json
import re
from collections.abc import Mapping
from warnings import catch_warnings, simplefilter

from docendo.config import Config
from docendo.engines.guides import fault
from docendo.engines.habits import Habit, Habitual
from docendo.errors import UseError
from docendo.interfaces import Engine
from docendo.records import AgentId, Grammar

__all__ = ["answering", "check_answerers", "habits"]

_WIDE = re.compile(r"\\[WSDPw]|\[\^|\.|\\p|[^\x00-\x7f]")
"""What lets characters in that are more than one token."""
_CLOSING = len("\nAnswer: ")


def answering(engine: Engine, config: Config) -> Engine:
    """The engine as it answers in class: every agent in its own way."""
    found = habits(config)
    return Habitual(engine, found) if found else engine


def habits(config: Config) -> Mapping[AgentId, Habit]:
    """Of the agents that have any."""
    found: dict[AgentId, Habit] = {}
    for name, agent in config.agents.items():
        grammar = Grammar(*agent.grammar.source, agent.grammar.free) if agent.grammar else None
        habit = Habit(agent.temperature, agent.max_tokens, agent.top_p, grammar)
        if habit != Habit():
            found[AgentId(name)] = habit
    return found


def check_answerers(config: Config) -> None:
    """Raises UseError for a grammar that is wrong, or whose answers might be cut off and so be outside it."""
    for name, habit in habits(config).items():
        if habit.grammar is None:
            continue
        if wrong := fault(habit.grammar):
            raise UseError(f"[agents.{name}.grammar]: {wrong}")
        _check_length(habit.grammar, habit.max_tokens or config.teaching.max_tokens, f"[agents.{name}.grammar]")


def _check_length(grammar: Grammar, budget: int, where: str) -> None:
    most = _longest(grammar)
    if most is None:
        return
    if most >= 2**16:
        raise UseError(f"{where}: its answers have no longest one; bound it, as in [0-9]{{1,6}} for [0-9]+")
    needed = most + 1 + (grammar.free + _CLOSING if grammar.free else 0)
    if needed > budget:
        raise UseError(f"{where}: an answer may take {needed} tokens, more than its max_tokens = {budget}")


def _longest(grammar: Grammar) -> int | None:
    """Tokens of the longest answer at the most, each character being one or, outside ASCII, up to four; None where it
    cannot be told."""
    if grammar.kind == "choice":
        return max(len(choice.encode()) for choice in json.loads(grammar.text))
    if grammar.kind != "regex":
        return None
    try:
        with catch_warnings():
            simplefilter("ignore")
            from re import _parser  # type: ignore[attr-defined]

            width = int(_parser.parse(grammar.text).getwidth()[1])
    except re.error:
        return None
    return width * (4 if _WIDE.search(grammar.text) else 1)
