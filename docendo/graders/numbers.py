"""Answers that are numbers or formulas, compared by value."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from importlib.util import find_spec
from pathlib import Path

from docendo.errors import UserError
from docendo.graders.answer import exact, final_answer
from docendo.records import Answer, Problem, Verdict
from docendo.sandbox import formulas
from docendo.sandbox.worker import CallError, SubprocessWorker

__all__ = ["Numeric", "Symbolic"]

_NUMBER = re.compile(
    r"([-+]?(?:\d[\d,]*\.?\d*|\.\d+)(?:[eE][-+]?\d{1,3})?)(?:\s*/\s*(\d+))?"
)
_LONGEST = 300
_MEMORY = 2**30
"""Bytes that a comparison may take."""
_FORMULAS = Path(formulas.__file__)
_GOOD = re.compile(r"[\w\s+\-*/^().,=\[\]{}\\|<>!%$:;'&~]*")


@dataclass(frozen=True)
class Numeric:
    """1 where the first number of the final answer is within a tolerance of the right one; units are not looked at.

    A right answer that is no number goes through `exact`.
    """

    relative: float = 1e-6
    absolute: float = 0.0

    def __call__(self, problem: Problem, text: str) -> Verdict:
        want = _number(problem.answer)
        if want is None:
            return exact(problem, text)
        got = _number(final_answer(text) or "")
        if got is None:
            return Verdict(0.0, "no number in the answer")
        near = abs(got - want) <= max(
            Fraction(self.absolute), abs(want) * Fraction(self.relative)
        )
        return Verdict(
            float(near),
            "within the tolerance"
            if near
            else f"{float(got):g} is not near {float(want):g}",
        )


def _number(text: str) -> Fraction | None:
    found = _NUMBER.search(text[:_LONGEST].replace("\N{MINUS SIGN}", "-"))
    if not found:
        return None
    try:
        return Fraction(found[1].replace(",", "")) / Fraction(found[2] or 1)
    except (ValueError, ZeroDivisionError):
        return None


@dataclass(frozen=True)
class Symbolic:
    """1 where the final answer equals the right one as mathematics: ``x*(x+1)`` is ``x^2 + x``, ``\\frac12`` is 0.5.

    By math-verify, which reads LaTeX and plain formulas and asks sympy. It works in a process of its own, killed
    after `seconds`, since sympy may not come back. An Evaluator: one process serves all answers. Raises UseError on
    construction where math-verify is not installed.
    """

    seconds: float = 3.0

    def __post_init__(self) -> None:
        if find_spec("math_verify") is None:
            raise UserError(
                "symbolic answers need math-verify; install it with: pip install math-verify"
            )

    def __call__(self, answers: Sequence[Answer]) -> list[Verdict]:
        """One verdict per answer, in order."""
        made = list[SubprocessWorker]()
        try:
            return [self._verdict(made, a) for a in answers]
        finally:
            for errand in made:
                errand.end()

    def _verdict(self, made: list[SubprocessWorker], answer: Answer) -> Verdict:
        """`made` has the process once there is a formula to compare."""
        same, got = exact(answer.problem, answer.text), final_answer(answer.text)
        if same.score or got is None:
            return same
        if len(got) > _LONGEST or not _GOOD.fullmatch(got):
            return Verdict(0.0, "the answer is no formula")
        equal = False
        try:
            if not made:
                made.append(
                    SubprocessWorker(
                        _FORMULAS, "same", "same(want, got)", self.seconds, _MEMORY
                    )
                )
            equal = bool(made[0](answer.problem.answer, got).value)
        except CallError as error:
            if error.late:
                return Verdict(0.0, f"comparing it took more than {self.seconds:g} seconds")
        except (
            UserError
        ):  # math-verify cannot be loaded: nothing is equal but what is the same text
            pass
        return Verdict(
            float(equal), "equal" if equal else f"{got[:60]!r} does not equal the answer"
        )
