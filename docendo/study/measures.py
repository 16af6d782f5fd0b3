"""The measures of one training: accuracies and what follows from them, by name.

Every domain weighs the same, and every family of a domain weighs the same, however many
problems they have. Axes: R draws of problems, A agents, F families, n problems of a family.
"""

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from docendo.learning.withholding import estimate_effect
from docendo.statistics import Estimate
from docendo.study.results import AnswerKeys, ArmResult, CurvePoint

__all__ = [
    "MEASURES",
    "Counts",
    "Floats",
    "ProblemWeights",
    "area_under_curve",
    "count_each_once",
    "mean_accuracy",
    "measure_imitation",
    "measure_result",
]

Floats = NDArray[np.float64]
Counts = NDArray[np.float32]
"""Whole numbers. Their sums stay exact in float32."""
ProblemWeights = Callable[[str, int], Counts]
"""(family, n) -> (R, n): how often each problem of the family was drawn. Rows sum to n."""
MEASURES = {
    "mean": "mean of the population",
    "best": "best member",
    "worst": "worst member",
    "with_lesson": "mean with a lesson",
    "ood": "families nobody was trained on",
    "curve_area": "area under the learning curve",
    "vote": "vote",
    "forgotten": "lost of its own domains since the experts' stage, negative where it gained",
}
"""The measures of a training, in words. There are also ``domain/D`` and ``family/D/F``.

`best` and `worst` are shrinkage estimates, not the maximum and minimum: one of several equal
members is always the best on some problems.
"""


def count_each_once(family: str, n: int) -> Counts:
    """Every problem once, which gives the training's own numbers."""
    return np.ones((1, n), np.float32)


def measure_result(
    result: ArmResult, weights: ProblemWeights = count_each_once
) -> dict[str, Floats]:
    """(R,) values of every measure that was taken.

    ``curve_area`` comes from the learning curve, not from single problems, so its values are
    all equal.
    """
    scores = result.scores
    families = sorted(next(iter(scores.test.values())))
    test_RAF = _accuracy_table(scores.test, weights)
    agents_RA = test_RAF @ _even_weights(families)

    measures = {"mean": agents_RA.mean(1)}
    measures["best"], measures["worst"] = _shrink_extremes(scores.test, agents_RA)

    votes = {"vote": dict(scores.vote)} if scores.vote else {}
    more_answers = {"with_lesson": scores.with_lesson, "ood": scores.ood, "vote": votes}
    for name, answers in more_answers.items():
        if answers:
            weights_F = _even_weights(sorted(next(iter(answers.values()))))
            measures[name] = (_accuracy_table(answers, weights) @ weights_F).mean(1)

    experts = list(filter(result.setup.expert_domains.get, result.setup.agents))
    if scores.after_experts and experts:
        lost_RAF = _accuracy_table(scores.after_experts, weights) - test_RAF
        lost = [_on_own_domains(lost_RAF, result, agent) for agent in experts]
        measures["forgotten"] = np.mean(lost, axis=0)

    if result.curve:
        area = area_under_curve(result.curve, result.cost.budget)
        measures["curve_area"] = np.full(len(agents_RA), area)

    mean_RF = test_RAF.mean(1)
    domain_F = np.array(list(map(_domain_of, families)))
    for domain in dict.fromkeys(domain_F.tolist()):
        measures[f"domain/{domain}"] = mean_RF[:, domain_F == domain].mean(1)
    for i, family in enumerate(families):
        measures[f"family/{family}"] = mean_RF[:, i]
    return measures


def measure_imitation(results: Sequence[ArmResult]) -> Estimate | None:
    """How much more the accuracy of students rose on families whose lessons they imitated.

    Against students from whom these were withheld, within families and trainings, since the
    experts' stage. None where nothing was withheld.
    """
    outcomes = []
    for result in results:
        before, after = result.scores.after_experts, result.scores.test
        for row in result.trace.taught if before else ():
            keys = before[row.student][row.family], after[row.student][row.family]
            start, end = (key.count("1") / len(key) for key in keys)
            outcomes.append(((result.seed, row.family), row.is_withheld, end - start))
    return estimate_effect(outcomes)


