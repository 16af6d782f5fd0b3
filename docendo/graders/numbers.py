"""Answers that are numbers or formulas, compared by value."""

import json
import re
import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from fractions import Fraction
from functools import partial
from importlib.util import find_spec
from subprocess import DEVNULL, PIPE, Popen

from docendo.errors import UseError
from docendo.graders.grading import exact, final_answer
from docendo.records import Answer, Problem, Verdict

__all__ = ["Numeric", "Symbolic", "compare"]

_NUMBER = re.compile(r"([-+]?(?:\d[\d,]*\.?\d*|\.\d+)(?:[eE][-+]?\d{1,3})?)(?:\s*/\s*(\d+))?")
_LONGEST = 300
_START, _MEMORY = 60.0, 2**30
"""Seconds that the libraries may take to load, and bytes that a comparison may."""
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
        near = abs(got - want) <= max(Fraction(self.absolute), abs(want) * Fraction(self.relative))
        return Verdict(float(near), "within the tolerance" if near else f"{float(got):g} is not near {float(want):g}")


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
            raise UseError("symbolic answers need math-verify; install it with: pip install math-verify")

    def __call__(self, answers: Sequence[Answer]) -> list[Verdict]:
        """One verdict per answer, in order."""
        with ThreadPoolExecutor(1) as reader:
            worker = _Worker(reader)
            try:
                return [self._verdict(worker, a) for a in answers]
            finally:
                worker.end()

    def _verdict(self, worker: "_Worker", answer: Answer) -> Verdict:
        same, got = exact(answer.problem, answer.text), final_answer(answer.text)
        if same.score or got is None:
            return same
        if len(got) > _LONGEST or not _GOOD.fullmatch(got):
            return Verdict(0.0, "the answer is no formula")
        try:
            equal = worker.ask([answer.problem.answer, got], self.seconds)
        except TimeoutError:
            return Verdict(0.0, f"comparing it took more than {self.seconds:g} seconds")
        return Verdict(float(equal == "yes"), "equal" if equal == "yes" else f"{got[:60]!r} does not equal the answer")


class _Worker:
    """The process that compares; started when it is needed, and again after it was killed."""

    def __init__(self, reader: ThreadPoolExecutor) -> None:
        self._reader = reader
        self._process: Popen[str] | None = None

    def ask(self, sides: Sequence[str], seconds: float) -> str:
        """``yes``, ``no``, or empty where it broke. Raises TimeoutError, and then the process is gone."""
        if self._process is None:
            command = [sys.executable, "-c", "from docendo.graders.numbers import compare; compare()"]
            self._process = Popen(command, stdin=PIPE, stdout=PIPE, stderr=DEVNULL, text=True)  # noqa: S603
            self._told(["x(x + 1)", "x^2 + x"], _START)  # what loads with the first formula is no answer's fault
        return self._told(sides, seconds)

    def _told(self, sides: Sequence[str], seconds: float) -> str:
        process = self._process
        if process is None or process.stdin is None or process.stdout is None:
            return ""
        try:
            process.stdin.write(json.dumps(sides) + "\n")
            process.stdin.flush()
            found = self._reader.submit(process.stdout.readline).result(seconds).strip()
        except (TimeoutError, BrokenPipeError):
            self.end()
            raise TimeoutError from None
        if not found:
            self.end()
        return found

    def end(self) -> None:
        """Kill it and wait for its end."""
        process, self._process = self._process, None
        if process is not None:
            process.kill()
            process.communicate()


def compare() -> None:
    """The worker's loop: pairs of formulas as lines of JSON on standard input, ``yes`` or ``no`` on standard output."""
    import logging

    from math_verify import LatexExtractionConfig, parse, verify

    logging.disable(logging.CRITICAL)
    with suppress(ImportError):
        import resource

        resource.setrlimit(resource.RLIMIT_DATA, (_MEMORY, _MEMORY))
    read = partial(parse, extraction_config=[LatexExtractionConfig()], parsing_timeout=None)
    for line in sys.stdin:
        want, got = (read(f"${side}$") for side in json.loads(line))
        sys.stdout.write("yes\n" if want and got and verify(want, got, timeout_seconds=None) else "no\n")
        sys.stdout.flush()
