"""The population as a system: what the last round's test of it found."""

from docendo.statistics import Estimate
from docendo.store import RunDirectory
from docendo.system import Way

__all__ = ["WAYS", "read_ways"]

WAYS = {
    "lesson": "after the recommended teacher's lesson",
    "alone": "alone",
    "vote": "majority of its own samples",
    "teacher": "the teacher itself",
}
"""The ways to answer a question, in words."""


def read_ways(run: RunDirectory) -> list[Way]:
    """The ways that were compared; none where the run did not ask for it."""
    ways = []
    for stored in run.noted("system") or []:
        behind = stored["behind"] and Estimate(*stored["behind"])
        accuracy = Estimate(*stored["accuracy"])
        ways.append(Way(**{**stored, "accuracy": accuracy, "behind": behind}))
    return ways
