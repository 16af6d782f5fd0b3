"""Means of arms and differences between them, with intervals: a paired bootstrap over seeds and problems.

A resample draws seeds with replacement and then, for every seed drawn, its problems within each family. Arms that are
compared share these draws, so what makes a seed or a problem hard for both falls out of their difference.
Few seeds look more alike than many would; so how far a resample's seeds are from their mean is stretched until their
part of the interval is as wide as Student's (the expansion of Hesterberg 2015, "What teachers should know about the
bootstrap", on the seeds alone): `benchmarks/coverage.py` measures what that is worth. Axes: R resamples, S seeds.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from math import exp, lgamma, sqrt
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from docendo.seeds import seed_for
from docendo.statistics import NORMAL_QUANTILE, Estimate, t_quantile
from docendo.study.measures import Counts, Floats, ProblemWeights, measure_result
from docendo.study.results import ArmResult

__all__ = [
    "RESAMPLES",
    "Bootstrap",
    "Closure",
    "Difference",
    "MeasureDraws",
    "dominance",
    "effect_size",
]

RESAMPLES = 10_000
_SEED = 0
_WITHOUT_PROBLEMS = {"area"}
_TIE = 1e-9
"""Shares that are no further apart are equal: they are sums of fractions."""


class MeasureDraws(NamedTuple):
    """One measure of one arm."""

    seeds_S: Floats
    drawn_R: Floats

    def estimate(self, name: str) -> Estimate:
        """The mean over the seeds with its 95 % percentile interval; `n` counts the seeds.

        There is no interval where nothing could vary: one seed, and a measure without problems.
        """
        least = -1.0 if name == "forgotten" else 0.0
        return _estimate(
            float(self.seeds_S.mean()),
            self.drawn_R.clip(least, 1.0),
            len(self.seeds_S),
            name,
        )


class Difference(NamedTuple):
    """One arm minus another on the seeds that both have."""

    estimate: Estimate
    effect: float | None
    """`effect_size` over these seeds."""
    improvement: float
    """Share of the resamples in which the difference is above 0; ties count half."""
    dominance: float
    """`dominance` over these seeds."""


class Closure(NamedTuple):
    """How much of the way from one arm to another a third one went."""

    share: Estimate | None
    why: str
    """Why there is no share."""


@dataclass(frozen=True)
class Bootstrap:
    """The resamples of one regime's arms. `arms` are by arm and seed; equal arms give equal numbers."""

    arms: Mapping[str, Mapping[int, ArmResult]]
    samples: int = RESAMPLES
    kept: dict[tuple[int, ...], dict[str, dict[str, MeasureDraws]]] = field(
        default_factory=dict, repr=False
    )

    def measured(self, arm: str) -> dict[str, MeasureDraws]:
        """Every measure that was taken of the arm in all its seeds."""
        return self._over(self._shared(arm))[arm]

    def difference(self, one: str, other: str, measure: str) -> Difference | None:
        """`one` minus `other`; None where they share no seed or one of them lacks the measure."""
        found = self._each(measure, one, other)
        if not found:
            return None
        a, b = found
        each_S, gap_R = _apart(a.seeds_S, b.seeds_S), _apart(a.drawn_R, b.drawn_R)
        return Difference(
            _estimate(float(each_S.mean()), gap_R.clip(-1.0, 1.0), len(each_S), measure),
            effect_size(each_S.tolist()),
            float(np.mean(gap_R > 0) + np.mean(gap_R == 0) / 2),
            dominance(a.seeds_S.tolist(), b.seeds_S.tolist()),
        )

    def closure(self, arm: str, low: str, high: str, measure: str = "mean") -> Closure:
        """(arm - low) / (high - low): 0 where the arm is as good as `low`, 1 where it is as good as `high`."""
        found = self._each(measure, arm, low, high)
        if not found:
            return Closure(None, f"{arm}, {low} and {high} have no seed in common")
        x, a, b = found
        gap = self.difference(high, low, measure)
        bound = gap.estimate.low if gap else None
        if bound is None or bound <= _TIE:
            return Closure(
                None,
                f"the interval of {high} minus {low} is not above 0, so there is no gap to close",
            )
        real_R = _apart(b.drawn_R, a.drawn_R) != 0
        share_R = (x.drawn_R - a.drawn_R)[real_R] / (b.drawn_R - a.drawn_R)[real_R]
        point = (x.seeds_S - a.seeds_S).mean() / (b.seeds_S - a.seeds_S).mean()
        return Closure(_estimate(float(point), share_R, len(x.seeds_S), measure), "")

    def _each(self, measure: str, *names: str) -> list[MeasureDraws]:
        """The measure of several arms with the same draws; empty where it cannot be had."""
        seeds = self._shared(*names)
        found = self._over(seeds) if seeds else {}
        return (
            [found[n][measure] for n in names]
            if seeds and all(measure in found[n] for n in names)
            else []
        )

    def _shared(self, *names: str) -> tuple[int, ...]:
        """The seeds that all these arms have."""
        return tuple(
            sorted(set.intersection(*(set(self.arms.get(name, {})) for name in names)))
        )

    def _over(self, seeds: tuple[int, ...]) -> dict[str, dict[str, MeasureDraws]]:
        """All measures of all arms that have these seeds."""
        if seeds not in self.kept:
            self.kept[seeds] = _resample(
                {
                    arm: [by[s] for s in seeds]
                    for arm, by in self.arms.items()
                    if by.keys() >= set(seeds)
                },
                seeds,
                self.samples,
            )
        return self.kept[seeds]


