"""From opinions to the order, or the circle, that they hold.

Axes: N agents.
"""

from collections.abc import Sequence
from random import Random
from typing import NamedTuple

import numpy as np

from docendo.errors import UseError
from docendo.humans.opinions import wins
from docendo.league.payoff import cyclic_share
from docendo.records import AgentId, Opinion
from docendo.seeds import seed_for

__all__ = ["Circles", "circles"]

_DRAWS = 400


class Circles(NamedTuple):
    """How far opinions go in circles."""

    names: tuple[AgentId, ...]
    share: float
    """Of the squared payoff that no rating explains: 0 for a ladder, 1 for a pure circle; 0 where all are even."""
    low: float
    """Of the 95 % interval over opinions drawn anew."""
    high: float
    triples: tuple[tuple[AgentId, AgentId, AgentId], ...]
    """Each beats the next and the last the first, in the majority; the largest margin first."""


def circles(opinions: Sequence[Opinion], seed: int = 0) -> Circles:
    """What the opinions say. Raises UseError where fewer than three agents were compared, or some pair never was."""
    names = tuple(sorted({a for o in opinions for a in (o.first, o.second)}))
    if len(names) < 3:
        raise UseError(f"a circle needs three agents; opinions compare {', '.join(names) or 'none'}")
    payoff = _payoff(opinions, names)
    if np.isnan(payoff).any():
        i, j = np.argwhere(np.isnan(payoff))[0]
        raise UseError(f"{names[i]} and {names[j]} were never compared; ask on")
    rng, drawn = Random(seed_for(seed, "circles")), list[float]()
    for _ in range(_DRAWS):
        again = np.nan_to_num(_payoff(rng.choices(opinions, k=len(opinions)), names))
        drawn.append(_share(again))
    low, high = np.quantile(drawn, [0.025, 0.975])
    return Circles(names, _share(payoff), float(low), float(high), _triples(payoff, names))


def _payoff(opinions: Sequence[Opinion], names: Sequence[AgentId]) -> np.ndarray:
    """(N, N), antisymmetric: two times the win rate minus 1; NaN where two never met."""
    found = np.full((len(names), len(names)), np.nan)
    np.fill_diagonal(found, 0.0)
    place = {name: i for i, name in enumerate(names)}
    for (one, other), (won, played) in wins(opinions).items():
        if one != other:
            found[place[one], place[other]] = 2 * won / played - 1
    return found


def _share(payoff: np.ndarray) -> float:
    return cyclic_share(payoff) if payoff.any() else 0.0


def _triples(payoff: np.ndarray, names: Sequence[AgentId]) -> tuple[tuple[AgentId, AgentId, AgentId], ...]:
    beats, found = payoff > 0, list[tuple[float, tuple[AgentId, AgentId, AgentId]]]()
    for i in range(len(names)):
        for j in range(i + 1, len(names)):
            for k in range(i + 1, len(names)):
                if beats[i, j] and beats[j, k] and beats[k, i]:
                    margin = float(min(payoff[i, j], payoff[j, k], payoff[k, i]))
                    found.append((margin, (names[i], names[j], names[k])))
    return tuple(triple for _, triple in sorted(found, reverse=True))
