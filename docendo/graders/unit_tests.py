"""A problem's tests in a real Python: the same lines, the same rule, and all of the language."""

import json
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from docendo.graders.answer import UnitTestGrader
from docendo.records import Problem, Verdict
from docendo.sandbox import harness
from docendo.sandbox.isolated import IsolatedSandbox
from docendo.sandbox.monty import Outcome
from docendo.sandbox.spec import Program, interpreter

__all__ = ["CPython", "CPythonTestGrader"]


@dataclass(frozen=True)
class CPython:
    """Runs a program in this Python, without its installed packages, and then calls into it."""

    jail: IsolatedSandbox

    def __call__(self, code: str, calls: Sequence[str] = ()) -> Outcome:
        """The value of each of `calls` after `code`, as text; see `Sandbox`. Never raises for what `code` does.

        A value counts only where it is made of Python's own types. RunError where the jail cannot start.
        """
        mark = secrets.token_hex(8)
        order = json.dumps({"code": code, "calls": list(calls), "mark": mark})
        python, toolchain = interpreter()
        ended = self.jail(
            Program(
                (*python, "caller.py"), {"caller.py": _caller()}, order.encode(), toolchain
            )
        )
        values = _values(ended.out, mark)[: len(calls)]
        if ended.ok and len(values) == len(calls):
            return Outcome(True, values)
        return Outcome(
            False,
            values,
            _last_line(ended.err) or f"the program {ended.reason or 'stopped early'}",
        )


@dataclass(frozen=True)
class CPythonTestGrader:
    """1 where the program in a text passes every test of the problem in a real Python. Else, and without tests, as
    `ByTests`: what each call must give stays in this process, so a program passes only by working it out."""

    jail: IsolatedSandbox

    def __call__(self, problem: Problem, text: str) -> Verdict:
        return UnitTestGrader(CPython(self.jail))(problem, text)


@cache
def _caller() -> bytes:
    return Path(harness.__file__).read_bytes()


def _values(out: bytes, mark: str) -> tuple[str, ...]:
    lines = [line.partition(" ") for line in out.decode(errors="replace").split("\n")]
    return tuple(
        text
        for text in (_text(rest) for word, _, rest in lines if word == mark)
        if text is not None
    )


def _text(written: str) -> str | None:
    try:
        text = json.loads(written)
    except (ValueError, RecursionError):
        return None
    return text if isinstance(text, str) else None


def _last_line(err: bytes) -> str:
    lines = err.decode(errors="replace").strip().splitlines()
    return lines[-1].strip()[:100] if lines else ""
