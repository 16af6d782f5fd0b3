"""Answers that are numbers or formulas, compared by value."""

import re
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from fractions import Fraction
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field

from docendo.errors import UserError
from docendo.graders.answer import exact, final_answer
from docendo.parts import PartConfig
from docendo.records import Answer, Problem, Verdict
from docendo.sandbox import formulas
from docendo.sandbox.worker import CallError, SubprocessWorker

__all__ = ["Numeric", "NumericConfig", "Symbolic", "SymbolicConfig"]

_NUMBER = re.compile(
    r"([-+]?(?:\d[\d,]*\.?\d*|\.\d+)(?:[eE][-+]?\d{1,3})?)(?:\s*/\s*(\d+))?"
)
_MAX_ANSWER = 300
"""Characters of an answer that is read."""
_FORMULA = re.compile(r"[\w\s+\-*/^().,=\[\]{}\\|<>!%$:;'&~]*")
_FORMULAS_FILE = Path(formulas.__file__)
_MAX_MEMORY = 2**30
"""Bytes that a comparison of formulas may take."""


@dataclass(frozen=True)
class Numeric:
    """1 where the first number of the final answer is within a tolerance of the right one.

    Units are not read. A right answer that is no number goes through `exact`.
    """

    tolerance: float
    """Relative to the right answer."""

    def __call__(self, problem: Problem, text: str) -> Verdict:
        target = _parse_number(problem.answer)
        if target is None:
            return exact(problem, text)
        value = _parse_number(final_answer(text) or "")
        if value is None:
            return Verdict(0.0, "no number in the answer")

        # Fractions: two decimals that are equal on paper must not differ in binary.
        if abs(value - target) <= abs(target) * Fraction(self.tolerance):
            return Verdict(1.0, "within the tolerance")
        return Verdict(0.0, f"{float(value):g} is not near {float(target):g}")


class NumericConfig(PartConfig):
    """The first number of the final answer is near the right one."""

    type: str = "numeric"
    tolerance: Annotated[float, Field(ge=0)] = 1e-6
    """Maximum error, relative to the right answer."""

    def build(self, context: Any = None) -> Numeric:
        return Numeric(self.tolerance)

    def applies(self, answer: Answer) -> bool:
        problem = answer.problem
        has_number = any(character.isdigit() for character in problem.answer)
        return has_number and not problem.tests


def _parse_number(text: str) -> Fraction | None:
    match = _NUMBER.search(text[:_MAX_ANSWER].replace("\N{MINUS SIGN}", "-"))
    if not match:
        return None
    numerator, denominator = match.groups()
    try:
        return Fraction(numerator.replace(",", "")) / Fraction(denominator or 1)
    except (ValueError, ZeroDivisionError):
        return None


@dataclass(frozen=True)
class Symbolic:
    """1 where the final answer equals the right one as mathematics: ``x*(x+1)`` is ``x^2 + x``.

    An evaluator: one process with math-verify, which reads LaTeX and plain formulas and asks sympy,
    serves all answers. Raises UserError on construction where math-verify is not installed.
    """

    seconds: float
    """The process is killed after that time for one answer, since sympy may not come back."""

    def __post_init__(self) -> None:
        if find_spec("math_verify") is None:
            raise UserError(
                "symbolic answers need math-verify; install it with: pip install math-verify"
            )

    def __call__(self, answers: Sequence[Answer]) -> list[Verdict]:
        """One verdict per answer, in order."""
        with ExitStack() as stack:

            @cache
            def start_worker() -> SubprocessWorker:
                worker = SubprocessWorker(
                    _FORMULAS_FILE, "same", "same(first, second)", self.seconds, _MAX_MEMORY
                )
                stack.callback(worker.end)
                return worker

            return [self._grade(start_worker, answer) for answer in answers]

    def _grade(
        self, start_worker: Callable[[], SubprocessWorker], answer: Answer
    ) -> Verdict:
        verdict = exact(answer.problem, answer.text)
        formula = final_answer(answer.text)
        if verdict.score or formula is None:
            return verdict
        if len(formula) > _MAX_ANSWER or not _FORMULA.fullmatch(formula):
            return Verdict(0.0, "the answer is no formula")

        # Only now: an answer that is right as text needs no process, and sympy loads for seconds.
        try:
            if start_worker()(answer.problem.answer, formula).value:
                return Verdict(1.0, "equal")
        except (CallError, UserError) as error:
            if isinstance(error, CallError) and error.is_timeout:
                return Verdict(0.0, f"comparing it took more than {self.seconds:g} seconds")

        return Verdict(0.0, f"{formula[:60]!r} does not equal the answer")


class SymbolicConfig(PartConfig):
    """The final answer equals the right one as a formula."""

    type: str = "symbolic"
    seconds: Annotated[float, Field(gt=0, le=600)] = 2.0
    """Time limit for one answer, in seconds."""

    def build(self, context: Any = None) -> Symbolic:
        return Symbolic(self.seconds)

    def applies(self, answer: Answer) -> bool:
        return bool(answer.problem.answer or answer.problem.tests)
