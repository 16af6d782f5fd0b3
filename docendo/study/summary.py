"""A study's numbers, for programs."""

from collections.abc import Sequence
from typing import Any

from docendo.statistics import Estimate
from docendo.study.arms import JOINT, TEACHING
from docendo.study.bootstrap import Difference
from docendo.study.regimes import RegimeResults
from docendo.study.results import StudyResults

__all__ = ["summarize_study"]


def summarize_study(study: StudyResults, found: Sequence[RegimeResults]) -> dict[str, Any]:
    """JSON of a study: by regime and arm its seeds' settings and costs, every measure, and every arm minus `teaching`
    and `all-data`. What happened on the way is in the results themselves.

    Shares and their differences are between 0 and 1 and -1 and 1, intervals hold 95 %; `found` are the study's regimes.
    """
    return {
        "study": study.name,
        "file": study.file,
        "regimes": {regime.name: _regime(regime) for regime in found},
    }


def _regime(regime: RegimeResults) -> dict[str, Any]:
    arms = {
        arm: {
            "seeds": sorted(regime.arms[arm]),
            "settings": {
                seed: dict(r.about.setting) for seed, r in sorted(regime.arms[arm].items())
            },
            "cost": {
                seed: r.cost.model_dump() for seed, r in sorted(regime.arms[arm].items())
            },
            "measures": {
                n: _estimate(m.estimate(n)) for n, m in regime.boot.measured(arm).items()
            },
        }
        for arm in regime.ranked
    }
    minus = {
        other: {a: _gap(d) for a, d in regime.against(other).items()}
        for other in (TEACHING, JOINT)
    }
    return {"arms": arms, "minus": minus}


def _gap(found: Difference) -> dict[str, Any]:
    told = {
        "effect": found.effect,
        "p_better": found.improvement,
        "p_greater": found.dominance,
    }
    return _estimate(found.estimate) | told


def _estimate(found: Estimate) -> dict[str, Any]:
    return {"mean": found.mean, "low": found.low, "high": found.high, "seeds": found.n}
