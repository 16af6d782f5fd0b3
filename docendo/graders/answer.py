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

_SHORT, _LONGEST_ANSWER, _LONGEST_PROGRAM, _LONGEST_TEST = 40, 200, 2000, 1000
_MARK = re.compile(r"\s*(?:\*\*)?answer(?:\*\*)?\s*:", re.IGNORECASE)
_NUMBER = re.compile(
    r"[+-]?(?:(?:0|[1-9][0-9]*|[1-9][0-9]{0,2}(?:,[0-9]{3})+)(?:\.[0-9]+)?|\.[0-9]+)%?"
)
_PYTHON = {"", "py", "python", "python3"}


def final_answer(text: str) -> str | None:
    """What follows the last line that starts with ``Answer:``, to the end of that line; None where that is empty.

    Without such a line: all of `text` where it is one line of at most 40 characters, else None.
    """
    following = _after_mark(text)
    if following is not None:
        return _unwrapped(following[0]) or None
    whole = text.strip()
    return (
        whole if whole and len(whole) <= _SHORT and len(whole.splitlines()) == 1 else None
    )


def has_answer_line(text: str) -> bool:
    """Whether a line of `text` starts with ``Answer:``."""
    return _after_mark(text) is not None


def extract_program(text: str, names: Collection[str] = _PYTHON) -> str | None:
    """The last closed ``` block of `text`, else all that follows its last ``Answer:``, else all of it.

    A first line of the block that is one of `names`, in lower case, is the language and no part of the program.
    """
    blocks = text.split("```")[1:-1:2]
    if blocks:
        first, _, rest = blocks[-1].partition("\n")
        return (rest if first.strip().lower() in names else blocks[-1]).strip("\n") or None
    following = _after_mark(text)
    return (
        _unwrapped("\n".join(following) if following is not None else text).strip("`")
        or None
    )


def exact(problem: Problem, text: str) -> Verdict:
    """1 where the final answer of `text` is `problem.answer`, else 0.

    Case, one trailing period, surrounding quotes, backticks and $, and all space but that between two digits are
    ignored. Decimal numbers compare by value: ``85.0`` is ``85``, ``1,000`` is ``1000``, and a percent sign is a unit
    that may be left out. Anything else is text: ``2/4`` is not ``1/2``, ``0.5`` is not ``1/2``, ``007`` is not ``7``.
    """
    answer = final_answer(text)
    if answer is None:
        return Verdict(0.0, "no answer")
    if len(answer) > _LONGEST_ANSWER:
        return Verdict(0.0, f"the answer is longer than {_LONGEST_ANSWER} characters")
    got = _normal(answer)
    if got != "" and got == _normal(problem.answer):
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

    Literals are those of ``ast.literal_eval`` less sets, whose ``repr`` has no order. Raises UseError for other lines.
    """
    try:
        tree = ast.parse(line[: _LONGEST_TEST + 1], mode="eval").body
        if len(line) <= _LONGEST_TEST and not any(
            isinstance(node, ast.Set) for node in ast.walk(tree)
        ):
            match tree:
                case ast.Compare(
                    ast.Call(ast.Name(name), arguments, []), [ast.Eq()], [want]
                ):
                    call = f"{name}({', '.join(repr(ast.literal_eval(argument)) for argument in arguments)})"
                    return Case(name, len(arguments), call, repr(ast.literal_eval(want)))
    except (SyntaxError, ValueError, TypeError, RecursionError, MemoryError):
        pass
    raise UserError(
        f"a test reads like 'f(3) == 7', a call and a literal; got {line[:60]!r}"
    )


class Runner(Protocol):
    def __call__(self, code: str, calls: Sequence[str] = ()) -> Outcome:
        """The value of each of `calls` after `code`, as text. Never raises for what `code` does."""
        ...


@dataclass(frozen=True)
class UnitTestGrader:
    """1 where the program in a text passes every test of the problem. Problems without tests go through `exact`.

    The expected values stay in this process: the sandbox sees the calls alone, after the candidate's program, and
    gives back text. So a program can pass only by working out each value; nothing it redefines or prints is believed.
    A bare expression in x (in x, y and z for more arguments) stands for the body of the function under test.
    """

    run: Runner

    def __call__(self, problem: Problem, text: str) -> Verdict:
        if not problem.tests:
            return exact(problem, text)
        code = extract_program(text)
        if code is None:
            return Verdict(0.0, "no answer")
        if len(code) > _LONGEST_PROGRAM:
            return Verdict(0.0, f"the program is longer than {_LONGEST_PROGRAM} characters")
        try:
            cases = [read_test(line) for line in problem.tests]
        except UserError as error:
            return Verdict(0.0, str(error))
        outcome = self.run(_defining(code, cases[0]), [case.call for case in cases])
        for case, value in zip(cases, outcome.values, strict=False):
            if value != case.want:
                return Verdict(
                    0.0, f"{case.call[:60]} gave {value[:60]}, not {case.want[:60]}"
                )
        if not outcome.ok or len(outcome.values) != len(cases):
            return Verdict(0.0, outcome.reason)
        return Verdict(1.0, "passes every test")


def run_calls(run: Runner, text: str, cases: Sequence[Case]) -> tuple[str, ...]:
    """The ``repr`` of what the program in `text` gives for the call of each of `cases`, up to the first that fails."""
    code = extract_program(text)
    if code is None or len(code) > _LONGEST_PROGRAM or not cases:
        return ()
    return run(_defining(code, cases[0]), [case.call for case in cases]).values


def never_raises(grader: Grader) -> Grader:
    """`grader` that gives ``Verdict(0.0, "grader failed: ...")`` where it would raise or its score is not in [0, 1].

    RunError alone goes through: it says that the run cannot go on, and is not about the text.
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
            return Verdict(
                0.0, f"grader failed: {format_exception_only(error)[-1].strip()[:200]}"
            )

    return grade


