"""How agents play a game: their policies, estimated from sampled moves."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import islice

import numpy as np

from docendo.games.kuhn_exact import KuhnPoker, first_seat_payoff
from docendo.games.kuhn_text import KUHN_STATES
from docendo.games.matrix import exploitability
from docendo.games.text_game import Turn, information_sets, read_move
from docendo.interfaces import FloatArray
from docendo.records import AgentId, MetricKey, Request, base_agent
from docendo.school import Arena
from docendo.seeds import seed_for

__all__ = [
    "Style",
    "estimate_styles",
    "kuhn_policy",
    "measure_styles",
]


@dataclass(frozen=True)
class Style:
    """How one agent plays."""

    legal: float
    """Share of answers that are legal moves."""
    shares: Mapping[str, Mapping[str, float]]
    """Of the legal answers, by information set and move; uniform if none was legal."""


def estimate_styles(
    arena: Arena, agents: Sequence[AgentId], samples: int, seed: int
) -> dict[AgentId, Style]:
    """`samples` answers of every agent in every situation of the game. For small games."""
    turns = information_sets(arena.game)
    requests = []
    for agent in agents:
        for turn in turns:
            for i in range(samples):
                request_seed = seed_for(seed, agent, turn.name, i)
                requests.append(_request(arena, agent, turn, request_seed))

    completions = iter(arena.room.engine.sample(requests))
    styles = {}
    for agent in agents:
        counts = []
        for turn in turns:
            choices: Counter[str] = Counter()
            for completion in islice(completions, samples):
                choice, _ = read_move(completion.text, turn.legal)
                choices[choice] += 1
            counts.append((turn, choices))
        styles[agent] = _style(counts, samples)
    return styles


def kuhn_policy(style: Style) -> FloatArray:
    """(12, 2): probabilities to check or fold, and to bet or call, at Kuhn poker.

    Rows are those of `docendo.games.kuhn_exact`.
    """
    rows = []
    for state in KUHN_STATES:
        shares = style.shares[state]
        passive = shares.get("check", shares.get("fold", 0.0))
        active = shares.get("bet", shares.get("call", 0.0))
        rows.append([passive, active])
    return np.array(rows)


def measure_styles(styles: Mapping[AgentId, Style]) -> dict[MetricKey, float]:
    """Metrics of every agent at Kuhn poker.

    Share of legal moves; chips per deal that a best response wins; chips won in the first seat
    against itself. Illegal moves are left out.
    """
    metrics = {}
    for agent, style in styles.items():
        policy = kuhn_policy(style)
        metrics[MetricKey("duels/legal", agent)] = style.legal
        exploited = exploitability(KuhnPoker(), policy)
        metrics[MetricKey("duels/exploitability", agent)] = exploited
        metrics[MetricKey("duels/value", agent)] = first_seat_payoff(policy, policy)
    return metrics


def _request(arena: Arena, agent: AgentId, turn: Turn, seed: int) -> Request:
    rules = arena.room.rules
    prompt = turn.prompt(arena.room.instructions[base_agent(agent)])
    return Request(agent, prompt, seed, rules.max_tokens, rules.temperature, "evaluation")


def _style(counts: Sequence[tuple[Turn, Counter[str]]], samples: int) -> Style:
    legal = 0
    shares = {}
    for turn, choices in counts:
        total = sum(choices[move] for move in turn.legal)
        legal += total
        if total:
            shares[turn.name] = {move: choices[move] / total for move in turn.legal}
        else:
            # Nothing says which move it prefers: it counts as a random player.
            shares[turn.name] = dict.fromkeys(turn.legal, 1 / len(turn.legal))
    return Style(legal / (samples * len(counts)), shares)
