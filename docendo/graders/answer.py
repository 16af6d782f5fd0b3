"""Graders: ``(problem, text) -> Verdict``. They read whatever a model wrote and never raise because of it."""

import ast
import os
import re
from collections.abc import Collection, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from fractions import Fraction
from traceback import format_exception_only
from typing import NamedTuple, Protocol

from docendo.errors import RunError, UserError
from docendo.interfaces import Evaluator, Grader
from docendo.records import Answer, Problem, Verdict
from docendo.sandbox.monty import Outcome

__all__ = [
    "Case",
    "Runner",
    "UnitTestGrader",
    "exact",
    "extract_program",
    "final_answer",
    "has_answer_line",
    "never_raises",
    "parallel",
    "per_answer",
    "read_test",
    "run_calls",
]

_MAX_BARE_ANSWER = 40
"""Characters of a text without an answer line that is an answer itself."""
_MAX_ANSWER = 200
_MAX_PROGRAM = 2000
_MAX_TEST = 1000
_ANSWER_LINE = re.compile(r"\s*(?:\*\*)?answer(?:\*\*)?\s*:", re.IGNORECASE)
_NUMBER = re.compile(
    r"[+-]?(?:(?:0|[1-9][0-9]*|[1-9][0-9]{0,2}(?:,[0-9]{3})+)(?:\.[0-9]+)?|\.[0-9]+)%?"
)
_PYTHON = {"", "py", "python", "python3"}


def final_answer(text: str) -> str | None:
    """What follows the last ``Answer:`` that begins a line, to the end of the line; None where that is empty.

    Without such a line: all of `text` where it is one line of at most 40 characters, else None.
    """
    lines = _lines_after_mark(text)
    if lines is not None:
        return _strip_bold(lines[0]) or None

    bare = text.strip()
    if not bare or len(bare) > _MAX_BARE_ANSWER or len(bare.splitlines()) > 1:
        return None
    return bare


def has_answer_line(text: str) -> bool:
    """Whether a line of `text` starts with ``Answer:``."""
    return _lines_after_mark(text) is not None


def extract_program(text: str, names: Collection[str] = _PYTHON) -> str | None:
    """The last closed ``` block of `text`, else all that follows its last ``Answer:``, else all of it.

    A first line of the block that is one of `names`, in lower case, is the language and no part of
    the program.
    """
    blocks = text.split("```")[1:-1:2]
    if blocks:
        first_line, _, rest = blocks[-1].partition("\n")
        names_language = first_line.strip().lower() in names
        return (rest if names_language else blocks[-1]).strip("\n") or None

    lines = _lines_after_mark(text)
    code = text if lines is None else "\n".join(lines)
    return _strip_bold(code).strip("`") or None


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
    if len(answer) > _MAX_ANSWER:
        return Verdict(0.0, f"the answer is longer than {_MAX_ANSWER} characters")

    normal = _normalize(answer)
    if normal != "" and normal == _normalize(problem.answer):
        return Verdict(1.0, "right")
    return Verdict(0.0, f"{answer!r} is not the answer")


class Case(NamedTuple):
    """One line of `Problem.tests`, read."""

    function: str
    arity: int
    call: str
    want: str
    """The ``repr`` of the value that the call must have."""


def read_test(line: str) -> Case:
    """The case that ``f(3) == 7`` states: a call with literal arguments, and the literal it must equal.

    Literals are those of ``ast.literal_eval`` less sets, whose ``repr`` has no order. Raises
    UserError for other lines.
    """
    try:
        case = _parse_test(line) if len(line) <= _MAX_TEST else None
    except (SyntaxError, ValueError, TypeError, RecursionError, MemoryError):
        case = None
    if case is None:
        raise UserError(
            f"a test reads like 'f(3) == 7', a call and a literal; got {line[:60]!r}"
        )
    return case


