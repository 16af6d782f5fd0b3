"""What one training came to, in numbers by name.

A domain weighs as much as another, and within a domain a family as much as another, however many problems they have.
Axes: R draws of problems, A agents, F families, n problems of a family.
"""

from collections.abc import Callable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from docendo.study.results import AnswerKeys, ArmResult, CurvePoint

__all__ = [
    "MEASURES",
    "Counts",
    "Floats",
    "ProblemWeights",
    "area_under_curve",
    "count_each_once",
    "mean_accuracy",
    "measure_result",
]

Floats = NDArray[np.float64]
Counts = NDArray[np.float32]
"""Whole numbers, which sums of these keep."""
ProblemWeights = Callable[[str, int], Counts]
"""(family, n) -> (R, n): how often each of its problems was drawn; rows sum to n."""
MEASURES = {
    "mean": "mean of the population",
    "best": "best member",
    "worst": "worst member",
    "lesson": "mean with a lesson",
    "outside": "families nobody was trained on",
    "area": "area under the learning curve",
    "vote": "vote",
    "forgotten": "lost of its own domains since the experts' stage, negative where it gained",
}
"""What is measured of a whole training; besides them ``domain/D`` and ``family/D/F``, means of the population.

The best and the worst member are as far from the mean as more than chance made them: luck, too, makes one of several
the best on some problems.
"""


def count_each_once(family: str, n: int) -> Counts:
    """Every problem once: the training's own numbers."""
    return np.ones((1, n), np.float32)


def measure_result(
    result: ArmResult, weigh: ProblemWeights = count_each_once
) -> dict[str, Floats]:
    """(R,) of every measure that was taken; those of ``area``, which has no problems, are all equal."""
    scores = result.scores
    families, test_RAF = _table(scores.test, weigh)
    own_RA = test_RAF @ _even(families)
    found = {"mean": own_RA.mean(1)}
    found["best"], found["worst"] = _extremes(scores.test, own_RA, families)
    for name, answers in (
        ("lesson", scores.lesson),
        ("outside", scores.outside),
        ("vote", _alone(scores.vote)),
    ):
        if answers:
            asked, table_RAF = _table(answers, weigh)
            found[name] = (table_RAF @ _even(asked)).mean(1)
    if scores.start and (
        experts := [a for a in result.about.agents if result.about.expert_of.get(a)]
    ):
        _, start_RAF = _table(scores.start, weigh)
        lost = [_on(start_RAF - test_RAF, families, result, agent) for agent in experts]
        found["forgotten"] = np.mean(lost, axis=0)
    if result.curve:
        found["area"] = np.full(
            len(own_RA), area_under_curve(result.curve, result.cost.budget)
        )
    mean_RF = test_RAF.mean(1)
    for domain in dict.fromkeys(map(_domain, families)):
        found[f"domain/{domain}"] = mean_RF[
            :, [_domain(f) == domain for f in families]
        ].mean(1)
    return found | {f"family/{family}": mean_RF[:, i] for i, family in enumerate(families)}


def area_under_curve(curve: Sequence[CurvePoint], budget: float) -> float:
    """Mean accuracy over the budget: trapezoids in operations, the first and the last value held to its ends.

    What was spent beyond the budget does not count.
    """
    flops = np.array([point.flops for point in curve])
    accuracy = np.array([mean_accuracy(point) for point in curve])
    x = np.unique([0.0, *flops[(flops > 0) & (flops < budget)], budget])
    y = np.interp(x, flops, accuracy)
    return float((np.diff(x) * (y[1:] + y[:-1])).sum() / 2 / budget)


def mean_accuracy(point: CurvePoint) -> float:
    """Mean accuracy over agents and domains at a point of a curve."""
    return float(
        np.mean(
            [share for domains in point.accuracy.values() for share in domains.values()]
        )
    )


def _table(answers: AnswerKeys, weigh: ProblemWeights) -> tuple[list[str], Floats]:
    """The families in order, and the share of right answers by draw, agent (by name) and family."""
    families = sorted(next(iter(answers.values())))
    columns = []
    for family in families:
        right_An = _right(answers, family)
        drawn_Rn = weigh(family, right_An.shape[1])
        # a product of matrices would start threads for sums this small, which on a busy machine takes ten times as long
        columns.append(
            np.einsum("Rn,An->RA", drawn_Rn, right_An).astype(np.float64)
            / right_An.shape[1]
        )
    return families, np.stack(columns, axis=2)


def _right(answers: AnswerKeys, family: str) -> Counts:
    """(A, n) 1 where an agent (by name) was right."""
    keys = [answers[agent][family].encode() for agent in sorted(answers)]
    return np.array([np.frombuffer(key, np.uint8) for key in keys]) - np.float32(ord("0"))


def _extremes(
    answers: AnswerKeys, own_RA: Floats, families: Sequence[str]
) -> tuple[Floats, Floats]:
    """(R,) of the best and of the worst member, drawn towards the mean by the share of their spread that is chance.

    That share is what independent problems would spread members that are equal, over how far these are apart (the
    moments of James and Stein 1961, "Estimation with quadratic loss").
    """
    shares, mean_R = _even(families), own_RA.mean(1)
    right = [_right(answers, family).astype(np.float64) for family in families]
    own_A = sum(
        share * right_An.mean(1) for share, right_An in zip(shares, right, strict=True)
    )
    apart = np.var(own_A, ddof=1) if len(answers) > 1 else 0.0
    if not apart:
        return mean_R, mean_R
    chance = sum(
        share**2 * _chance(right_An) for share, right_An in zip(shares, right, strict=True)
    )
    real = max(0.0, 1 - chance / apart)
    best, worst = (
        mean_R + real * (own_RA[:, member] - mean_R)
        for member in (np.argmax(own_A), np.argmin(own_A))
    )
    return best, worst


def _chance(right_An: Floats) -> float:
    """The variance between members' shares of right answers to which problems alone would lead."""
    members, problems = right_An.shape
    apart_An = right_An - right_An.mean(0)
    own_A = apart_An.mean(1, keepdims=True) if problems > 1 else 0.0
    return float(
        ((apart_An - own_A) ** 2).sum() / (members - 1) / problems / max(1, problems - 1)
    )


def _alone(vote: Mapping[str, str]) -> AnswerKeys:
    return {"": dict(vote)} if vote else {}


def _even(families: Sequence[str]) -> Floats:
    """(F,) weights: every domain the same, and its families the same; they sum to 1."""
    domains = [_domain(family) for family in families]
    return np.array([1 / len(set(domains)) / domains.count(domain) for domain in domains])


def _on(
    table_RAF: Floats, families: Sequence[str], result: ArmResult, agent: str
) -> Floats:
    """(R,) of one agent on its own domains."""
    own = [f for f in families if _domain(f) in result.about.expert_of[agent]]
    place = sorted(result.scores.test).index(agent)
    return table_RAF[:, place, [families.index(f) for f in own]] @ _even(own)


def _domain(family: str) -> str:
    return family.partition("/")[0]
