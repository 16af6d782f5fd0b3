"""The smallest difference that a study's seeds can tell, said before anything is trained.

The power of Student's paired t test, by the noncentral t distribution (Cohen 1988, "Statistical
power analysis for the behavioral sciences", chapter 2).
"""

from collections.abc import Mapping, Sequence
from math import sqrt
from statistics import variance

from docendo.errors import UserError, require_package
from docendo.study.arms import JOINT, TEACHING
from docendo.study.measures import measure_result
from docendo.study.plan import StudyPlan
from docendo.study.result_files import load_study
from docendo.study.results import ArmResult

__all__ = ["describe_detectable", "find_detectable", "pool_deviation"]

_LEVEL, _POWER = 0.05, 0.8
_Arms = Mapping[str, Mapping[int, ArmResult]]


def describe_detectable(plan: StudyPlan) -> str:
    """What the plan's seeds can tell, in a sentence.

    Raises UserError where scipy is missing, and where no earlier study has both arms.
    """
    deviation = plan.study.seed_deviation
    source = "seed_deviation"
    if deviation is None and plan.earlier:
        regimes: list[_Arms] = []
        for folder in plan.earlier:
            regimes += load_study(folder).results.values()
        deviation = 100 * pool_deviation(regimes)
        names = ", ".join(folder.name for folder in plan.earlier)
        source = f"{TEACHING} minus {JOINT} in {names}"

    seeds = len(plan.study.each_seed)
    if deviation is None or seeds < 2:
        return (
            "difference that can be told: unknown; it takes two seeds, and seed_deviation or "
            "earlier studies"
        )
    points = find_detectable(seeds, deviation)
    return (
        f"difference that can be told: {points:.1f} points with {seeds} seeds (paired over "
        f"seeds, two-sided {_LEVEL:.0%}, power {_POWER:.0%}); a seed's difference has a "
        f"standard deviation of {deviation:.1f} points ({source})"
    )


def find_detectable(seeds: int, deviation: float) -> float:
    """The true mean difference that 80 % of studies with so many seeds, at least 2, would find.

    `deviation` is the standard deviation of a seed's difference; the result has its unit.
    """
    require_package("scipy", "the power of a study", "study")
    from scipy.special import nctdtrinc, stdtrit

    # the other tail, of differences found with the wrong sign, is below rounding at this power
    critical = stdtrit(seeds - 1, 1 - _LEVEL / 2)
    noncentrality = nctdtrinc(seeds - 1, 1 - _POWER, critical)
    return float(deviation * noncentrality / sqrt(seeds))


def pool_deviation(regimes: Sequence[_Arms]) -> float:
    """The standard deviation of a seed's difference of teaching and joint training, as a share.

    Pooled over regimes. Raises UserError where none has both arms in two seeds.
    """
    squares = 0.0
    freedom = 0
    for arms in regimes:
        teaching, joint = arms.get(TEACHING, {}), arms.get(JOINT, {})
        gaps = []
        for seed in teaching.keys() & joint.keys():
            means = [measure_result(arm[seed])["mean"] for arm in (teaching, joint)]
            gaps.append(float(means[0][0] - means[1][0]))
        if len(gaps) > 1:
            squares += variance(gaps) * (len(gaps) - 1)
            freedom += len(gaps) - 1
    if not freedom:
        raise UserError(
            f"earlier: no regime has {TEACHING} and {JOINT} in two seeds; set seed_deviation"
        )
    return sqrt(squares / freedom)