def area_under_curve(curve: Sequence[CurvePoint], budget: float) -> float:
    """Mean accuracy over the budget, by the trapezoid rule in operations.

    The first and the last value extend to the ends of the budget. What was spent beyond the
    budget does not count.
    """
    flops = np.array([point.flops for point in curve])
    accuracy = np.array(list(map(mean_accuracy, curve)))
    # Where the curve has no points, the nearest value holds.
    inside = flops[(flops > 0) & (flops < budget)]
    x = np.unique([0.0, *inside, budget])
    y = np.interp(x, flops, accuracy)
    return float((np.diff(x) * (y[1:] + y[:-1])).sum() / 2 / budget)


def mean_accuracy(point: CurvePoint) -> float:
    """Mean accuracy over agents and domains at one point of a learning curve."""
    shares: list[float] = []
    for by_domain in point.accuracy.values():
        shares += by_domain.values()
    return float(np.mean(shares))


def _accuracy_table(answers: AnswerKeys, weights: ProblemWeights) -> Floats:
    """(R, A, F) shares of right answers. Agents and families are in alphabetical order."""
    columns = []
    for family in sorted(next(iter(answers.values()))):
        right_An = _right_answers(answers, family)
        n = right_An.shape[1]
        # `@` would start threads for sums this small: ten times as slow on a busy machine
        sums_RA = np.einsum("Rn,An->RA", weights(family, n), right_An)
        columns.append(sums_RA.astype(np.float64) / n)
    return np.stack(columns, axis=2)


def _right_answers(answers: AnswerKeys, family: str) -> Counts:
    """(A, n) 1 where an agent was right. Agents are in alphabetical order."""
    keys = [answers[agent][family].encode() for agent in sorted(answers)]
    codes_An = np.frombuffer(b"".join(keys), np.uint8).reshape(len(keys), -1)
    return codes_An - np.float32(ord("0"))


def _shrink_extremes(answers: AnswerKeys, agents_RA: Floats) -> tuple[Floats, Floats]:
    """(R,) accuracies of the best and the worst member, each shrunk towards the mean.

    The shrinkage is the variance that chance alone would give equal members, over the
    variance of these members (James and Stein 1961, "Estimation with quadratic loss").
    """
    mean_R = agents_RA.mean(1)
    families = sorted(next(iter(answers.values())))
    accuracy_A = np.zeros(len(answers))
    chance = 0.0
    for weight, family in zip(_even_weights(families), families, strict=True):
        right_An = _right_answers(answers, family).astype(np.float64)
        accuracy_A = accuracy_A + weight * right_An.mean(1)
        if len(answers) > 1:
            chance = chance + weight**2 * _chance_variance(right_An)

    variance = np.var(accuracy_A, ddof=1) if len(answers) > 1 else 0.0
    if not variance:
        return mean_R, mean_R

    # A negative share would put the best member below the mean: there is nothing but chance.
    real = max(0.0, 1 - chance / variance)
    best_R = mean_R + real * (agents_RA[:, np.argmax(accuracy_A)] - mean_R)
    worst_R = mean_R + real * (agents_RA[:, np.argmin(accuracy_A)] - mean_R)
    return best_R, worst_R


def _chance_variance(right_An: Floats) -> float:
    """The variance of equally good members' accuracies, from the draw of problems alone."""
    agents, problems = right_An.shape
    centred_An = right_An - right_An.mean(0)
    agent_A1 = centred_An.mean(1, keepdims=True) if problems > 1 else 0.0
    squares = ((centred_An - agent_A1) ** 2).sum()
    return float(squares / (agents - 1) / problems / max(1, problems - 1))


def _even_weights(families: Sequence[str]) -> Floats:
    """(F,) weights that sum to 1: equal over domains, and equal over a domain's families."""
    domains = list(map(_domain_of, families))
    counts = np.array(list(map(domains.count, domains)))
    return 1 / len(set(domains)) / counts


def _on_own_domains(table_RAF: Floats, result: ArmResult, agent: str) -> Floats:
    """(R,) values of one agent, over the families of its own domains."""
    families = sorted(next(iter(result.scores.test.values())))
    domains = result.setup.expert_domains[agent]
    columns = [i for i, family in enumerate(families) if _domain_of(family) in domains]
    row = sorted(result.scores.test).index(agent)
    return table_RAF[:, row, columns] @ _even_weights([families[i] for i in columns])


def _domain_of(family: str) -> str:
    return family.partition("/")[0]
