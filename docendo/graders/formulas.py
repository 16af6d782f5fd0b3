"""Answers that are formulas, compared as mathematics."""

import re
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field

from docendo import sandbox
from docendo.errors import UserError, require_package
from docendo.graders.answer import exact, final_answer
from docendo.graders.notation import plain, powers_as_exponents
from docendo.graders.patterns import AnswerPattern, with_pattern
from docendo.interfaces import Evaluator
from docendo.parts import PartConfig
from docendo.records import Answer, Verdict
from docendo.sandbox.worker import CallError, SubprocessWorker

__all__ = ["Symbolic", "SymbolicConfig"]

_MAX_ANSWER = 300
"""Characters of an answer that is read as a formula."""
_FORMULAS_FILE = Path(sandbox.__file__).with_name("formulas.py")
"""Not imported: it loads math-verify, which not everybody has."""
_MAX_MEMORY = 2**30
"""Bytes that a comparison of formulas may take."""
_NAMES = (
    "pi|theta|alpha|beta|gamma|delta|lambda|mu|rho|sigma|phi|omega|infty|"
    "sin|cos|tan|cot|sec|csc|arcsin|arccos|arctan|sinh|cosh|tanh|log|ln|exp|sqrt"
)
_NAME = re.compile(rf"(?<![a-zA-Z\\])({_NAMES})(?![a-zA-Z])")
_CHARACTERS = str.maketrans(
    {
        "\u03c0": "pi ",
        "\u03b8": "theta ",
        "\u221e": "infty ",
        "\u221a": "sqrt",
        "\xd7": "*",
        "\xb7": "*",
        "\u22c5": "*",
        "\xf7": "/",
        "\u2264": "<=",
        "\u2265": ">=",
        "\u2248": "=",
    }
)
_FORMULA = re.compile(r"[\w\s+\-*/^().,=\[\]{}\\|<>!%;&]*", re.ASCII)
_EXPONENT = re.compile(r"([0-9]+\.?[0-9]*|\.[0-9]+)[eE]([+-]?[0-9]{1,3})(?!\w)")
_MIXED = re.compile(r"(?<![\w.])([0-9]+)\s+([0-9]+)\s*/\s*([0-9]+)(?![\w.])")
_COMMAND = re.compile(r"\\(?:begin|end)\{\w+\}|\\[a-zA-Z]+")
# A word, a unit after a space, an acronym, "H2O": their letters are no factors.
_WORD = re.compile(r"[a-zA-Z]{4}|[0-9]\s+[a-zA-Z]{2}|[A-Z][a-zA-Z]|[a-zA-Z][A-Z0-9]")
_EQUALS = re.compile(r"(?<![<>!=])=(?!=)|\\approx(?![a-zA-Z])")
_VARIABLE = re.compile(r"\s*\\?[a-zA-Z]+(?:_\w+)?\s*(?:\(\s*\w\s*\)\s*)?")


@dataclass(frozen=True)
class Symbolic:
    """1 where the final answer equals the right one as mathematics: ``x*(x+1)`` is ``x^2 + x``.

    An evaluator: one process with math-verify, which reads LaTeX and plain formulas and asks sympy,
    serves all answers. What is no formula is text: the letters of a word are no factors. Of
    equations, after a name such as ``x =``, every side must equal the right answer. Decimals
    compare by value, and within 2e-6 of it where the other side has none, as 1/3. A percent
    sign may be left out, and is a hundredth besides. Lists without brackets have no order.

    Raises UserError on construction where math-verify is not installed.
    """

    seconds: float
    """The process is killed after that time for one answer, since sympy may not come back."""

    def __post_init__(self) -> None:
        require_package("math_verify", "symbolic answers", "judging")

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
        written = final_answer(answer.text, answer.problem.answer)
        if verdict.score or written is None or len(written) > _MAX_ANSWER:
            return verdict
        formula, right = (_tidy(text) for text in (written, answer.problem.answer))
        if not (_is_formula(formula) and _is_formula(right)):
            return Verdict(0.0, f"{verdict.reason}, and one of them is no formula")

        # Only now: an answer that is right as text needs no process, and sympy loads for seconds.
        try:
            pairs = _pair_sides(right, formula)
            if all(start_worker()(*map(_as_latex, pair)).value for pair in pairs):
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
    answer_pattern: AnswerPattern = None
    """Regular expression whose last match, or its group, is the final answer: "<ans>(.*?)</ans>"."""

    def build(self, context: Any = None) -> Evaluator:
        return with_pattern(Symbolic(self.seconds), self.answer_pattern)

    def applies(self, answer: Answer) -> bool:
        return bool(answer.problem.answer or answer.problem.tests)


def _tidy(text: str) -> str:
    # Dollars would end one formula and begin another.
    formula = plain(text).translate(_CHARACTERS).replace("$", " ")
    return powers_as_exponents(formula).strip(" `'\"").removesuffix(".").strip()


def _is_formula(text: str) -> bool:
    """Whether a text is mathematics, and no word, name or strand."""
    if len(text) > _MAX_ANSWER or not _FORMULA.fullmatch(text):
        return False
    rest = _NAME.sub(" ", _COMMAND.sub(" ", _EXPONENT.sub("1", text)))
    if _WORD.search(rest):
        return False
    # "x - y" is a formula; "co-op" is none.
    if re.search("[a-zA-Z]{2}", rest):
        return re.search(r"[0-9^*/=(]", rest) is not None
    return rest != text or re.search(r"[0-9^*/=(+<>-]", rest) is not None


def _as_latex(text: str) -> str:
    """LaTeX for a plain formula: ``x^{10}`` for ``x**10``, and ``\\pi`` for ``pi``."""
    latex = _EXPONENT.sub(r"(\1\\cdot 10^{\2})", text.replace("**", "^"))
    latex = _MIXED.sub(r"(\1+\2/\3)", latex)
    latex = re.sub(r"\^\s*(?:\(([^()]*)\)|([+-]?[0-9.]+))", r"^{\1\2}", latex)
    root = r"(?<![a-zA-Z\\])sqrt\s*(?:\(((?:[^()]|\([^()]*\))*)\)|([0-9]+))"
    latex = re.sub(root, r"\\sqrt{\1\2}", latex)
    return _NAME.sub(r"\\\1 ", latex)


def _pair_sides(right: str, formula: str) -> list[tuple[str, str]]:
    """What must be equal: the right answer and each side of the other, less the name before ``=``."""
    right_sides, sides = _EQUALS.split(right), _EQUALS.split(formula)
    is_list = re.search("[,;]", right + formula)
    if is_list or (len(right_sides) == 2 and len(sides) == 2):
        return [(right, formula)]

    if len(right_sides) == 2 and _VARIABLE.fullmatch(right_sides[0]):
        if len(sides) > 1 and sides[0].strip() != right_sides[0].strip():
            return [(right, formula)]
        right = right_sides[1]
    if len(sides) > 1 and _VARIABLE.fullmatch(sides[0]):
        sides = sides[1:]
    return [(right, side) for side in sides]
