"""What the final answer of a text is, whether it is the right one, and how graders become evaluators."""

import os
import re
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from fractions import Fraction
from traceback import format_exception_only

from docendo.errors import RunError
from docendo.interfaces import Evaluator, Grader
from docendo.records import Answer, Problem, Verdict

__all__ = [
    "exact",
    "final_answer",
    "has_answer_line",
    "lines_after_mark",
    "never_raises",
    "parallel",
    "per_answer",
    "strip_bold",
]

_MAX_BARE_ANSWER = 40
"""Characters of a text without an answer line that is an answer itself."""
_MAX_ANSWER = 200
_ANSWER_LINE = re.compile(r"\s*(?:\*\*)?answer(?:\*\*)?\s*:", re.IGNORECASE)
_NUMBER = re.compile(
    r"[+-]?(?:(?:0|[1-9][0-9]*|[1-9][0-9]{0,2}(?:,[0-9]{3})+)(?:\.[0-9]+)?|\.[0-9]+)%?"
)


def final_answer(text: str) -> str | None:
    """What follows the last ``Answer:`` that begins a line, to the end of the line; None where that is empty.

    Without such a line: all of `text` where it is one line of at most 40 characters, else None.
    """
    lines = lines_after_mark(text)
    if lines is not None:
        return strip_bold(lines[0]) or None

    bare = text.strip()
    if not bare or len(bare) > _MAX_BARE_ANSWER or len(bare.splitlines()) > 1:
        return None
    return bare


def has_answer_line(text: str) -> bool:
    """Whether a line of `text` starts with ``Answer:``."""
    return lines_after_mark(text) is not None


def exact(problem: Problem, text: str) -> Verdict:
    """1 where the final answer of `text` is `problem.answer`, else 0.

    Case, one trailing period, surrounding quotes, backticks and $, and all space but that between
    two digits are ignored. Decimal numbers compare by value: ``85.0`` is ``85``, ``1,000`` is
    ``1000``, and a percent sign is a unit that may be left out. Anything else is text: ``2/4`` is
    not ``1/2``, ``0.5`` is not ``1/2``, ``007`` is not ``7``.
    """
    answer = final_answer(text)
    if answer is None:
        return Verdict(0.0, "no answer")
    # Python refuses to read numbers of thousands of digits, and takes quadratic time for others.
    if len(answer) > _MAX_ANSWER:
        return Verdict(0.0, f"the answer is longer than {_MAX_ANSWER} characters")

    # Else quotes alone would be right where a problem has no answer.
    normal = _normalize(answer)
    if normal != "" and normal == _normalize(problem.answer):
        return Verdict(1.0, "right")
    return Verdict(0.0, f"{answer!r} is not the answer")


def never_raises(grader: Grader) -> Grader:
    """`grader` with ``Verdict(0.0, "grader failed: ...")`` where it would raise or score outside [0, 1].

    Only RunError goes through: it says that the run cannot go on, and is not about the text.
    """

    def grade(problem: Problem, text: str) -> Verdict:
        try:
            score, reason = grader(problem, text)
            if not 0 <= score <= 1:
                return Verdict(
                    0.0, f"grader failed: score {score!r} is not between 0 and 1"
                )
            return Verdict(float(score), str(reason))
        except RunError:
            raise
        except (Exception, SystemExit) as error:  # noqa: BLE001
            message = format_exception_only(error)[-1].strip()[:200]
            return Verdict(0.0, f"grader failed: {message}")

    return grade


def per_answer(grader: Grader) -> Evaluator:
    """The evaluator that grades one answer after the other; 0 where the grader fails."""
    grade = never_raises(grader)

    def evaluate(answers: Sequence[Answer]) -> list[Verdict]:
        return [grade(answer.problem, answer.text) for answer in answers]

    return evaluate


def parallel(grader: Grader, workers: int | None = None) -> Evaluator:
    """Like `per_answer`, but `workers` answers at a time (None: one per core).

    For graders that wait for another process.
    """
    grade = never_raises(grader)

    def evaluate(answers: Sequence[Answer]) -> list[Verdict]:
        problems = [answer.problem for answer in answers]
        texts = [answer.text for answer in answers]
        with ThreadPoolExecutor(workers or os.cpu_count() or 1) as pool:
            return list(pool.map(grade, problems, texts))

    return evaluate


def lines_after_mark(text: str) -> list[str] | None:
    """What follows the last ``Answer:`` that begins a line: the rest of its line, and all others."""
    # A text may come to another answer and then correct it: the last one counts.
    lines = text.splitlines()
    for row in reversed(range(len(lines))):
        if match := _ANSWER_LINE.match(lines[row]):
            return [lines[row][match.end() :], *lines[row + 1 :]]
    return None


def strip_bold(text: str) -> str:
    return text.strip().removeprefix("**").removesuffix("**").strip()


def _normalize(answer: str) -> str | Fraction:
    """A number for what reads as a decimal, else the text that is compared."""
    text = " ".join(answer.replace("\N{MINUS SIGN}", "-").split())
    text = text.removesuffix(".").strip(" \"'`$").casefold()
    # Fractions: 0.10 and 0.1 are one number, and no two decimals are made equal by rounding.
    if _NUMBER.fullmatch(text):
        return Fraction(text.replace(",", "").removesuffix("%"))
    return re.sub(r"(?<![0-9]) | (?![0-9])", "", text)
