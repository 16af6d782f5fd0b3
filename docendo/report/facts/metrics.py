"""Metrics of a run as series: the one place where the report reads a metric's name."""

from collections.abc import Mapping
from math import isfinite
from typing import NamedTuple

from docendo.store import RunDirectory

__all__ = ["MetricSeries", "read_metrics"]

_NAME_LAST = {"data", "nonfinite_steps", "lost"}
"""What comes after the owner may have slashes (``data/ann/hub:owner/name``); a learner's
name has none."""


class MetricSeries(NamedTuple):
    """One metric over the rounds."""

    name: str
    kind: str
    """What counted: ``evaluator``, ``tools``, ``nonfinite_steps``."""
    owner: str
    """Whose number it is: an agent, an evaluator, an endpoint; empty for the whole
    run's."""
    measure: str
    """What was counted: ``verdicts``, ``calls``; empty if the kind says it."""
    values: Mapping[int, float]
    """Finite values by round."""


def read_metrics(run: RunDirectory) -> list[MetricSeries]:
    """All metrics of a run, in the order in which they first came."""
    series = []
    for name, points in run.metrics().items():
        kind, _, rest = name.partition("/")
        if kind in _NAME_LAST:
            owner, _, measure = rest.partition("/")
        else:
            owner, _, measure = rest.rpartition("/")
        values = {index: value for index, value in points if isfinite(value)}
        series.append(
            MetricSeries(
                name=name,
                kind=kind,
                owner=owner,
                measure=measure,
                values=values,
            )
        )

    return series
