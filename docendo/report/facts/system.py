"""The population as a system: what the last round's test of it found."""

from typing import Any

from docendo.statistics import Estimate
from docendo.store import RunDirectory
from docendo.system import Way

__all__ = ["WAYS", "describe_way", "read_ways"]

WAYS = {
    "lesson": "after the recommended teacher's lesson",
    "alone": "alone",
    "vote": "majority of its own samples",
    "teacher": "the teacher itself",
}
"""The ways to answer a question, in words."""


def describe_way(way: Way) -> dict[str, Any]:
    """A way as JSON."""
    described = {**way._asdict(), "accuracy": way.accuracy._asdict()}
    if way.behind:
        described["behind"] = way.behind._asdict()
    return described


def read_ways(run: RunDirectory) -> list[Way]:
    """The ways that were compared; none where the run did not ask for it."""
    ways = []
    for stored in run.noted("system") or []:
        behind = stored["behind"] and Estimate(*stored["behind"])
        accuracy = Estimate(*stored["accuracy"])
        ways.append(Way(**{**stored, "accuracy": accuracy, "behind": behind}))
    return ways
