"""From what people said of pairs of answers to a payoff: is there one order of the answerers, or do they go in cycles?

Axes: U independent units (people, or questions), N agents. Row against column, as everywhere in the league.
"""

from collections.abc import Sequence
from itertools import permutations
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from docendo.analysis.matrices import Matrix, Vector
from docendo.analysis.overview import Analysis, analyse
from docendo.analysis.structure import decompose
from docendo.errors import UserError
from docendo.records import Opinion
from docendo.statistics import t_quantile, wilson_interval

__all__ = [
    "Cyclicity",
    "PreferenceCycle",
    "Tally",
    "analyse_votes",
    "count_scarce_pairs",
    "cyclicity",
    "find_preference_cycles",
    "payoff_table",
    "tally_votes",
]


class Tally(NamedTuple):
    """Comparisons, counted for every unit."""

    names: tuple[str, ...]
    units: tuple[str, ...]
    ahead_UNN: NDArray[np.float64]
    """How often the row was preferred to the column, less how often the column was to the row."""
    games_UNN: NDArray[np.float64]
    """How often the two were compared."""

    @property
    def payoff(self) -> Matrix:
        """(N, N): share of comparisons won less share lost, ties and two bad answers being neither; NaN for none."""
        return _payoff(self.ahead_UNN.sum(0), self.games_UNN.sum(0))


class Cyclicity(NamedTuple):
    """Share of the squared payoffs that no rating explains, without what the noise of few opinions adds to it."""

    share: float
    """Near 0 for one order of the agents, below it by chance; 1 for a pure cycle."""
    low: float
    high: float
    """95 % interval."""


class PreferenceCycle(NamedTuple):
    """Three agents, each preferred to the next and the last to the first."""

    agents: tuple[str, str, str]
    weakest: float
    """The smallest of the three payoffs."""
    low: float
    """The smallest of their lower bounds of 95 % intervals: above 0, all three preferences are sure."""


def tally_votes(
    opinions: Sequence[Opinion], by: Literal["person", "prompt"] = "person"
) -> Tally:
    """Opinions counted. `by` says what is independent: people, or of a single person the questions.

    An agent's opinions of its own two answers are left out. Raises UserError where no two agents were compared.
    """
    pairs = [o for o in opinions if o.first != o.second]
    if not pairs:
        raise UserError(f"none of {len(opinions)} opinions compares two agents")
    names = tuple(sorted({o.first for o in pairs} | {o.second for o in pairs}))
    units = tuple(dict.fromkeys(getattr(o, by) for o in pairs))

    ahead_UNN = np.zeros((len(units), len(names), len(names)))
    games_UNN = np.zeros_like(ahead_UNN)
    for opinion in pairs:
        u = units.index(getattr(opinion, by))
        i = names.index(opinion.first)
        j = names.index(opinion.second)
        # Two bad answers say as little of who is better as a tie.
        sign = {"first": 1.0, "second": -1.0}.get(opinion.choice, 0.0)
        ahead_UNN[u, i, j] += sign
        ahead_UNN[u, j, i] -= sign
        games_UNN[u, i, j] += 1
        games_UNN[u, j, i] += 1
    return Tally(names, units, ahead_UNN, games_UNN)


def cyclicity(votes: Tally) -> Cyclicity | None:
    """The cyclic share with its interval; None without two units for each pair, or for noise alone.

    Squares of noisy payoffs are too large on average, and most of that looks cyclic: both the squared cyclic payoffs
    and all squared payoffs are freed of it by the jackknife over units (Quenouille 1956), which is exact where all
    units compare alike. The interval of their ratio is Student's t over the jackknife's pseudo-values.
    """
    if count_scarce_pairs(votes):
        return None

    count = len(votes.units)
    ahead = votes.ahead_UNN.sum(0)
    games = votes.games_UNN.sum(0)
    squares = _squares(ahead, games)
    without_unit = map(_squares, ahead - votes.ahead_UNN, games - votes.games_UNN)
    without_unit_U2 = np.array(list(without_unit))
    # What each unit adds to the whole; their mean is free of the bias of order 1 / U.
    pseudo_U2 = count * squares - (count - 1) * without_unit_U2
    cyclic, total = pseudo_U2.mean(0)
    if total <= 1e-12:
        return None

    share = float(cyclic / total)
    # Of a ratio: the deviations of the numerator from what the share makes of the denominator.
    deviations_U = pseudo_U2[:, 0] - share * pseudo_U2[:, 1]
    error = deviations_U.std(ddof=1) / np.sqrt(count)
    half = t_quantile(count - 1) * error / total
    return Cyclicity(share, float(share - half), float(share + half))


