"""Answers that are numbers, compared by value."""

from dataclasses import dataclass
from fractions import Fraction
from typing import Annotated, Any

from pydantic import Field

from docendo.graders.answer import exact, final_answer, per_answer
from docendo.graders.notation import Quantity, read_quantity
from docendo.graders.patterns import AnswerPattern, with_pattern
from docendo.interfaces import Evaluator
from docendo.parts import PartConfig
from docendo.records import Answer, Problem, Verdict

__all__ = ["Numeric", "NumericConfig"]


@dataclass(frozen=True)
class Numeric:
    """1 where the one number of the final answer is within a tolerance of the right one.

    How it is written does not matter (`docendo.graders.notation.read_quantity`), nor does its unit:
    ``5 km``, ``$5`` and ``5`` are equal. An answer with several numbers is wrong. A percent sign
    may be left out, and is a hundredth besides: ``50%`` is ``50`` and ``0.5``. A right answer that
    is no number with a unit at the most, such as a date, a ratio, a pair or a name with a digit,
    goes through `exact`.
    """

    tolerance: float
    """Relative to the right answer, however small that is; 0 is 0 alone."""

    def __call__(self, problem: Problem, text: str) -> Verdict:
        target = _read_right_number(problem)
        if target is None:
            return exact(problem, text)
        answer = final_answer(text, problem.answer) or ""
        quantity = read_quantity(answer)
        if quantity is None:
            return Verdict(0.0, "no number in the answer, or several")

        # Fractions: two decimals that are equal on paper must not differ in binary.
        allowed = Fraction(self.tolerance)
        for value, right in _readings(quantity, target):
            if abs(value - right) <= abs(right) * allowed:
                return Verdict(1.0, "within the tolerance")
        return Verdict(0.0, f"{answer[:40]!r} is not near {problem.answer[:40]!r}")


class NumericConfig(PartConfig):
    """The number of the final answer is near the right one."""

    type: str = "numeric"
    tolerance: Annotated[float, Field(ge=0)] = 1e-6
    """Maximum error, relative to the right answer."""
    answer_pattern: AnswerPattern = None
    """Regular expression whose last match, or its group, is the final answer: "<ans>(.*?)</ans>"."""

    def build(self, context: Any = None) -> Evaluator:
        return with_pattern(per_answer(Numeric(self.tolerance)), self.answer_pattern)

    def applies(self, answer: Answer) -> bool:
        return not answer.problem.tests and _read_right_number(answer.problem) is not None


def _read_right_number(problem: Problem) -> Quantity | None:
    quantity = read_quantity(problem.answer)
    return quantity if quantity and quantity.is_all else None


def _readings(answer: Quantity, right: Quantity) -> list[tuple[Fraction, Fraction]]:
    """The pairs of values that may be compared: two where one of them alone has a percent sign."""
    pairs = [(answer.value, right.value)]
    if answer.has_percent and not right.has_percent:
        pairs.append((answer.value / 100, right.value))
    if right.has_percent and not answer.has_percent:
        pairs.append((answer.value, right.value / 100))
    return pairs
