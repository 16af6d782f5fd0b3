"""A study's numbers as JSON, for programs."""

from collections.abc import Sequence
from typing import Any

from docendo.statistics import Estimate
from docendo.study.arms import JOINT, TEACHING
from docendo.study.bootstrap import Difference
from docendo.study.regimes import RegimeResults
from docendo.study.results import StudyResults

__all__ = ["summarize_study"]


def summarize_study(
    study: StudyResults, regimes: Sequence[RegimeResults]
) -> dict[str, Any]:
    """JSON of a study: settings, costs and measures of every arm, and differences between arms.

    Differences are of every arm minus `teaching` and minus `joint-rl`. Shares are from 0 to 1,
    differences from -1 to 1, and intervals hold 95 %. Curves and traces are in the result
    files only.
    """
    return {
        "study": study.name,
        "file": study.file,
        "regimes": {regime.name: _summarize_regime(regime) for regime in regimes},
    }


def _summarize_regime(regime: RegimeResults) -> dict[str, Any]:
    differences: dict[str, dict[str, Any]] = {}
    for baseline in (TEACHING, JOINT):
        differences[baseline] = {}
        for arm, difference in regime.differences_from(baseline).items():
            differences[baseline][arm] = _difference_document(difference)

    arms = {arm: _summarize_arm(regime, arm) for arm in regime.ranked}
    return {"arms": arms, "minus": differences}


def _summarize_arm(regime: RegimeResults, arm: str) -> dict[str, Any]:
    settings = {}
    costs = {}
    # By seed: tuning chose for all of them, but a result keeps what it was trained with.
    for seed, result in sorted(regime.arms[arm].items()):
        settings[seed] = dict(result.setup.settings)
        costs[seed] = result.cost.model_dump()

    measures = {}
    for name, draws in regime.bootstrap.measures(arm).items():
        measures[name] = _estimate_document(draws.estimate(name))
    return {
        "seeds": list(settings),
        "settings": settings,
        "cost": costs,
        "measures": measures,
    }


def _difference_document(difference: Difference) -> dict[str, Any]:
    return {
        **_estimate_document(difference.estimate),
        "effect": difference.effect,
        "p_better": difference.improvement,
        "p_greater": difference.dominance,
    }


def _estimate_document(estimate: Estimate) -> dict[str, Any]:
    mean, low, high, seeds = estimate
    return {"mean": mean, "low": low, "high": high, "seeds": seeds}