def count_scarce_pairs(votes: Tally) -> int:
    """How many pairs of agents were compared by fewer than two units."""
    return int(np.triu((votes.games_UNN > 0).sum(0) < 2, 1).sum())


def find_preference_cycles(votes: Tally) -> list[PreferenceCycle]:
    """Every cycle of three, the one with the strongest weakest preference first, each begun by its first name.

    A cycle's `low` is right for that cycle; of many that are none, one in forty may look sure.
    """
    payoff = np.nan_to_num(votes.payoff)
    low, _ = _interval(votes)
    cycles = []
    for i, j, k in permutations(range(len(votes.names)), 3):
        edges = ((i, j), (j, k), (k, i))
        weakest = min(payoff[edge] for edge in edges)
        # Each cycle is met three times, once from each of its members.
        if i < min(j, k) and weakest > 0:
            cycles.append(
                PreferenceCycle(
                    agents=(votes.names[i], votes.names[j], votes.names[k]),
                    weakest=float(weakest),
                    low=float(min(low[edge] for edge in edges)),
                )
            )
    return sorted(cycles, key=lambda cycle: (-cycle.weakest, cycle.agents))


def analyse_votes(votes: Tally) -> Analysis:
    """Everything that the league's analysis says of the payoff, with an interval of each from the units."""
    games = votes.games_UNN.sum(0)
    low, high = _interval(votes)
    return analyse(
        votes.names,
        votes.payoff,
        wins=(games + votes.ahead_UNN.sum(0)) / 2,
        low=low,
        high=high,
    )


def payoff_table(votes: Tally) -> list[list[str]]:
    """Rows of cells for a CSV that `docendo analyse` reads: names first, then payoffs; a pair never compared is 0."""
    rows = [["", *votes.names]]
    for name, row in zip(votes.names, np.nan_to_num(votes.payoff), strict=True):
        rows.append([name, *(f"{x:.6g}" for x in row)])
    return rows


def _payoff(ahead: Matrix, games: Matrix) -> Matrix:
    return np.divide(ahead, games, out=np.full_like(ahead, np.nan), where=games > 0.5)


def _squares(ahead: Matrix, games: Matrix) -> Vector:
    """(2,): mean squared cyclic payoff, mean squared payoff."""
    parts = decompose(np.nan_to_num(_payoff(ahead, games)))
    return np.array([parts.cyclic_size**2, parts.cyclic_size**2 + parts.transitive**2])


def _interval(votes: Tally) -> tuple[Matrix, Matrix]:
    """(N, N) each: bounds of the payoffs, NaN where nobody compared the pair.

    Wilson's, of the share won, at as many trials as have the standard error of the ratio over units; where all units
    say the same, at as many trials as units.
    """
    games = votes.games_UNN.sum(0)
    # Wilson's interval is of a share in [0, 1]; a tie is half a win.
    share = (1 + votes.payoff) / 2
    units = (votes.games_UNN > 0).sum(0)
    won_UNN = (votes.ahead_UNN + votes.games_UNN) / 2
    rest = ((won_UNN - np.nan_to_num(share) * votes.games_UNN) ** 2).sum(0)
    error = np.divide(
        rest * units, (units - 1) * games**2, out=np.zeros_like(share), where=units > 1
    )
    # Where all units say the same, the ratio has no error to speak of.
    has_spread = (error > 0) & (share > 0) & (share < 1)
    trials = np.divide(
        share * (1 - share), error, out=units.astype(np.float64), where=has_spread
    )
    # Units that agree more than chance would have are worth no more than their games.
    trials = np.minimum(trials, games)

    low = np.full_like(share, np.nan)
    high = np.full_like(share, np.nan)
    met = games > 0
    intervals = np.vectorize(wilson_interval, otypes=[float, float])
    low[met], high[met] = intervals(share[met], trials[met])
    return 2 * low - 1, 2 * high - 1
