"""What a study says, in numbers: every regime's arms with their intervals, and how they changed on the way."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from docendo.statistics import Estimate, clustered_mean
from docendo.study.bootstrap import RESAMPLES, Bootstrap, Difference
from docendo.study.measures import Floats, mean_accuracy
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

_GRID = 33
_STRETCHES = 3


@dataclass(frozen=True)
class RegimeResults:
    """The arms of one regime, by arm and seed."""

    name: str
    arms: Mapping[str, Mapping[int, ArmResult]]
    boot: Bootstrap

    @property
    def ranked(self) -> list[str]:
        """The arms, the best mean first."""
        mean = {arm: self.boot.measured(arm)["mean"].seeds_S.mean() for arm in self.arms}
        return sorted(self.arms, key=lambda arm: (-mean[arm], arm))

    @property
    def results(self) -> list[ArmResult]:
        return [result for by_seed in self.arms.values() for result in by_seed.values()]

    def studied(self, arm: str) -> set[tuple[str, str]]:
        """Whose worked solutions the agents of an arm studied beside their own domains': (agent, domain)."""
        return {
            (a, d)
            for r in self.arms[arm].values()
            for a, of in r.about.studied.items()
            for d in of
        }

    def apart(self, arm: str) -> bool:
        """Whether nobody in it studied another's domain."""
        own = {
            (a, d)
            for r in self.arms[arm].values()
            for a, of in r.about.expert_of.items()
            for d in of
        }
        return self.studied(arm) <= own

    def against(self, other: str, measure: str = "mean") -> dict[str, Difference]:
        """Every other arm minus this one, the largest difference first; those that can be compared."""
        found = {
            arm: self.boot.difference(arm, other, measure)
            for arm in self.arms
            if arm != other
        }
        told = [(arm, gap) for arm, gap in found.items() if gap]
        return dict(sorted(told, key=lambda item: (-item[1].estimate.mean, item[0])))


class ArmCurve(NamedTuple):
    """One arm's course: points of the budget with the mean over the seeds."""

    arm: str
    points: Sequence[tuple[float, Estimate]]


class PhaseGains(NamedTuple):
    """The lessons of a part of the budget, all seeds together."""

    last: float
    """Operations at the last look at them in this part."""
    gain: Mapping[tuple[str, str], tuple[float, int]]
    """By teacher and student: the mean over the lessons, and how many they were."""


def split_by_regime(study: StudyResults, samples: int = RESAMPLES) -> list[RegimeResults]:
    """Every regime of the study."""
    return [
        RegimeResults(name, arms, Bootstrap(arms, samples))
        for name, arms in study.results.items()
    ]


def compute_learning_curves(regime: RegimeResults) -> list[ArmCurve]:
    """Mean held-out accuracy over agents and domains against operations."""
    found = []
    for arm, by_seed in regime.arms.items():
        courses = [
            [(point.flops, mean_accuracy(point)) for point in r.curve]
            for r in by_seed.values()
        ]
        found.append(ArmCurve(arm, _mean_course(courses)))
    return [line for line in found if line.points]


def compute_trace_curves(regime: RegimeResults, name: str) -> list[ArmCurve]:
    """One of a trace's series (``useful``, ``cyclic``, ``passed``) of every arm that has it."""
    found = [
        ArmCurve(arm, _mean_course([getattr(r.trace, name) for r in by_seed.values()]))
        for arm, by_seed in regime.arms.items()
    ]
    return [line for line in found if line.points]


def _mean_course(
    courses: Iterable[Sequence[tuple[float, float]]],
) -> list[tuple[float, Estimate]]:
    """Mean over the seeds where all of them have been; Student's interval over them."""
    told = [np.array(course, dtype=float) for course in courses if course]
    if not told:
        return []
    first, last = max(c[:, 0].min() for c in told), min(c[:, 0].max() for c in told)
    if last < first:
        return []
    grid: Floats = np.unique(np.linspace(first, last, _GRID))
    values = [np.interp(grid, *c[np.argsort(c[:, 0], kind="stable")].T) for c in told]
    return [
        (float(x), clustered_mean([[float(v)] for v in column]))
        for x, column in zip(grid, np.array(values).T, strict=True)
    ]


def compute_phase_gains(regime: RegimeResults, arm: str) -> list[PhaseGains]:
    """The gains of an arm's lessons in the parts of its budget, in order; empty where it gave none. Lessons are told at
    looks, so that a part begins and ends with one.
    """
    told = [
        gain for result in regime.arms.get(arm, {}).values() for gain in result.trace.gains
    ]
    edges = np.linspace(0, max((g.flops for g in told), default=0), _STRETCHES + 1)
    found = []
    for first, last in zip(edges[:-1].tolist(), edges[1:].tolist(), strict=True):
        inside = [g for g in told if first < g.flops <= last]
        if inside:
            found.append(PhaseGains(max(g.flops for g in inside), average_gains(inside)))
    return found


def average_gains(told: Sequence[LessonGain]) -> dict[tuple[str, str], tuple[float, int]]:
    """Mean gain by teacher and student, every lesson the same."""
    found: dict[tuple[str, str], tuple[float, int]] = {}
    for g in told:
        total, lessons = found.get((g.teacher, g.student), (0.0, 0))
        found[g.teacher, g.student] = total + g.gain * g.lessons, lessons + g.lessons
    return {pair: (total / lessons, lessons) for pair, (total, lessons) in found.items()}


def expected_cyclic_share(regime: RegimeResults) -> float:
    """The cyclic share of noise: antisymmetric matrices of n(n-1)/2 free numbers, n-1 of which are ratings.

    That is (n-2)/n, with n the agents of the largest population.
    """
    agents = max(len(result.about.agents) for result in regime.results)
    return max(0, agents - 2) / agents


def average_ledger(regime: RegimeResults) -> dict[str, dict[str, float]]:
    """By arm, the best mean first, and purpose: mean operations over the seeds."""
    found = {}
    for arm in regime.ranked:
        results = list(regime.arms[arm].values())
        purposes = sorted({purpose for r in results for purpose in r.cost.ledger})
        found[arm] = {
            p: sum(r.cost.ledger.get(p, 0.0) for r in results) / len(results)
            for p in purposes
        }
    return {arm: purposes for arm, purposes in found.items() if purposes}
