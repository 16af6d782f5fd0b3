"""Conformance checks for users' own parts: does it satisfy what docendo expects of its kind?

Each check takes a part and raises AssertionError with a sentence that says what is wrong::

    from docendo.testing import check_baseline
    from mypackage import MyBaseline

    def test_my_baseline():
        check_baseline(MyBaseline())
"""

from docendo.testing.grading import (
    check_evaluator,
    check_grader,
    check_sandbox,
    check_source,
)
from docendo.testing.league import check_curriculum, check_matchmaker, check_selection
from docendo.testing.learning import (
    check_backend,
    check_baseline,
    check_labels,
    check_loss,
    check_reward,
    check_sft_data,
    check_tracker,
)

__all__ = [
    "check_backend",
    "check_baseline",
    "check_curriculum",
    "check_evaluator",
    "check_grader",
    "check_labels",
    "check_loss",
    "check_matchmaker",
    "check_reward",
    "check_sandbox",
    "check_selection",
    "check_sft_data",
    "check_source",
    "check_tracker",
]
