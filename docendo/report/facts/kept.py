"""What agents kept while they learned: the measures of forgetting, first and last."""

from typing import NamedTuple

from docendo.report.facts.metrics import read_owned_series
from docendo.store import RunDirectory

__all__ = ["KEPT", "KeptMeasure", "read_kept"]

KEPT = {
    "one_shot": "after an example",
    "outside": "families outside",
    "base_text": "texts of the base",
}
"""The measures, in words."""


class KeptMeasure(NamedTuple):
    """One measure of one agent; the base, which does not change, has a start alone."""

    agent: str
    measure: str
    """A key of `KEPT`."""
    start: float
    end: float | None


def read_kept(run: RunDirectory) -> list[KeptMeasure]:
    """Every agent's measures; none where forgetting was not measured."""
    kept = []
    for series in read_owned_series(run):
        if series.kind == "kept" and series.values:
            values = list(series.values.values())
            end = values[-1] if len(values) > 1 else None
            kept.append(KeptMeasure(series.owner, series.measure, values[0], end))
    return kept