def per_answer(grader: Grader) -> Evaluator:
    """The evaluator that grades one answer after the other, by `grader` where it keeps its promise and 0 else."""
    grade = never_raises(grader)

    def evaluate(answers: Sequence[Answer]) -> list[Verdict]:
        return [grade(a.problem, a.text) for a in answers]

    return evaluate


def parallel(grader: Grader, workers: int | None = None) -> Evaluator:
    """As `each`, but `workers` answers at a time (None: one per core): for graders that wait for another process."""
    grade = never_raises(grader)

    def evaluate(answers: Sequence[Answer]) -> list[Verdict]:
        with ThreadPoolExecutor(workers or os.cpu_count() or 1) as pool:
            return list(pool.map(lambda a: grade(a.problem, a.text), answers))

    return evaluate


def _after_mark(text: str) -> list[str] | None:
    lines = text.splitlines()
    for row in range(len(lines) - 1, -1, -1):
        if mark := _MARK.match(lines[row]):
            return [lines[row][mark.end() :], *lines[row + 1 :]]
    return None


def _unwrapped(text: str) -> str:
    return text.strip().removeprefix("**").removesuffix("**").strip()


def _normal(answer: str) -> str | Fraction:
    text = (
        " ".join(answer.replace("\N{MINUS SIGN}", "-").split())
        .removesuffix(".")
        .strip(" \"'`$")
        .casefold()
    )
    if _NUMBER.fullmatch(text):
        return Fraction(text.replace(",", "").removesuffix("%"))
    return re.sub(r"(?<![0-9]) | (?![0-9])", "", text)


def _defining(code: str, case: Case) -> str:
    if re.search(
        rf"^\s*def\s+{case.function}\b|^{case.function}\s*=(?!=)", code, re.MULTILINE
    ):
        return code
    if code.startswith("lambda"):
        return f"{case.function} = (\n{code}\n)"
    return (
        f"def {case.function}({', '.join('xyz'[: case.arity])}):\n    return (\n{code}\n)"
    )
