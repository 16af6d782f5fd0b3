"""Means of arms and differences between them, with intervals: a paired bootstrap over seeds and problems.

A resample draws seeds with replacement and then, for every seed drawn, its problems within
each family. Arms that are compared share these draws, so a hard seed or a hard problem
cancels out of their difference.

With few seeds the bootstrap underestimates the spread over seeds. Each resample's seeds are
therefore moved away from their mean until their part of the interval is as wide as Student's
t interval (Hesterberg 2015, "What teachers should know about the bootstrap", applied to the
seeds alone). `benchmarks/coverage.py` measures the coverage. Axes: R resamples, S seeds.
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
_WITHOUT_PROBLEMS = {"curve_area"}
_TIE = 1e-9
"""Shares closer than this are equal: they are sums of fractions, which round."""


class MeasureDraws(NamedTuple):
    """One measure of one arm: its value of every seed, and its mean in every resample."""

    seeds_S: Floats
    mean_R: Floats

    def estimate(self, name: str) -> Estimate:
        """The mean over the seeds with its 95 % percentile interval; `n` counts the seeds.

        There is no interval where nothing can vary: one seed, and a measure without problems.
        """
        low = -1.0 if name == "forgotten" else 0.0
        mean = float(self.seeds_S.mean())
        return _estimate(mean, self.mean_R.clip(low, 1.0), len(self.seeds_S), name)


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
    """How much of the gap between two arms a third arm closed."""

    share: Estimate | None
    why: str
    """Why there is no share."""


@dataclass(frozen=True)
class Bootstrap:
    """The resamples of one regime's arms. Equal arms give equal numbers."""

    arms: Mapping[str, Mapping[int, ArmResult]]
    """By arm and seed."""
    samples: int = RESAMPLES
    cache: dict[tuple[int, ...], dict[str, dict[str, MeasureDraws]]] = field(
        default_factory=dict, repr=False
    )

    def measures(self, arm: str) -> dict[str, MeasureDraws]:
        """Every measure that was taken of the arm in all its seeds."""
        return self._resample(self._common_seeds(arm))[arm]

    def difference(self, arm: str, baseline: str, measure: str) -> Difference | None:
        """`arm` minus `baseline`; None where they share no seed or one lacks the measure."""
        draws = self._draws(measure, arm, baseline)
        if not draws:
            return None

        # Paired: both arms' resamples drew the same seeds and problems.
        a, b = draws
        gap_S = _subtract(a.seeds_S, b.seeds_S)
        gap_R = _subtract(a.mean_R, b.mean_R)
        mean = float(gap_S.mean())
        return Difference(
            estimate=_estimate(mean, gap_R.clip(-1.0, 1.0), len(gap_S), measure),
            effect=effect_size(gap_S.tolist()),
            improvement=float(np.mean(gap_R > 0) + np.mean(gap_R == 0) / 2),
            dominance=dominance(a.seeds_S.tolist(), b.seeds_S.tolist()),
        )

    def closure(self, arm: str, low: str, high: str, measure: str = "mean") -> Closure:
        """(arm - low) / (high - low): 0 for an arm as good as `low`, 1 for one as `high`."""
        draws = self._draws(measure, arm, low, high)
        if not draws:
            return Closure(None, f"{arm}, {low} and {high} have no seed in common")

        gap = self.difference(high, low, measure)
        bound = gap.estimate.low if gap else None
        if bound is None or bound <= _TIE:
            return Closure(
                None,
                f"the interval of {high} minus {low} is not above 0, so there is no gap to close",
            )

        # A resample without a gap has no share. There are few, or the gap would not be sure.
        x, a, b = draws
        has_gap_R = _subtract(b.mean_R, a.mean_R) != 0
        share_R = (x.mean_R - a.mean_R)[has_gap_R] / (b.mean_R - a.mean_R)[has_gap_R]
        share = (x.seeds_S - a.seeds_S).mean() / (b.seeds_S - a.seeds_S).mean()
        return Closure(_estimate(float(share), share_R, len(x.seeds_S), measure), "")

    def _draws(self, measure: str, *arms: str) -> list[MeasureDraws]:
        """One measure of several arms with the same draws; empty where an arm lacks it."""
        seeds = self._common_seeds(*arms)
        if not seeds:
            return []
        by_arm = self._resample(seeds)
        if any(measure not in by_arm[arm] for arm in arms):
            return []
        return [by_arm[arm][measure] for arm in arms]

    def _common_seeds(self, *arms: str) -> tuple[int, ...]:
        """The seeds that all these arms have, in order."""
        seeds = [set(self.arms.get(arm, {})) for arm in arms]
        return tuple(sorted(set.intersection(*seeds)))

    def _resample(self, seeds: tuple[int, ...]) -> dict[str, dict[str, MeasureDraws]]:
        """All measures of all arms that have these seeds."""
        if seeds not in self.cache:
            arms = {}
            for arm, by_seed in self.arms.items():
                if by_seed.keys() >= set(seeds):
                    arms[arm] = [by_seed[seed] for seed in seeds]
            # All arms at once: they share the draws, which cost more than the measures.
            self.cache[seeds] = _resample(arms, seeds, self.samples)
        return self.cache[seeds]


