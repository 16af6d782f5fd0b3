"""The shape of a population: what a rating explains, what goes in cycles, in which layers it lies.

Axes: N agents. `game` is (N, N) and exactly antisymmetric; a difference below TIE of its largest payoff is a tie.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from docendo.analysis.equilibrium import TIE, nash_support
from docendo.analysis.matrices import Matrix, Vector
from docendo.analysis.ratings import reachable_pairs

__all__ = [
    "Cluster",
    "Decomposition",
    "Disc",
    "collaboration",
    "count_three_cycles",
    "decompose",
    "diversity",
    "embed_in_disc",
    "mean_payoffs",
    "nash_clusters",
]


class Decomposition(NamedTuple):
    """A game as the sum of a transitive and a cyclic one, which are orthogonal."""

    share: float | None
    """Of the squared payoffs that are cyclic; None where all are zero."""
    transitive: float
    """Root mean square of r_i - r_j over the pairs."""
    cyclic_size: float
    cyclic: Matrix


class Disc(NamedTuple):
    """The strongest cycle as points in a plane."""

    points: Matrix
    """(N, 2): i's cyclic payoff against j is about the cross product of their points, so everybody beats those that
    lie less than half a turn further anticlockwise. The furthest from the middle lies on the positive first axis."""
    share: float | None
    """Of the squared cyclic payoffs that this plane shows; None where all are zero."""


class Cluster(NamedTuple):
    """One layer of a population: the support of a Nash equilibrium once better layers are gone."""

    members: tuple[int, ...]
    skill: float
    """Mean of its members' mean payoffs."""
    longest_cycle: int
    """Of members each of which beats the next; 0 where there is none. Ties may make it too high, never too low."""
    three_cycles: float
    """In how many of the whole population's cycles of three a member takes part, on average."""


def decompose(game: Matrix) -> Decomposition:
    """The part of the payoffs that ratings explain, r_i - r_j with r_i the row's mean, and the rest.

    Balduzzi et al. 2018 (Hodge decomposition of a complete graph).
    """
    # Scaled, so that squares of very large or small payoffs keep their digits.
    scale = np.abs(game).max() or 1.0
    # The best rating in the sense of least squares, the diagonal's 0 included.
    means = (game / scale).mean(1)
    transitive = means[:, None] - means[None, :]
    cyclic = game / scale - transitive
    # What rounding leaves of a ladder is no cycle.
    if np.abs(cyclic).max() < TIE:
        cyclic = np.zeros_like(game)

    transitive_square = (transitive**2).sum()
    cyclic_square = (cyclic**2).sum()
    total = transitive_square + cyclic_square
    pairs = len(game) * (len(game) - 1)
    return Decomposition(
        share=float(cyclic_square / total) if total else None,
        transitive=float(scale * np.sqrt(transitive_square / pairs)),
        cyclic_size=float(scale * np.sqrt(cyclic_square / pairs)),
        cyclic=scale * cyclic,
    )


def embed_in_disc(cyclic: Matrix) -> Disc:
    """The plane that holds most of a cyclic part, as in Balduzzi et al. 2019: the leading pair of its Schur form."""
    scale = np.abs(cyclic).max()
    if not scale:
        return Disc(np.zeros((len(cyclic), 2)), None)

    # The leading singular pair of an antisymmetric matrix spans the plane of its strongest cycle.
    scaled = cyclic / scale
    first = np.linalg.eigh(scaled.T @ scaled).eigenvectors[:, -1]
    strength = np.linalg.norm(scaled @ first)
    points = np.sqrt(scale * strength) * (first - 1j * scaled @ first / strength)

    # The plane may be turned freely; this fixes the furthest point on the first axis.
    furthest = points[np.round(np.abs(points) / np.abs(points).max(), 6).argmax()]
    points = points * furthest.conj() / abs(furthest)
    share = float(2 * strength**2 / (scaled**2).sum())
    return Disc(np.stack([points.real, points.imag], axis=1), min(share, 1.0))


def nash_clusters(game: Matrix) -> list[Cluster]:
    """Nash clusters, best first: who has a share in any equilibrium, then the same among the rest, and so on.

    Czarnecki et al. 2020.
    """
    skills = mean_payoffs(game)
    cycles = count_three_cycles(game)
    beats = _beats(game)
    remaining = np.arange(len(game))
    clusters = []
    while remaining.size:
        is_member = nash_support(game[np.ix_(remaining, remaining)])
        members = remaining[is_member]
        clusters.append(
            Cluster(
                members=tuple(members.tolist()),
                skill=float(skills[members].mean()),
                longest_cycle=_longest_cycle(beats[np.ix_(members, members)]),
                three_cycles=float(cycles[members].mean()),
            )
        )
        remaining = remaining[~is_member]
    return clusters


def _longest_cycle(beats: NDArray[np.bool_]) -> int:
    """Size of the largest set whose members all reach one another: without ties a cycle passes through all of it.

    Moon 1966.
    """
    # Whoever reaches one another is one strongly connected component.
    reached = reachable_pairs(beats)
    largest = int((reached & reached.T).sum(1).max())
    return largest if largest > 1 else 0


def mean_payoffs(game: Matrix) -> Vector:
    """(N,): the mean payoff against the others."""
    means: Vector = game.sum(1) / (len(game) - 1)
    return means


def count_three_cycles(game: Matrix) -> NDArray[np.int64]:
    """(N,): in how many cycles of three, each beating the next, an agent takes part."""
    # i beats j, j beats k (a product), and k beats i (the transpose).
    beats = _beats(game).astype(np.float64)
    counts: NDArray[np.int64] = ((beats @ beats) * beats.T).sum(1).round().astype(np.int64)
    return counts


def _beats(game: Matrix) -> NDArray[np.bool_]:
    beats: NDArray[np.bool_] = game > TIE * np.abs(game).max()
    return beats


def diversity(game: Matrix, strategy: Vector) -> float:
    """Effective diversity: what the members of an equilibrium win from each other, losses counted as nothing.

    p @ max(game, 0) @ p for the equilibrium p (Balduzzi et al. 2019): 0 where one agent is best or all are alike.
    """
    return float(strategy @ np.maximum(game, 0) @ strategy)


def collaboration(
    first: Sequence[float] | Vector, second: Sequence[float] | Vector
) -> float | None:
    """Correlation of two players' payoffs over their meetings: 1 where they win together, -1 where one wins what the
    other loses. None where either payoff never varies, or there are fewer than two meetings."""
    pairs = np.array([first, second], dtype=np.float64)
    spread = pairs - pairs.mean(1, keepdims=True) if pairs.size else pairs
    # Relative to the payoffs: rounding alone must not count as spread.
    sizes = np.linalg.norm(spread, axis=1)
    if not (sizes > TIE * np.abs(pairs).max(initial=0)).all():
        return None
    return float(np.clip(spread[0] @ spread[1] / sizes.prod(), -1, 1))
