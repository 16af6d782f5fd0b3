"""What imitated lessons left in the weights of a run's students, against those that were withheld."""

from collections import defaultdict
from math import isfinite
from statistics import fmean
from typing import NamedTuple

from docendo.build.recipients import build_recipients
from docendo.config.load import Config
from docendo.learning.withholding import TaughtFamily, estimate_effect, find_taught
from docendo.report.facts.accuracy import evaluation_rounds
from docendo.report.facts.run import Facts
from docendo.statistics import Estimate
from docendo.store import RunDirectory

__all__ = ["ImitationEffect", "measure_imitation", "read_taught"]


class ImitationEffect(NamedTuple):
    """What imitation did to one outcome."""

    outcome: str
    withheld: int
    """Students and families whose lessons were withheld, of those that the estimate is of."""
    effect: Estimate
    """Imitated minus withheld; n counts students and families."""


def read_taught(run: RunDirectory, config: Config) -> list[TaughtFamily]:
    """The students and families with useful lessons; none where no lesson is withheld."""
    recipients = build_recipients(config)
    if not recipients.withholding.fraction:
        return []
    return find_taught(run.episodes(), recipients.withholding, recipients.lessons)


def measure_imitation(run: RunDirectory, facts: Facts) -> list[ImitationEffect]:
    """The effect on held-out problems from start to end, and on later control attempts."""
    taught = read_taught(run, facts.config)
    if not taught:
        return []
    changes = _accuracy_changes(run, facts)
    outcomes = {
        "held-out problems": [changes.get((row.student, row.family)) for row in taught],
        "later control attempts": [row.control for row in taught],
    }

    effects = []
    for name, values in outcomes.items():
        units = []
        for row, value in zip(taught, values, strict=True):
            if value is not None and isfinite(value):
                units.append((row.family, row.is_withheld, value))
        effect = estimate_effect(units)
        if effect:
            withheld = sum(is_withheld for _, is_withheld, _ in units)
            effects.append(ImitationEffect(name, withheld, effect))
    return effects


def _accuracy_changes(run: RunDirectory, facts: Facts) -> dict[tuple[str, str], float]:
    """Accuracy at the end minus that at the start, by agent and family."""
    scores: dict[tuple[int, str, str], list[float]] = defaultdict(list)
    for row in run.evaluations():
        family = f"{row.problem.domain}/{row.problem.family}"
        scores[row.round, row.agent, family].append(row.verdict.score)

    start, end = evaluation_rounds(facts)
    changes = {}
    for index, agent, family in list(scores):
        if index == end and (start, agent, family) in scores and start is not None:
            before = fmean(scores[start, agent, family])
            changes[agent, family] = fmean(scores[end, agent, family]) - before
    return changes