def _parse_test(line: str) -> Case | None:
    """None for an expression of another form. Raises what `ast` raises for anything else."""
    tree = ast.parse(line, mode="eval").body
    if any(isinstance(node, ast.Set) for node in ast.walk(tree)):
        return None
    match tree:
        case ast.Compare(ast.Call(ast.Name(name), arguments, []), [ast.Eq()], [want]):
            literals = [repr(ast.literal_eval(argument)) for argument in arguments]
            call = f"{name}({', '.join(literals)})"
            return Case(name, len(arguments), call, repr(ast.literal_eval(want)))
    return None


class Runner(Protocol):
    def __call__(self, code: str, calls: Sequence[str] = ()) -> Outcome:
        """The value of each of `calls` after `code`, as text. Never raises for what `code` does."""
        ...


@dataclass(frozen=True)
class UnitTestGrader:
    """1 where the program in a text passes every test of the problem.

    Problems without tests go through `exact`. The expected values stay in this process: the sandbox
    sees the calls alone, after the candidate's program, and gives back text. So a program can pass
    only by working out each value; nothing it redefines or prints is believed. A bare expression in
    x (in x, y and z for more arguments) stands for the body of the function under test.
    """

    run: Runner

    def __call__(self, problem: Problem, text: str) -> Verdict:
        if not problem.tests:
            return exact(problem, text)
        code = extract_program(text)
        if code is None:
            return Verdict(0.0, "no answer")
        if len(code) > _MAX_PROGRAM:
            return Verdict(0.0, f"the program is longer than {_MAX_PROGRAM} characters")
        try:
            cases = [read_test(line) for line in problem.tests]
        except UserError as error:
            return Verdict(0.0, str(error))

        outcome = self.run(_define(code, cases[0]), [case.call for case in cases])
        for case, value in zip(cases, outcome.values, strict=False):
            if value != case.want:
                return Verdict(
                    0.0, f"{case.call[:60]} gave {value[:60]}, not {case.want[:60]}"
                )
        if not outcome.ok or len(outcome.values) != len(cases):
            return Verdict(0.0, outcome.reason)
        return Verdict(1.0, "passes every test")


def run_calls(run: Runner, text: str, cases: Sequence[Case]) -> tuple[str, ...]:
    """The ``repr`` of what the program in `text` gives for each call, up to the first that fails."""
    code = extract_program(text)
    if code is None or len(code) > _MAX_PROGRAM or not cases:
        return ()
    return run(_define(code, cases[0]), [case.call for case in cases]).values


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


def _lines_after_mark(text: str) -> list[str] | None:
    """What follows the last ``Answer:`` that begins a line: the rest of its line, and all others."""
    lines = text.splitlines()
    for row in reversed(range(len(lines))):
        if match := _ANSWER_LINE.match(lines[row]):
            return [lines[row][match.end() :], *lines[row + 1 :]]
    return None


def _strip_bold(text: str) -> str:
    return text.strip().removeprefix("**").removesuffix("**").strip()


def _normalize(answer: str) -> str | Fraction:
    """A number for what reads as a decimal, else the text that is compared."""
    text = " ".join(answer.replace("\N{MINUS SIGN}", "-").split())
    text = text.removesuffix(".").strip(" \"'`$").casefold()
    if _NUMBER.fullmatch(text):
        return Fraction(text.replace(",", "").removesuffix("%"))
    return re.sub(r"(?<![0-9]) | (?![0-9])", "", text)


def _define(code: str, case: Case) -> str:
    """A program that defines the function under test, also for a lambda or a bare expression."""
    name = case.function
    if re.search(rf"^\s*def\s+{name}\b|^{name}\s*=(?!=)", code, re.MULTILINE):
        return code
    if code.startswith("lambda"):
        return f"{name} = (\n{code}\n)"
    parameters = ", ".join("xyz"[: case.arity])
    return f"def {name}({parameters}):\n    return (\n{code}\n)"
