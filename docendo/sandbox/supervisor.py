"""Starts one isolated program, reads what it writes, keeps the time, and ends everything that it started.

init.py isolates the program in a process of its own. It reports on a pipe that the program does not have.
"""

import json
import math
import os
import selectors
import signal
import subprocess
import tempfile
from contextlib import ExitStack, suppress
from time import monotonic
from typing import IO, Any, NamedTuple

from docendo.errors import RunError
from docendo.sandbox.spec import (
    SCRATCH,
    Isolation,
    Limits,
    Program,
    build_spec,
    init_command,
)

__all__ = ["ProcessResult", "run_isolated"]

_SETUP_SECONDS = 30.0
"""Until the program must have started; a busy machine is not the program's fault."""
_MAX_READ = 1 << 16


class ProcessResult(NamedTuple):
    """How a program ended. Everything here but `ok` and `reason` was in the hands of the program."""

    ok: bool
    """Whether it ended by itself, with exit status 0, inside its limits."""
    reason: str
    """Why not `ok`, one line."""
    out: bytes
    err: bytes


def run_isolated(
    isolation: Isolation, program: Program, limits: Limits, bubblewrap: str = "bwrap"
) -> ProcessResult:
    """Run `program` to its end or to its limits.

    Never raises for what it does. Raises RunError where it cannot be isolated.
    """
    size = len(program.stdin) + sum(map(len, program.files.values()))
    if size > limits.file_mb * 2**20 // 2:
        reason = f"its files have {size} bytes, more than half of the scratch folder"
        return ProcessResult(False, reason, b"", b"")

    with ExitStack() as stack:
        scratch = SCRATCH
        if isolation == "limits":
            folder = tempfile.TemporaryDirectory(ignore_cleanup_errors=True)
            scratch = stack.enter_context(folder)
        spec_file = stack.enter_context(tempfile.TemporaryFile())
        our_end, its_end = os.pipe()
        report = stack.enter_context(os.fdopen(our_end, "rb", buffering=0))

        try:
            spec = build_spec(isolation, program, limits, scratch)
            spec_file.write(json.dumps(spec | {"report": its_end}).encode())
            spec_file.seek(0)
            process = subprocess.Popen(  # noqa: S603
                init_command(isolation, program, limits, bubblewrap),
                stdin=spec_file,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                env={},
                cwd="/",
                pass_fds=(its_end,),
                start_new_session=True,
            )
        except OSError as error:
            raise RunError(f"the sandbox cannot start: {error}") from error
        finally:
            # A copy here would keep the report from ever ending.
            os.close(its_end)
        stack.enter_context(process)
        return _supervise(process, report, limits)


class _Output:
    """What came through the three pipes so far."""

    def __init__(self, limits: Limits) -> None:
        self.stdout = bytearray()
        self.stderr = bytearray()
        self.report = bytearray()
        self._max_bytes = limits.output_kb * 1024

    @property
    def is_too_long(self) -> bool:
        return len(self.stdout) + len(self.stderr) > self._max_bytes

    def reported(self, key: str) -> Any:
        """The last value that init.py reported under `key`; None where it did not."""
        value = None
        for line in bytes(self.report).split(b"\n")[:-1]:
            value = json.loads(line).get(key, value)
        return value


def _supervise(
    process: subprocess.Popen[bytes], report: IO[bytes], limits: Limits
) -> ProcessResult:
    output = _Output(limits)
    reason = ""
    with selectors.DefaultSelector() as pipes:
        for pipe, buffer in (
            (process.stdout, output.stdout),
            (process.stderr, output.stderr),
            (report, output.report),
        ):
            assert pipe is not None  # noqa: S101
            pipes.register(pipe, selectors.EVENT_READ, buffer)
        try:
            reason = _read_until_end(pipes, output, limits)
        finally:
            _end(process)
            _drain(pipes, output)

    if not reason and output.is_too_long:
        reason = f"wrote more than {limits.output_kb} KiB"

    # A program that was never started gets no verdict: that is the machine's fault.
    failure = output.reported("broken")
    if failure or not output.reported("started"):
        messages = bytes(output.stderr).decode(errors="replace").strip()[-200:]
        raise RunError(
            f"the sandbox cannot start: {failure or messages or reason or 'it said nothing'}"
        )

    status = output.reported("status")
    if not reason and status != 0:
        reason = _explain_status(status, output.reported("cpu") or 0.0, limits)
    return ProcessResult(not reason, reason, bytes(output.stdout), bytes(output.stderr))


def _read_until_end(pipes: selectors.BaseSelector, output: _Output, limits: Limits) -> str:
    """Read until the program ended, wrote too much or ran out of time; the last one in words."""
    deadline = monotonic() + _SETUP_SECONDS
    started = False
    while pipes.get_map():
        ready = pipes.select(max(0.0, deadline - monotonic()))
        if not ready:
            if not started:
                return "it was not set up in time"
            return f"was not done after {limits.wall:g} seconds"

        for key, _ in ready:
            chunk = os.read(key.fd, _MAX_READ)
            if chunk:
                key.data.extend(chunk)
            else:
                pipes.unregister(key.fileobj)

        # Setting up is not the program's time.
        if not started and output.report:
            started = True
            deadline = monotonic() + limits.wall
        if output.is_too_long or output.reported("status") is not None:
            return ""

    return ""


def _end(process: subprocess.Popen[bytes]) -> None:
    """Ask init.py to kill all that is inside and wait for it; kill init.py where it does not."""
    with suppress(ProcessLookupError):
        process.send_signal(signal.SIGTERM)
    try:
        process.wait(1.0)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _drain(pipes: selectors.BaseSelector, output: _Output) -> None:
    """Read what was written and not yet read.

    Bounded in time: with limits alone, a process that got away may hold a pipe open and write for ever.
    """
    deadline = monotonic() + 1.0
    while pipes.get_map():
        ready = pipes.select(max(0.0, deadline - monotonic()))
        if not ready:
            return
        for key, _ in ready:
            chunk = os.read(key.fd, _MAX_READ)
            if chunk and not output.is_too_long:
                key.data.extend(chunk)
            else:
                pipes.unregister(key.fileobj)


def _explain_status(status: int | None, seconds: float, limits: Limits) -> str:
    max_seconds = math.ceil(limits.seconds)
    if status is None:
        return "was killed with everything around it"
    if status == -signal.SIGKILL and seconds > max_seconds - 0.2:
        return f"used more than {max_seconds} seconds of processor time"
    if status < 0:
        return f"was ended by signal {-status} ({signal.strsignal(-status)})"
    return f"ended with status {status}"
