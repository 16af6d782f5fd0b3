"""Starts one program behind walls, reads what it writes, keeps the time, and ends everything that it started.

The walls are built by cell.py in a process of its own; what it reports comes through a pipe the program does not have.
"""

import json
import math
import os
import selectors
import signal
import subprocess
import tempfile
from collections.abc import Sequence
from contextlib import nullcontext, suppress
from time import monotonic
from typing import Any, BinaryIO, NamedTuple

from docendo.errors import RunError
from docendo.sandbox.spec import SCRATCH, Isolation, Limits, Program, arguments, order

__all__ = ["ProcessResult", "run_behind"]

_PATIENCE = 30.0
"""Seconds for the walls to stand; on a busy machine that is not the program's fault."""


class ProcessResult(NamedTuple):
    """How a program ended. Everything here but `ok` and `reason` was in the hands of the program."""

    ok: bool
    """Whether it ended by itself, with exit status 0, inside its limits."""
    reason: str
    """Why not `ok`, one line."""
    out: bytes
    err: bytes


def run_behind(
    walls: Isolation, program: Program, limits: Limits, bubblewrap: str = "bwrap"
) -> ProcessResult:
    """Run `program` to its end or to its limits. Never raises for what it does; RunError where no wall can be built."""
    size = len(program.stdin) + sum(map(len, program.files.values()))
    if size > limits.file_mb * 2**20 // 2:
        return ProcessResult(
            False,
            f"its files have {size} bytes, more than half of the scratch folder",
            b"",
            b"",
        )
    folder = (
        tempfile.TemporaryDirectory(ignore_cleanup_errors=True)
        if walls == "limits"
        else nullcontext(SCRATCH)
    )
    with tempfile.TemporaryFile() as sheet, folder as scratch:
        ours, theirs = os.pipe()
        with os.fdopen(ours, "rb", buffering=0) as report:
            try:
                sheet.write(
                    json.dumps(
                        order(walls, program, limits, scratch) | {"report": theirs}
                    ).encode()
                )
                sheet.seek(0)
                process = _started(
                    arguments(walls, program, limits, bubblewrap), sheet, theirs
                )
            except OSError as error:
                raise RunError(f"the jail cannot start: {error}") from error
            finally:
                os.close(theirs)
            with process:
                return _watched(process, report, limits)


def _started(
    argv: Sequence[str], sheet: BinaryIO | Any, report: int
) -> subprocess.Popen[bytes]:
    return subprocess.Popen(  # noqa: S603
        argv,
        stdin=sheet,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env={},
        cwd="/",
        pass_fds=(report,),
        start_new_session=True,
    )


class _Heard:
    """What came through the three pipes so far."""

    def __init__(self) -> None:
        self.out, self.err, self.report = bytearray(), bytearray(), bytearray()

    @property
    def written(self) -> int:
        return len(self.out) + len(self.err)

    def said(self, key: str) -> Any:
        """The last value that cell.py reported under `key`; None where it did not."""
        lines = bytes(self.report).split(b"\n")[:-1]
        values = [said[key] for said in map(json.loads, lines) if key in said]
        return values[-1] if values else None


def _watched(
    process: subprocess.Popen[bytes], report: Any, limits: Limits
) -> ProcessResult:
    heard, why = _Heard(), ""
    with selectors.DefaultSelector() as pipes:
        for pipe, into in (
            (process.stdout, heard.out),
            (process.stderr, heard.err),
            (report, heard.report),
        ):
            if pipe is not None:
                pipes.register(pipe, selectors.EVENT_READ, into)
        try:
            why = _listen(pipes, heard, limits)
        finally:
            _end(process)
            _drain(pipes, heard, limits)
    if not why and heard.written > limits.output_kb * 1024:
        why = f"wrote more than {limits.output_kb} KiB"
    if (broken := heard.said("broken")) or not heard.said("started"):
        told = (
            broken
            or bytes(heard.err).decode(errors="replace").strip()[-200:]
            or why
            or "it said nothing"
        )
        raise RunError(f"the jail cannot start: {told}")
    status = heard.said("status")
    if not why and status != 0:
        why = _ending(status, heard.said("cpu") or 0.0, limits)
    return ProcessResult(not why, why, bytes(heard.out), bytes(heard.err))


def _listen(pipes: selectors.BaseSelector, heard: _Heard, limits: Limits) -> str:
    """Read until the program ended, wrote too much or ran out of time; the last one in words."""
    until, started = monotonic() + _PATIENCE, False
    while pipes.get_map():
        ready = pipes.select(max(0.0, until - monotonic()))
        if not ready:
            return (
                f"was not done after {limits.wall:g} seconds"
                if started
                else "the walls did not stand in time"
            )
        for key, _ in ready:
            if chunk := os.read(key.fd, 1 << 16):
                key.data.extend(chunk)
            else:
                pipes.unregister(key.fileobj)
        if not started and heard.report:
            until, started = monotonic() + limits.wall, True
        if heard.written > limits.output_kb * 1024 or heard.said("status") is not None:
            return ""
    return ""


def _end(process: subprocess.Popen[bytes]) -> None:
    """cell.py kills what is inside and waits until all of it is gone; nobody waits for it for ever."""
    with suppress(ProcessLookupError):
        process.send_signal(signal.SIGTERM)
    try:
        process.wait(1.0)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _drain(pipes: selectors.BaseSelector, heard: _Heard, limits: Limits) -> None:
    """What was written and not yet read; nothing writes any more, where the walls hold."""
    until = monotonic() + 1.0
    while pipes.get_map() and (ready := pipes.select(max(0.0, until - monotonic()))):
        for key, _ in ready:
            chunk = os.read(key.fd, 1 << 16)
            if chunk and heard.written <= limits.output_kb * 1024:
                key.data.extend(chunk)
            else:
                pipes.unregister(key.fileobj)


def _ending(status: int | None, seconds: float, limits: Limits) -> str:
    if status is None:
        return "was killed with everything around it"
    if status == -signal.SIGKILL and seconds > math.ceil(limits.seconds) - 0.2:
        return f"used more than {math.ceil(limits.seconds)} seconds of processor time"
    if status < 0:
        return f"was ended by signal {-status} ({signal.strsignal(-status)})"
    return f"ended with status {status}"
