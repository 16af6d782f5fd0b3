"""The arms of each regime with their intervals, and how they changed over the budget."""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise, product
from typing import NamedTuple

import numpy as np

from docendo.statistics import Estimate, clustered_mean
from docendo.study.bootstrap import RESAMPLES, Bootstrap, Difference
from docendo.study.measures import mean_accuracy
from docendo.study.results import ArmResult, LessonGain, StudyResults

__all__ = [
    "ArmCurve",
    "PhaseGains",
    "RegimeResults",
    "average_gains",
    "average_ledger",
    "compute_learning_curves",
    "compute_phase_gains",
    "compute_trace_curves",
    "expected_cyclic_share",
    "split_by_regime",
]

_Points = Sequence[tuple[float, float]]
"""(operations spent, share) of one training."""
_CURVE_POINTS = 33
_PHASES = 3


@dataclass(frozen=True)
class RegimeResults:
    """The arms of one regime, by arm and seed."""

    name: str
    arms: Mapping[str, Mapping[int, ArmResult]]
    bootstrap: Bootstrap

    @property
    def ranked(self) -> list[str]:
        """The arms, the best mean first."""

        def rank(arm: str) -> tuple[float, str]:
            mean = self.bootstrap.measures(arm)["mean"].seeds_S.mean()
            return -float(mean), arm  # arms with equal means are in alphabetical order

        return sorted(self.arms, key=rank)

    @property
    def results(self) -> list[ArmResult]:
        results: list[ArmResult] = []
        for by_seed in self.arms.values():
            results += by_seed.values()
        return results

    def sft_data(self, arm: str) -> set[tuple[str, str]]:
        """The (agent, domain) pairs whose worked solutions were more than the agent's own."""
        return _pairs(self.arms[arm].values(), "sft_domains")

    def has_private_data(self, arm: str) -> bool:
        """Whether no agent of the arm learned from solutions of another agent's domain."""
        return self.sft_data(arm) <= _pairs(self.arms[arm].values(), "expert_domains")

    def keeps_solutions(self, arm: str) -> bool:
        """Whether all results of the arm say that no solution left its domain's owner."""
        travelled = [result.setup.travelled for result in self.arms[arm].values()]
        return all(kinds is not None and "solutions" not in kinds for kinds in travelled)

    def differences_from(
        self, baseline: str, measure: str = "mean"
    ) -> dict[str, Difference]:
        """Every other arm minus the baseline, where both have a seed; the largest first."""
        differences = {}
        for arm in self.arms:
            if arm == baseline:
                continue
            if difference := self.bootstrap.difference(arm, baseline, measure):
                differences[arm] = difference

        def rank(arm: str) -> tuple[float, str]:
            return -differences[arm].estimate.mean, arm

        return {arm: differences[arm] for arm in sorted(differences, key=rank)}


class ArmCurve(NamedTuple):
    """One arm over the budget: operations spent, and a mean over the seeds."""

    arm: str
    points: Sequence[tuple[float, Estimate]]


class PhaseGains(NamedTuple):
    """The lesson gains of one part of the budget, over all seeds."""

    end: float
    """Operations spent at the last evaluation of this part."""
    gains: Mapping[tuple[str, str], Estimate]
    """By teacher and student, without an interval; `n` counts the lessons."""


def split_by_regime(study: StudyResults, samples: int = RESAMPLES) -> list[RegimeResults]:
    """The results of every regime of a study."""
    regimes = []
    for name, arms in study.results.items():
        regimes.append(RegimeResults(name, arms, Bootstrap(arms, samples)))
    return regimes


def compute_learning_curves(regime: RegimeResults) -> list[ArmCurve]:
    """Mean held-out accuracy over agents and domains against operations, by arm."""

    def accuracies(result: ArmResult) -> _Points:
        return [(point.flops, mean_accuracy(point)) for point in result.curve]

    return _average_by_arm(regime, accuracies)


def compute_trace_curves(regime: RegimeResults, name: str) -> list[ArmCurve]:
    """One series of `TrainingTrace`, such as ``cyclic_share``, of every arm that has it."""

    def series(result: ArmResult) -> _Points:
        points: _Points = getattr(result.trace, name)
        return points

    return _average_by_arm(regime, series)


