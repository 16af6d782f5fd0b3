"""A problem's tests, in Monty's sandbox or in a real Python: the same lines and the same rule."""

import json
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field

from docendo.graders.answer import UnitTestGrader, parallel, per_answer
from docendo.interfaces import Evaluator
from docendo.parts import PartConfig
from docendo.records import Answer, Problem, Verdict
from docendo.sandbox import harness
from docendo.sandbox.isolated import IsolatedSandbox
from docendo.sandbox.monty import Outcome, Sandbox
from docendo.sandbox.spec import Limits, Program, interpreter

__all__ = ["CPython", "CPythonTestGrader", "UnitTestConfig"]


@dataclass(frozen=True)
class CPython:
    """Runs a program in this Python, without its installed packages, and then calls into it."""

    sandbox: IsolatedSandbox

    def __call__(self, code: str, calls: Sequence[str] = ()) -> Outcome:
        """The value of each of `calls` after `code`, as text; see `Sandbox`.

        Never raises for what `code` does. A value counts only where it is made of Python's own
        types. Raises RunError where the sandbox cannot start.
        """
        # The program prints to the same stream. It cannot guess the mark of the harness's lines.
        mark = secrets.token_hex(8)
        order = json.dumps({"code": code, "calls": list(calls), "mark": mark})
        python, toolchain = interpreter()
        program = Program(
            (*python, "caller.py"),
            {"caller.py": _read_harness()},
            order.encode(),
            toolchain,
        )
        result = self.sandbox(program)

        values = _read_values(result.out, mark)[: len(calls)]
        if result.ok and len(values) == len(calls):
            return Outcome(True, values)
        reason = _last_line(result.err) or f"the program {result.reason or 'stopped early'}"
        return Outcome(False, values, reason)


@dataclass(frozen=True)
class CPythonTestGrader:
    """1 where the program in a text passes every test of the problem in a real Python.

    All else is as in `UnitTestGrader`: the expected values stay in this process.
    """

    sandbox: IsolatedSandbox

    def __call__(self, problem: Problem, text: str) -> Verdict:
        return UnitTestGrader(CPython(self.sandbox))(problem, text)


class UnitTestConfig(PartConfig):
    """The program in an answer passes the problem's tests."""

    type: str = "tests"
    mode: Literal["monty", "cpython"] = "monty"
    """Interpreter. "monty": Monty's sandbox. "cpython": a real Python in isolation."""
    seconds: Annotated[float, Field(gt=0, le=600)] = 2.0
    """Time limit for one answer, in seconds."""
    unsafe: Literal["", "subprocess-with-limits-only"] = ""
    """For "cpython": "subprocess-with-limits-only" accepts that programs run without
    isolation. Empty: refused."""

    def build(self, context: Any = None) -> Evaluator:
        if self.mode == "monty":
            return per_answer(UnitTestGrader(Sandbox(seconds=self.seconds)))
        limits = Limits(seconds=self.seconds)
        sandbox = IsolatedSandbox(limits, allow_unsafe=bool(self.unsafe))
        return parallel(CPythonTestGrader(sandbox))

    def applies(self, answer: Answer) -> bool:
        return bool(answer.problem.tests)


@cache
def _read_harness() -> bytes:
    return Path(harness.__file__).read_bytes()


def _read_values(out: bytes, mark: str) -> tuple[str, ...]:
    values = []
    for line in out.decode(errors="replace").split("\n"):
        word, _, rest = line.partition(" ")
        value = _parse_text(rest) if word == mark else None
        if value is not None:
            values.append(value)
    return tuple(values)


def _parse_text(line: str) -> str | None:
    """The text that is written as JSON; None for anything else."""
    try:
        text = json.loads(line)
    except (ValueError, RecursionError):
        return None
    return text if isinstance(text, str) else None


def _last_line(err: bytes) -> str:
    lines = err.decode(errors="replace").strip().splitlines()
    return lines[-1].strip()[:100] if lines else ""