def _resample(
    arms: Mapping[str, Sequence[ArmResult]], seeds: Sequence[int], samples: int
) -> dict[str, dict[str, MeasureDraws]]:
    rng = np.random.default_rng(seed_for(_SEED, "seeds", *seeds))
    picked_RS = rng.integers(len(seeds), size=(samples, len(seeds)))
    points: dict[str, list[dict[str, Floats]]] = {
        arm: [measure_result(r) for r in results] for arm, results in arms.items()
    }
    common = {
        arm: set.intersection(*(set(found) for found in each))
        for arm, each in points.items()
    }
    sums = {
        arm: {name: np.zeros(samples) for name in names} for arm, names in common.items()
    }
    for place, seed in enumerate(seeds):
        rows = np.nonzero(picked_RS == place)[0]
        weigh = _draws(seed, len(rows))
        for arm, results in arms.items():
            drawn = measure_result(results[place], weigh)
            for name, total_R in sums[arm].items():
                total_R += np.bincount(rows, drawn[name], samples)
    return {
        arm: {
            name: _stretched(
                np.array([float(found[name][0]) for found in points[arm]]),
                picked_RS,
                sums[arm][name],
            )
            for name in points[arm][0]
            if name in names
        }
        for arm, names in common.items()
    }


def _stretched(
    seeds_S: Floats, picked_RS: NDArray[np.int64], total_R: Floats
) -> MeasureDraws:
    """The resamples, their seeds as far from the mean of all as Student's t has it for so few."""
    count = len(seeds_S)
    if count == 1:
        return MeasureDraws(seeds_S, total_R)
    stretch = t_quantile(count - 1) / NORMAL_QUANTILE * sqrt(count / (count - 1))
    away_R = seeds_S[picked_RS].mean(1) - seeds_S.mean()
    return MeasureDraws(seeds_S, total_R / count + (stretch - 1) * away_R)


def _draws(seed: int, count: int) -> ProblemWeights:
    """Draws of a family's problems, the same ones for every arm that has as many; made once."""
    made: dict[tuple[str, int], Counts] = {}

    def weigh(family: str, n: int) -> Counts:
        if (family, n) not in made:
            rng = np.random.default_rng(seed_for(_SEED, "problems", seed, family, n))
            cells = rng.integers(n, size=(count, n)) + n * np.arange(count)[:, None]
            made[family, n] = (
                np.bincount(cells.ravel(), minlength=count * n)
                .reshape(count, n)
                .astype(np.float32)
            )
        return made[family, n]

    return weigh


def _apart(one: Floats, other: Floats) -> Floats:
    """One minus the other, 0 where only rounding tells them apart."""
    gap = one - other
    return np.where(abs(gap) <= _TIE, 0.0, gap)


def _estimate(mean: float, drawn_R: Floats, seeds: int, measure: str) -> Estimate:
    if seeds < 2 and measure in _WITHOUT_PROBLEMS:
        return Estimate(mean, None, None, seeds)
    low, high = np.percentile(drawn_R, (2.5, 97.5))
    return Estimate(mean, float(low), float(high), seeds)


def effect_size(differences: Sequence[float]) -> float | None:
    """Cohen's d_z, the mean of paired differences in units of their standard deviation, times Hedges' J.

    J corrects for few pairs, where d_z alone is too large: 0.56 for three of them, 0.72 for four, 0.91 for ten. None
    for fewer than three pairs, where it is nothing but noise, and where all differences are equal.
    """
    n = len(differences)
    if n < 3 or max(differences) - min(differences) <= _TIE:
        return None
    mean = sum(differences) / n
    deviation = sqrt(sum((d - mean) ** 2 for d in differences) / (n - 1))
    half = (n - 1) / 2
    return mean / deviation * exp(lgamma(half) - lgamma(half - 0.5)) / sqrt(half)


def dominance(one: Sequence[float], other: Sequence[float]) -> float:
    """P(X > Y): share of all pairs of seeds in which `one` is ahead, ties half (Agarwal et al. 2021).

    Unlike the bootstrap it does not pair the seeds: it says how often a fresh training of one arm would beat one of
    the other.
    """
    ahead = sum(0.5 if abs(x - y) <= _TIE else float(x > y) for x in one for y in other)
    return ahead / (len(one) * len(other))
