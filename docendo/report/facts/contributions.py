"""What evaluators, askers, tools, endpoints and data contributed to a run, in numbers."""

from docendo.config.load import Config
from docendo.report.facts.metrics import OwnedSeries, read_owned_series
from docendo.store import RunDirectory

__all__ = ["MEANS", "sum_contributions"]

MEANS = {"score": "verdicts", "agreement": "verdicts", "payoff": "asked"}
"""Measures that are a mean in each round, and the measure that says of how many."""
_KINDS = {"evaluator", "asker", "tools", "endpoint", "data"}


def sum_contributions(
    run: RunDirectory, config: Config
) -> dict[str, dict[str, dict[str, float]]]:
    """By kind (evaluator, asker, tools, endpoint, data), name and measure.

    Counts are sums over the rounds, means are over all that was judged or asked. All are
    finite. Who was configured and did nothing has zeros.
    """
    totals = _zeros(config)
    series = [
        s for s in read_owned_series(run) if s.kind in _KINDS and s.owner and s.values
    ]
    by_key = {(each.kind, each.owner, each.measure): each for each in series}
    for each in series:
        counts = None
        # A source of data may have the name of a mean.
        if each.measure in MEANS and each.kind != "data":
            counts = by_key.get((each.kind, each.owner, MEANS[each.measure]))
        measures = totals.setdefault(each.kind, {}).setdefault(each.owner, {})
        measures[each.measure] = _total(each, counts)

    return totals


def _total(series: OwnedSeries, counts: OwnedSeries | None) -> float:
    """The sum of a series, or its mean weighted by `counts`."""
    if series.kind == "data" or series.measure not in MEANS:
        return sum(series.values.values())

    total = 0.0
    weights = 0.0
    for index, value in series.values.items():
        weight = counts.values.get(index, 1.0) if counts else 1.0
        total += value * weight
        weights += weight

    return total / weights if weights else 0.0


def _zeros(config: Config) -> dict[str, dict[str, dict[str, float]]]:
    zeros: dict[str, dict[str, dict[str, float]]] = {}
    for name in config.evaluators:
        zeros.setdefault("evaluator", {})[name] = {"verdicts": 0.0}
    for name, agent in config.agents.items():
        if agent.tools:
            zeros.setdefault("tools", {})[name] = {"calls": 0.0, "errors": 0.0}

    return zeros
