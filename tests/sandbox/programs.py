"""Small programs for the tests of the sandbox, and whether this machine can isolate them."""

import os

import pytest

from docendo.sandbox.isolated import IsolatedSandbox, strongest_isolation
from docendo.sandbox.spec import Limits, Program, find_python
from docendo.sandbox.supervisor import ProcessResult

__all__ = ["LIMITS", "as_user", "needs_isolation", "python", "run_python"]

needs_isolation = pytest.mark.skipif(
    strongest_isolation().isolation is None,
    reason=f"no sandbox here: {strongest_isolation().failures}",
)
as_user = pytest.mark.skipif(
    os.geteuid() == 0, reason="root's programs run as nobody, who may not find Python"
)

LIMITS = Limits(seconds=1, wall=20, memory_mb=128, processes=4, output_kb=4, file_mb=2)


def python(code: str, stdin: bytes = b"", **files: bytes) -> Program:
    command, toolchain = find_python()
    return Program((*command, "-c", code), files, stdin, toolchain)


def run_python(
    code: str, limits: Limits = LIMITS, stdin: bytes = b"", **files: bytes
) -> ProcessResult:
    return IsolatedSandbox(limits)(python(code, stdin, **files))
