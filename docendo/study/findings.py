"""What a study says, in numbers: every regime's arms with their intervals, and how they changed on the way."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from docendo.statistics import Estimate, clustered_mean
from docendo.study.bootstrap import SAMPLES, Bootstrap, Difference
from docendo.study.measures import Floats, height
from docendo.study.results import Gain, Result, Study

__all__ = [
    "EXPERTS",
    "HOMEWORK",
    "JOINT",
    "LESSONS",
    "POOLED",
    "SINGLE",
    "TEACHING",
    "TUNED",
    "WIDE",
    "Line",
    "Regime",
    "Stretch",
    "chance_of_cycles",
    "gains",
    "learning",
    "ledger",
    "regimes",
    "series",
    "stretches",
]

TEACHING = "teaching"
"""The population whose members teach each other."""
JOINT = "all-data"
"""The same agents, each trained on all the data."""
TUNED = "all-data-sft"
"""The same agents, fine-tuned on all the data and nothing else."""
POOLED = "all-data-pooled"
"""The same, and everybody imitates what anybody found."""
SINGLE = "one-agent"
"""One agent with the compute of all."""
WIDE = "one-agent-wide"
"""The same with the weights of all."""
LESSONS = "teaching-no-homework"
"""The population whose members learn from each other by lessons alone."""
HOMEWORK = "teaching-no-lessons"
"""The same by each other's homework alone."""
EXPERTS = "experts"
"""The same agents, each trained on its own domain alone."""
_GRID = 33
_STRETCHES = 3


@dataclass(frozen=True)
class Regime:
    """The arms of one regime, by arm and seed."""

    name: str
    arms: Mapping[str, Mapping[int, Result]]
    boot: Bootstrap

    @property
    def ranked(self) -> list[str]:
        """The arms, the best mean first."""
        mean = {arm: self.boot.measured(arm)["mean"].seeds_S.mean() for arm in self.arms}
        return sorted(self.arms, key=lambda arm: (-mean[arm], arm))

    @property
    def results(self) -> list[Result]:
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


class Line(NamedTuple):
    """One arm's course: points of the budget with the mean over the seeds."""

    arm: str
    points: Sequence[tuple[float, Estimate]]


class Stretch(NamedTuple):
    """The lessons of a part of the budget, all seeds together."""

    last: float
    """Operations at the last look at them in this part."""
    gain: Mapping[tuple[str, str], tuple[float, int]]
    """By teacher and student: the mean over the lessons, and how many they were."""


def regimes(study: Study, samples: int = SAMPLES) -> list[Regime]:
    """Every regime of the study."""
    return [
        Regime(name, arms, Bootstrap(arms, samples)) for name, arms in study.results.items()
    ]


def learning(regime: Regime) -> list[Line]:
    """Mean held-out accuracy over agents and domains against operations."""
    found = []
    for arm, by_seed in regime.arms.items():
        courses = [
            [(point.flops, height(point)) for point in r.curve] for r in by_seed.values()
        ]
        found.append(Line(arm, _mean_course(courses)))
    return [line for line in found if line.points]


def series(regime: Regime, name: str) -> list[Line]:
    """One of a trace's series (``useful``, ``cyclic``, ``passed``) of every arm that has it."""
    found = [
        Line(arm, _mean_course([getattr(r.trace, name) for r in by_seed.values()]))
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


def stretches(regime: Regime, arm: str) -> list[Stretch]:
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
            found.append(Stretch(max(g.flops for g in inside), gains(inside)))
    return found


def gains(told: Sequence[Gain]) -> dict[tuple[str, str], tuple[float, int]]:
    """Mean gain by teacher and student, every lesson the same."""
    found: dict[tuple[str, str], tuple[float, int]] = {}
    for g in told:
        total, lessons = found.get((g.teacher, g.student), (0.0, 0))
        found[g.teacher, g.student] = total + g.gain * g.lessons, lessons + g.lessons
    return {pair: (total / lessons, lessons) for pair, (total, lessons) in found.items()}


def chance_of_cycles(regime: Regime) -> float:
    """The cyclic share of noise: antisymmetric matrices of n(n-1)/2 free numbers, n-1 of which are ratings.

    That is (n-2)/n, with n the agents of the largest population.
    """
    agents = max(len(result.about.agents) for result in regime.results)
    return max(0, agents - 2) / agents


def ledger(regime: Regime) -> dict[str, dict[str, float]]:
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