def _resample(
    arms: Mapping[str, Sequence[ArmResult]], seeds: Sequence[int], samples: int
) -> dict[str, dict[str, MeasureDraws]]:
    rng = np.random.default_rng(seed_for(_SEED, "seeds", *seeds))
    picked_RS = rng.integers(len(seeds), size=(samples, len(seeds)))

    # Measures that some seed lacks, such as an area without a curve, are left out.
    measures = {arm: _common_measures(results) for arm, results in arms.items()}
    sums = {}
    for arm, by_name in measures.items():
        sums[arm] = {name: np.zeros(samples) for name in by_name}

    for place, seed in enumerate(seeds):
        # A seed that was picked twice draws its problems twice, so it has two rows.
        rows = np.nonzero(picked_RS == place)[0]
        weights = _draw_problems(seed, len(rows))
        for arm, results in arms.items():
            drawn = measure_result(results[place], weights)
            for name, sum_R in sums[arm].items():
                sum_R += np.bincount(rows, drawn[name], samples)

    draws: dict[str, dict[str, MeasureDraws]] = {}
    for arm, by_name in measures.items():
        draws[arm] = {}
        for name, by_seed in by_name.items():
            draws[arm][name] = _widen(np.array(by_seed), picked_RS, sums[arm][name])

    return draws


def _common_measures(results: Sequence[ArmResult]) -> dict[str, list[float]]:
    """The measures that all results have, each with its value of every result."""
    taken = list(map(measure_result, results))
    names = set.intersection(*map(set, taken))
    common = {}
    for name in taken[0]:
        if name in names:
            common[name] = [float(measures[name][0]) for measures in taken]

    return common


def _widen(seeds_S: Floats, picked_RS: NDArray[np.int64], sum_R: Floats) -> MeasureDraws:
    """The resamples' means, with the spread over seeds that Student's t has for so few."""
    count = len(seeds_S)
    if count == 1:
        return MeasureDraws(seeds_S, sum_R)
    stretch = t_quantile(count - 1) / NORMAL_QUANTILE * sqrt(count / (count - 1))
    distance_R = seeds_S[picked_RS].mean(1) - seeds_S.mean()
    return MeasureDraws(seeds_S, sum_R / count + (stretch - 1) * distance_R)


def _draw_problems(seed: int, count: int) -> ProblemWeights:
    """`count` draws of each family's problems, the same for every arm; cached by family."""
    cache = {}

    def weights(family: str, n: int) -> Counts:
        if (family, n) not in cache:
            rng = np.random.default_rng(seed_for(_SEED, "problems", seed, family, n))
            # one bincount over all rows: row r counts in the cells r * n to r * n + n - 1
            cells = rng.integers(n, size=(count, n)) + n * np.arange(count)[:, None]
            counts = np.bincount(cells.ravel(), minlength=count * n)
            cache[family, n] = counts.reshape(count, n).astype(np.float32)
        return cache[family, n]

    return weights


def _subtract(minuend: Floats, subtrahend: Floats) -> Floats:
    """The difference, exactly 0 where only rounding tells the two apart."""
    gap = minuend - subtrahend
    return np.where(abs(gap) <= _TIE, 0.0, gap)


def _estimate(mean: float, mean_R: Floats, seeds: int, measure: str) -> Estimate:
    if seeds < 2 and measure in _WITHOUT_PROBLEMS:
        return Estimate(mean, None, None, seeds)
    low, high = np.percentile(mean_R, (2.5, 97.5))
    return Estimate(mean, float(low), float(high), seeds)


def effect_size(differences: Sequence[float]) -> float | None:
    """Cohen's d_z with Hedges' correction J: the mean of paired differences over their deviation.

    J is 0.56 for three pairs, 0.72 for four and 0.91 for ten; without it, d_z is too large for
    few pairs. None for fewer than three pairs, and where all differences are equal.
    """
    n = len(differences)
    if n < 3 or max(differences) - min(differences) <= _TIE:
        return None
    mean = sum(differences) / n
    deviation = sqrt(sum((d - mean) ** 2 for d in differences) / (n - 1))
    half = (n - 1) / 2
    return mean / deviation * exp(lgamma(half) - lgamma(half - 0.5)) / sqrt(half)


def dominance(arm: Sequence[float], baseline: Sequence[float]) -> float:
    """P(X > Y): share of all pairs of seeds in which `arm` is ahead, ties half (Agarwal et al. 2021).

    The seeds are not paired, unlike in the bootstrap. The share says how often a fresh
    training of the arm would beat a fresh training of the baseline.
    """
    ahead = 0.0
    for x in arm:
        for y in baseline:
            ahead += 0.5 if abs(x - y) <= _TIE else float(x > y)
    return ahead / (len(arm) * len(baseline))
