"""What happened in the rounds between two evaluations of a study's training."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import chain
from statistics import fmean
from typing import Any

import numpy as np

from docendo.analysis.payoff import cyclic_share
from docendo.errors import UserError
from docendo.records import Episode, base_agent
from docendo.store import RunDirectory
from docendo.store.rows import RoundRecord

__all__ = ["StageLog", "cyclic_gain_share"]

_METRICS = {"groups/nonzero_variance": "nonzero_variance", "gate/passed": "gate_passed"}
"""Names of a round's metrics, and of the series of `TrainingTrace` that they become."""


@dataclass
class StageLog:
    """The metrics and the lesson gains since the last evaluation."""

    metrics: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    """By name of the series."""
    gains: dict[tuple[str, str], list[float]] = field(
        default_factory=lambda: defaultdict(list)
    )
    """By teacher and student. Frozen copies count as the agent they are copies of."""

    def add(self, record: RoundRecord) -> None:
        """Add a round."""
        for metric, series in _METRICS.items():
            if metric in record.metrics:
                self.metrics[series].append(record.metrics[metric])
        for episode in record.episodes:
            self._add_gain(episode)

    def recall(self, run: RunDirectory, after: int) -> None:
        """Add the rounds after that one from a run directory."""
        history = run.metrics()
        for metric, series in _METRICS.items():
            for round_index, value in history.get(metric, ()):
                if round_index > after:
                    self.metrics[series].append(value)
        for episode in run.episodes():
            if episode.round > after:
                self._add_gain(episode)

    def _add_gain(self, episode: Episode) -> None:
        if episode.gain is not None:
            match = episode.match
            self.gains[base_agent(match.teacher), base_agent(match.student)].append(
                episode.gain
            )

    def summarize(self, flops: float) -> dict[str, Any]:
        """JSON of the means at an evaluation after `flops` operations."""
        means = {pair: fmean(values) for pair, values in self.gains.items()}
        lesson_gains = []
        for (teacher, student), values in sorted(self.gains.items()):
            lesson_gains.append(
                {
                    "flops": flops,
                    "teacher": teacher,
                    "student": student,
                    "gain": means[teacher, student],
                    "lessons": len(values),
                }
            )

        summary: dict[str, Any] = {"lesson_gains": lesson_gains}
        for series, values in self.metrics.items():
            if values:
                summary[series] = [flops, fmean(values)]
        share = cyclic_gain_share(means)
        if share is not None:
            summary["cyclic_share"] = [flops, share]
        return summary


def cyclic_gain_share(gains: Mapping[tuple[str, str], float]) -> float | None:
    """The cyclic share of gains by teacher and student: who helps whom more than it is helped.

    None where fewer than three agents met, or where no agent was ahead of another.
    """
    names = sorted(set(chain.from_iterable(gains)))
    if len(names) < 3:
        return None
    gain_TS = np.zeros((len(names), len(names)))
    # A pair that never met counts as if its lessons gained nothing.
    for (teacher, student), gain in gains.items():
        if teacher != student:
            gain_TS[names.index(teacher), names.index(student)] = gain
    try:
        return cyclic_share((gain_TS - gain_TS.T) / 2)
    except UserError:  # all differences are 0
        return None
