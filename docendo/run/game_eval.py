"""How agents play: their policy at a game in words, estimated from what they say in each situation."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from docendo.games.kuhn_exact import KuhnPoker, first_seat_payoff
from docendo.games.matrix import exploitability
from docendo.games.text_game import Turn, information_sets, read_move
from docendo.interfaces import FloatArray
from docendo.records import AgentId, Request, base_agent
from docendo.school import Arena
from docendo.seeds import seed_for

__all__ = ["KUHN_STATES", "Style", "exploitable", "kuhn_policy", "styles", "told"]

KUHN_STATES = [
    f"{card}{moves}"
    for moves in ("", " check bet", " check", " bet")
    for card in ("jack", "queen", "king")
]
"""The information sets in the order of the rows of a policy of `docendo.games.kuhn_exact`."""


@dataclass(frozen=True)
class Style:
    """How one agent plays."""

    legal: float
    """Share of answers that are legal moves."""
    shares: Mapping[str, Mapping[str, float]]
    """Of the legal answers, by information set and move; even where there was no legal one."""


def styles(
    arena: Arena, agents: Sequence[AgentId], samples: int, seed: int
) -> dict[AgentId, Style]:
    """`samples` answers of every agent in every situation of the game. For small games."""
    room, turns = arena.room, information_sets(arena.game)
    asked = [(agent, turn) for agent in agents for turn in turns]
    requests = [
        _request(arena, agent, turn, seed_for(seed, agent, turn.name, i))
        for agent, turn in asked
        for i in range(samples)
    ]
    texts = [completion.text for completion in room.engine.sample(requests)]
    counts = {
        (agent, turn.name): Counter(
            read_move(text, turn.legal)[0]
            for text in texts[i * samples : (i + 1) * samples]
        )
        for i, (agent, turn) in enumerate(asked)
    }
    return {
        agent: _style([(turn, counts[agent, turn.name]) for turn in turns], samples)
        for agent in agents
    }


def kuhn_policy(style: Style) -> FloatArray:
    """(12, 2): the probabilities to check or fold, and to bet or call, as `docendo.games.kuhn_exact` has them."""
    rows = [style.shares[state] for state in KUHN_STATES]
    return np.array(
        [
            [row.get("check", row.get("fold", 0.0)), row.get("bet", row.get("call", 0.0))]
            for row in rows
        ]
    )


def exploitable(style: Style) -> float:
    """What a best response wins from the style at Kuhn poker, chips a deal; illegal moves are left out."""
    return exploitability(KuhnPoker(), kuhn_policy(style))


def told(found: Mapping[AgentId, Style]) -> dict[str, float]:
    """Metrics: share of legal moves, chips that a best response wins, chips won in the first seat against oneself."""
    metrics = {}
    for agent, style in found.items():
        policy = kuhn_policy(style)
        metrics[f"duels/legal/{agent}"] = style.legal
        metrics[f"duels/exploitability/{agent}"] = exploitable(style)
        metrics[f"duels/value/{agent}"] = first_seat_payoff(policy, policy)
    return metrics


def _request(arena: Arena, agent: AgentId, turn: Turn, seed: int) -> Request:
    rules = arena.room.rules
    prompt = turn.prompt(arena.room.instructions[base_agent(agent)])
    return Request(agent, prompt, seed, rules.max_tokens, rules.temperature, "evaluation")


def _style(counted: Sequence[tuple[Turn, Counter[str]]], samples: int) -> Style:
    legal = sum(count for _, found in counted for choice, count in found.items() if choice)
    shares = {}
    for turn, found in counted:
        total = sum(found[choice] for choice in turn.legal)
        shares[turn.name] = {
            c: found[c] / total if total else 1 / len(turn.legal) for c in turn.legal
        }
    return Style(legal / (samples * len(counted)), shares)
