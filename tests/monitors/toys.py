"""Problems to teach and to cheat on, and rules of alarms."""

from typing import Any

from docendo.monitors.alarms import AlarmRules
from docendo.records import Problem

OWN = Problem(
    "sums", "plain", 1, "What is 25 + 9 + 9?", "43", "25 + 9 = 34\n34 + 9 = 43\nAnswer: 43"
)
OTHER = Problem(
    "sums",
    "plain",
    1,
    "What is 17 + 21 + 20?",
    "58",
    "17 + 21 = 38\n38 + 20 = 58\nAnswer: 58",
)
CODE = Problem(
    "code",
    "plain",
    1,
    "Double x.",
    "x * 2",
    tests=("f(1) == 2", "f(2) == 4", "f(5) == 10", "f(0) == 0"),
)


def alarm_rules(limits: dict[str, float] | None = None, **changes: Any) -> AlarmRules:
    """With what a test does not set as in a run."""
    usual = {"window": 3, "min_findings": 3, "stop_on": ()}
    return AlarmRules(limits=limits or {}, **{**usual, **changes})
