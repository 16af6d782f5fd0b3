"""What init.py isolates dies with its caller, whatever the caller dies of."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from tests.sandbox.programs import needs_isolation


@needs_isolation
def test_the_sandbox_dies_with_the_process_that_started_it() -> None:
    token = f"docendo-orphan-{os.getpid()}"
    code = f"""
from docendo.sandbox.isolated import IsolatedSandbox
from docendo.sandbox.spec import Limits, Program, find_python
command, toolchain = find_python()
sleep = "import os, time\\nos.fork()\\nprint(1)\\ntime.sleep(60)"
IsolatedSandbox(Limits(seconds=2, memory_mb=256, wall=60))(Program((*command, "-c", sleep, "{token}"), toolchain=toolchain))
"""
    parent = subprocess.Popen([sys.executable, "-c", code], cwd=Path(__file__).parents[2])
    try:
        assert any(len(list(carrying(token))) >= 2 for _ in patience())
    finally:
        parent.send_signal(signal.SIGKILL)
        parent.wait()
    assert any(not list(carrying(token)) for _ in patience())


def carrying(token: str) -> Iterator[Path]:
    """The processes that have the token among their arguments."""
    for line in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            # the parent's command is one long line of code
            if f"\0{token}\0".encode() in line.read_bytes():
                yield line
        except OSError:
            continue


def patience(seconds: float = 10) -> Iterator[None]:
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        yield
        time.sleep(0.02)
