"""Metrics of a run as series: the one place where the report reads a metric's name."""

from collections.abc import Mapping
from math import isfinite
from typing import NamedTuple

from docendo.store import RunDirectory

__all__ = ["OwnedSeries", "read_owned_series"]


class OwnedSeries(NamedTuple):
    """One metric of an agent, an evaluator or an endpoint over the rounds."""

    label: str
    """``NAME/AGENT``, or the name alone."""
    kind: str
    """What counted: ``evaluator``, ``tools``, ``nonfinite_steps``."""
    owner: str
    """Whose number it is; empty for the whole run's."""
    measure: str
    """What was counted: ``verdicts``, ``calls``; empty if the kind says it."""
    values: Mapping[int, float]
    """Finite values by round."""


def read_owned_series(run: RunDirectory) -> list[OwnedSeries]:
    """All metrics of a run, in the order in which they first came."""
    all_series = []
    for key, points in run.metric_series():
        kind, _, measure = key.name.partition("/")
        owner = key.agent or ""
        if not owner:
            # evaluators and endpoints, which are no agents, stand in the name
            owner, _, measure = measure.rpartition("/")
        values = {index: value for index, value in points if isfinite(value)}
        all_series.append(OwnedSeries(str(key), kind, owner, measure, values))
    return all_series
