"""What it saved to choose lessons before attempts were spent on them, over a run."""

from typing import NamedTuple

from docendo.report.facts.metrics import read_owned_series
from docendo.store import RunDirectory

__all__ = ["Choosing", "read_choosing"]


class Choosing(NamedTuple):
    dropped: int
    """Lessons that passed the gate and were not shown."""
    saved: float
    """FLOPs of their attempts, less the scoring of all lessons; negative where that cost more."""


def read_choosing(run: RunDirectory) -> Choosing | None:
    """The sums over all rounds; None where no lesson was dropped."""
    sums = {}
    for series in read_owned_series(run):
        if series.kind == "choosing":
            sums[series.measure] = sum(series.values.values())
    return Choosing(int(sums["dropped"]), sums["saved"]) if sums else None
