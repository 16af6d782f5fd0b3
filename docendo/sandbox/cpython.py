"""Runs untrusted Python in a real interpreter that is isolated, and calls into it."""

import json
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field

from docendo.parts import PartConfig
from docendo.records import Outcome
from docendo.sandbox import harness
from docendo.sandbox.isolated import IsolatedSandbox, Unsafe
from docendo.sandbox.spec import Limits, Program, find_python

__all__ = ["CPythonSandbox", "IsolatedConfig"]

_START_SECONDS = 6.0
"""The longest that a program may take to start."""


@dataclass(frozen=True)
class CPythonSandbox:
    """Runs a program in this Python, without its installed packages, and then calls into it."""

    sandbox: IsolatedSandbox

    def __call__(self, code: str, calls: Sequence[str] = ()) -> Outcome:
        """The value of each of `calls` after `code`, as text.

        Never raises for what `code` does. A value counts only where it is made of Python's own
        types. Raises RunError where the sandbox cannot start.
        """
        # The program prints to the same stream. It cannot guess the mark of the harness's lines.
        mark = secrets.token_hex(8)
        request = json.dumps({"code": code, "calls": list(calls), "mark": mark})
        python, toolchain = find_python()
        program = Program(
            (*python, "harness.py"),
            {"harness.py": _read_harness()},
            request.encode(),
            toolchain,
        )
        result = self.sandbox(program)

        texts = _read_texts(result.out, mark)
        values = texts[: len(calls)]
        if result.ok and len(values) == len(calls):
            return Outcome(True, values, printed="".join(texts[len(calls) :][:1]))
        reason = _last_line(result.err) or f"the program {result.reason or 'stopped early'}"
        return Outcome(False, values, reason)


class IsolatedConfig(PartConfig):
    """A real Python with its standard library, isolated by Linux namespaces and a seccomp filter."""

    type: str = "isolated"
    seconds: Annotated[float, Field(gt=0, le=600)] = 2.0
    """Limit on processor time for a program and its calls, in whole seconds, rounded up."""
    memory_mb: Annotated[int, Field(ge=1, le=65_536)] = 256
    """Memory of each process, in MiB."""
    unsafe: Unsafe = ""
    """"subprocess-with-limits-only" accepts that programs run without isolation. Empty:
    refused."""

    def build(self, context: Any = None) -> CPythonSandbox:
        # A busy machine gives a program less than all of the time.
        wall = 2 * self.seconds + _START_SECONDS
        limits = Limits(self.seconds, self.memory_mb, wall)
        return CPythonSandbox(IsolatedSandbox(limits, allow_unsafe=bool(self.unsafe)))


@cache
def _read_harness() -> bytes:
    return Path(harness.__file__).read_bytes()


def _read_texts(out: bytes, mark: str) -> tuple[str, ...]:
    values = []
    for line in out.decode(errors="replace").split("\n"):
        word, _, rest = line.partition(" ")
        value = _parse_text(rest) if word == mark else None
        if value is not None:
            values.append(value)
    return tuple(values)


def _parse_text(line: str) -> str | None:
    """The text that is written as JSON; None for anything else, which a program may forge."""
    try:
        text = json.loads(line)
    except (ValueError, RecursionError):
        return None
    return text if isinstance(text, str) else None


def _last_line(err: bytes) -> str:
    lines = err.decode(errors="replace").strip().splitlines()
    return lines[-1].strip()[:100] if lines else ""