def _average_by_arm(
    regime: RegimeResults, points_of: Callable[[ArmResult], _Points]
) -> list[ArmCurve]:
    curves = []
    for arm, by_seed in regime.arms.items():
        if mean_curve := _average_curves(map(points_of, by_seed.values())):
            curves.append(ArmCurve(arm, mean_curve))
    return curves


def _average_curves(
    curves: Iterable[_Points],
) -> list[tuple[float, Estimate]]:
    """Mean over the trainings where all of them have values, with Student's interval."""
    arrays = list(map(np.array, filter(None, curves)))
    if not arrays:
        return []
    # Outside the range of one training its curve would be a guess.
    first = max(array[:, 0].min() for array in arrays)
    last = min(array[:, 0].max() for array in arrays)
    if last < first:
        return []

    # Trainings evaluate after whole rounds, so their points differ: a common grid is needed.
    grid = np.unique(np.linspace(first, last, _CURVE_POINTS))
    values = []
    for array in arrays:
        x, y = array[np.argsort(array[:, 0], kind="stable")].T
        values.append(np.interp(grid, x, y))

    points = []
    for flops, column in zip(grid.tolist(), np.transpose(values).tolist(), strict=True):
        # Every training is a cluster of its own: its value at this point.
        points.append((flops, clustered_mean([[value] for value in column])))
    return points


def compute_phase_gains(regime: RegimeResults, arm: str) -> list[PhaseGains]:
    """The gains of an arm's lessons in each third of its budget, without empty thirds.

    Gains are summed up at evaluations, so a phase begins and ends with an evaluation.
    """
    gains: list[LessonGain] = []
    for result in regime.arms.get(arm, {}).values():
        gains += result.trace.lesson_gains
    last_flops = max((gain.flops for gain in gains), default=0)
    edges = np.linspace(0, last_flops, _PHASES + 1).tolist()

    phases = []
    for start, end in pairwise(edges):
        inside = [gain for gain in gains if start < gain.flops <= end]
        if inside:
            last_evaluation = max(gain.flops for gain in inside)
            phases.append(PhaseGains(last_evaluation, average_gains(inside)))

    return phases


def average_gains(gains: Sequence[LessonGain]) -> dict[tuple[str, str], Estimate]:
    """Mean gain and number of lessons by teacher and student; every lesson weighs the same."""
    # A gain is a mean over its lessons already, so it weighs as many as they are.
    totals: dict[tuple[str, str], float] = defaultdict(float)
    lessons: Counter[tuple[str, str]] = Counter()
    for gain in gains:
        pair = gain.teacher, gain.student
        totals[pair] += gain.gain * gain.lessons
        lessons[pair] += gain.lessons
    return {
        pair: Estimate(total / lessons[pair], None, None, lessons[pair])
        for pair, total in totals.items()
    }


def expected_cyclic_share(regime: RegimeResults) -> float:
    """The cyclic share that noise alone would have: (n - 2) / n for n agents.

    An antisymmetric matrix has n(n - 1)/2 free numbers, and ratings explain n - 1 of them.
    n is the size of the largest population.
    """
    # The arms differ in size; a single agent has no cyclic share at all.
    agents = max(len(result.setup.agents) for result in regime.results)
    return max(0, agents - 2) / agents


def average_ledger(regime: RegimeResults) -> dict[str, dict[str, float]]:
    """Mean operations over the seeds by arm, the best arm first, and by purpose."""
    ledgers = {}
    for arm in regime.ranked:
        results = regime.arms[arm].values()
        sums: Counter[str] = Counter()
        for result in results:
            for purpose, flops in result.cost.ledger.items():
                sums[purpose] += flops  # type: ignore[assignment]
        if sums:
            ledgers[arm] = {name: sums[name] / len(results) for name in sorted(sums)}

    return ledgers


def _pairs(results: Iterable[ArmResult], field: str) -> set[tuple[str, str]]:
    """All (agent, domain) pairs of a field of the setups that maps agents to domains."""
    pairs: set[tuple[str, str]] = set()
    for result in results:
        for agent, domains in getattr(result.setup, field).items():
            pairs.update(product([agent], domains))

    return pairs
