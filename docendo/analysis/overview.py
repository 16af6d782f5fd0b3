"""Everything that a payoff matrix says about a population, in one value.

Axes: N agents. Row i, column j of the payoff is what i gets against j, or for teaching what its lessons give j.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from docendo.analysis.matrices import Matrix, Vector, as_square
from docendo.analysis.noise import CyclicNoise, estimate_cyclic_noise
from docendo.analysis.payoff import NashAverage, alpha_rank, nash_average
from docendo.analysis.ratings import ELO, Ratings, Skills, fit_bradley_terry, fit_openskill
from docendo.analysis.structure import (
    Cluster,
    Decomposition,
    Disc,
    collaboration,
    count_three_cycles,
    decompose,
    diversity,
    embed_in_disc,
    mean_payoffs,
    nash_clusters,
)
from docendo.errors import UserError

__all__ = [
    "Analysis",
    "SpinningTop",
    "analyse",
    "as_json",
    "describe_best",
    "strongest_opponents",
]


@dataclass(frozen=True, slots=True, eq=False)
class SpinningTop:
    """The spinning top of Czarnecki et al. 2020: how much goes in cycles at every height of skill."""

    skill: Vector
    """(N,): mean payoff against the others."""
    three_cycles: NDArray[np.int64]
    """(N,): cycles of three that an agent is part of."""
    clusters: tuple[Cluster, ...]
    """Best first; every agent is in one."""


@dataclass(frozen=True, slots=True, eq=False)
class Analysis:
    names: tuple[str, ...]
    payoff: Matrix
    """As it was given; NaN where the two never met."""
    interval: tuple[Matrix, Matrix] | None
    """Low and high of each payoff, NaN where unknown."""
    ratings: Ratings
    """In logarithms of odds, as `bradley_terry`."""
    skills: Skills
    average: NashAverage
    alpha_rank: Vector
    decomposition: Decomposition
    noise: CyclicNoise | None
    """What chance alone could make of the cycles; None where the payoffs have no intervals."""
    disc: Disc
    top: SpinningTop
    diversity: float
    collaboration: float | None
    """Correlation of payoff[i][j] and payoff[j][i]: -1 in a zero-sum game, 1 in a shared one, None where undefined."""

    @property
    def gaps(self) -> int:
        """How many of the N(N-1) payoffs between two agents are unknown."""
        return int(np.isnan(self.payoff).sum() - np.isnan(np.diag(self.payoff)).sum())


def analyse(
    names: Sequence[str],
    payoff: ArrayLike,
    counts: ArrayLike | None = None,
    wins: ArrayLike | None = None,
    low: ArrayLike | None = None,
    high: ArrayLike | None = None,
) -> Analysis:
    """The analysis of any payoff matrix (N, N); everything else is (N, N) too.

    Alpha-rank and collaboration are those of the payoff itself, everything else of its antisymmetric part, half the
    difference of the payoff and its transpose. NaN, where two never met, counts as 0 and is left out of collaboration.
    Ratings are those of `wins`. Without, every pair played `counts` games (one, where it met at all), and the row won
    the share (1 + d) / 2 of them, d being the antisymmetric part divided by its largest entry where that is above 1.
    `low` and `high` are bounds of the payoff, carried along to be shown. Raises UserError for what is no such matrix.
    """
    payoffs = as_square(payoff, gaps=True)
    if not len(names) == len(set(names)) == len(payoffs):
        raise UserError(
            f"{len(set(names))} different names for {len(payoffs)} agents; expected one each"
        )
    if wins is not None and counts is not None:
        raise UserError(
            "got both wins and counts; expected one of them: wins say how many games there were"
        )

    # A pair that never met counts as even everywhere but in the collaboration.
    filled = np.nan_to_num(payoffs)
    game = (filled - filled.T) / 2
    if wins is not None:
        won = _same_shape(payoffs, wins, "wins")
    else:
        # Wins that fit the payoffs, for ratings without a record of games.
        share = (1 + game / max(1.0, np.abs(game).max())) / 2
        won = share * _games(payoffs, counts)
    average = nash_average(game)
    parts = decompose(game)

    # Nobody's payoff against itself, and no pair of which one direction is unknown.
    is_missing = np.isnan(payoffs) | np.isnan(payoffs.T)
    met_both_ways = ~(is_missing | np.eye(len(payoffs), dtype=bool))
    interval = _bounds(payoffs, low, high)
    return Analysis(
        names=tuple(names),
        payoff=payoffs,
        interval=interval,
        ratings=fit_bradley_terry(won),
        skills=fit_openskill(won),
        average=average,
        alpha_rank=alpha_rank(filled),
        decomposition=parts,
        noise=estimate_cyclic_noise(payoffs, *interval, parts) if interval else None,
        disc=embed_in_disc(parts.cyclic),
        top=SpinningTop(
            mean_payoffs(game), count_three_cycles(game), tuple(nash_clusters(game))
        ),
        diversity=diversity(game, average.strategy),
        collaboration=collaboration(payoffs[met_both_ways], payoffs.T[met_both_ways]),
    )


def _games(payoff: Matrix, counts: ArrayLike | None) -> Matrix:
    """(N, N): how many games each pair played, at least one where `counts` is not given and it met."""
    if counts is not None:
        return _same_shape(payoff, counts, "counts")
    return np.where(np.isnan(payoff) & np.isnan(payoff.T), 0.0, 1.0)


def _bounds(
    payoff: Matrix, low: ArrayLike | None, high: ArrayLike | None
) -> tuple[Matrix, Matrix] | None:
    if low is None and high is None:
        return None
    if low is None or high is None:
        raise UserError("got low without high, or high without low; expected both or none")
    return _same_shape(payoff, low, "low", gaps=True), _same_shape(
        payoff, high, "high", gaps=True
    )


def _same_shape(
    payoff: Matrix, values: ArrayLike, what: str, *, gaps: bool = False
) -> Matrix:
    matrix = as_square(values, what, gaps=gaps)
    if matrix.shape != payoff.shape:
        raise UserError(
            f"{what} has {len(matrix)} agents, payoff {len(payoff)}; expected the same"
        )
    return matrix


def strongest_opponents(analysis: Analysis) -> list[int | None]:
    """For each agent the one with the largest payoff against it; None where it met nobody.

    In a tournament its hardest opponent, in a payoff of lessons (teachers down) its best teacher.
    """
    is_self = np.eye(len(analysis.names), dtype=bool)
    payoff = np.where(np.isnan(analysis.payoff) | is_self, -np.inf, analysis.payoff)
    strongest = []
    for column in payoff.T:
        met_somebody = np.isfinite(column.max())
        strongest.append(int(column.argmax()) if met_somebody else None)
    return strongest


def describe_best(analysis: Analysis, *, of_lessons: bool = False) -> str:
    """One sentence that says who is best, and how sure that is.

    `of_lessons` is for payoffs that are gains: then it says who helps others most.
    """
    ratings = analysis.ratings
    best = int(np.argmax(ratings.rating))
    rivals = [
        name
        for i, name in enumerate(analysis.names)
        if i != best and ratings.high[i] >= ratings.low[best]
    ]
    name = analysis.names[best]
    if not rivals:
        if of_lessons:
            return f"{name} helps the others more than they help it, and more so than anybody else."
        return f"{name} is the best: the interval of its rating lies above all others."

    listed = ", ".join(rivals[:3]) + (
        f" and {len(rivals) - 3} more" if len(rivals) > 3 else ""
    )
    does = "helps most" if of_lessons else "has the best rating"
    return (
        f"{name} {does}, but its interval overlaps with that of {listed}: it may be chance."
    )


def as_json(analysis: Analysis, *, of_lessons: bool = False) -> dict[str, Any]:
    """Plain values with stable keys; None for what is undefined or unknown, and no NaN.

    `of_lessons` is for payoffs that are gains.
    """
    names = analysis.names
    low, high = analysis.interval or (None, None)
    clusters = [_cluster(names, cluster) for cluster in analysis.top.clusters]
    strongest = [
        None if place is None else names[place] for place in strongest_opponents(analysis)
    ]
    return {
        "names": list(names),
        "payoff": _plain(analysis.payoff),
        "low": None if low is None else _plain(low),
        "high": None if high is None else _plain(high),
        "gaps": analysis.gaps,
        "ratings": _ratings(analysis),
        "nash": _by_name(names, analysis.average.strategy),
        "nash_average": _by_name(names, analysis.average.values),
        "alpha_rank": _by_name(names, analysis.alpha_rank),
        "best": describe_best(analysis, of_lessons=of_lessons),
        "cyclic_share": analysis.decomposition.share,
        "cyclic_noise": None if analysis.noise is None else analysis.noise._asdict(),
        "transitive": analysis.decomposition.transitive,
        "cyclic": analysis.decomposition.cyclic_size,
        "disc": {
            "share": analysis.disc.share,
            "points": _by_name(names, analysis.disc.points),
        },
        "clusters": [cluster["agents"] for cluster in clusters],
        "spinning_top": clusters,
        "diversity": analysis.diversity,
        "collaboration": analysis.collaboration,
        "strongest": dict(zip(names, strongest, strict=True)),
    }


def _by_name(names: Sequence[str], values: NDArray[np.float64]) -> dict[str, Any]:
    return dict(zip(names, values.tolist(), strict=True))


def _cluster(names: Sequence[str], cluster: Cluster) -> dict[str, Any]:
    return {
        "agents": [names[place] for place in cluster.members],
        "skill": cluster.skill,
        "longest_cycle": cluster.longest_cycle,
        "three_cycles": cluster.three_cycles,
    }


def _ratings(analysis: Analysis) -> list[dict[str, Any]]:
    ratings, skills = analysis.ratings, analysis.skills
    rows = []
    for i, name in enumerate(analysis.names):
        openskill = {"mu": float(skills.mean[i]), "sigma": float(skills.deviation[i])}
        rows.append(
            {
                "name": name,
                "rating": float(ELO * ratings.rating[i]),
                "low": float(ELO * ratings.low[i]),
                "high": float(ELO * ratings.high[i]),
                "openskill": openskill,
            }
        )
    return rows


def _plain(matrix: Matrix) -> list[list[float | None]]:
    rows = []
    for row in matrix.tolist():
        rows.append([None if np.isnan(value) else value for value in row])
    return rows
