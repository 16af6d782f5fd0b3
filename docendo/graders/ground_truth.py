"""The evaluator of a domain that names none: the right answer, or a problem's tests."""

from typing import Any

from docendo.graders.answer import never_raises, per_answer
from docendo.graders.choices import ChoiceGrader
from docendo.graders.gym import GymGrader
from docendo.graders.patterns import AnswerPattern, with_pattern
from docendo.graders.unit_tests import UnitTestGrader
from docendo.interfaces import Evaluator, Grader
from docendo.parts import PartConfig
from docendo.records import Answer
from docendo.sandbox.monty import build_strict_monty

__all__ = ["TruthConfig", "ground_truth", "ground_truth_evaluator"]


def ground_truth() -> Grader:
    """Compares answers as text, runs programs against a problem's tests, asks reasoning-gym's scorers."""
    # Each hands on what is not its own: reasoning-gym's items, then choices, tests and text.
    return never_raises(GymGrader(ChoiceGrader(UnitTestGrader(build_strict_monty()))))


def ground_truth_evaluator() -> Evaluator:
    """Many answers by the ground truth."""
    return per_answer(ground_truth())


class TruthConfig(PartConfig):
    """The right answer, or a problem's tests."""

    type: str = "truth"
    answer_pattern: AnswerPattern = None
    """Regular expression whose last match, or its group, is the final answer: "<ans>(.*?)</ans>"."""

    def build(self, context: Any = None) -> Evaluator:
        return with_pattern(ground_truth_evaluator(), self.answer_pattern)

    def applies(self, answer: Answer) -> bool:
        return bool(answer.problem.answer or answer.problem.tests)
