"""Starts one program behind walls, reads what it writes, keeps the time, and ends everything that it started.

The walls are built by cell.py in a process of its own; what it reports comes through a pipe the program does not have.
"""

import json
import math
import os
import platform
import selectors
import signal
import subprocess
import sys
import tempfile
from base64 import b64encode
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from time import monotonic
from typing import Any, BinaryIO, Literal, NamedTuple

from docendo.errors import RunError
from docendo.graders.seccomp import filter_for

__all__ = ["Ended", "Limits", "Program", "Walls", "interpreter", "run_behind"]

Walls = Literal["bubblewrap", "namespaces", "limits"]
"""Who builds the walls: bubblewrap, our own cell.py, or nobody."""

_CELL = Path(__file__).with_name("cell.py")
_SCRATCH = "/tmp"  # noqa: S108
_DEVICES = ("/dev/null", "/dev/zero", "/dev/full", "/dev/random", "/dev/urandom")
_SYSTEM = ("/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/nix/store", "/etc/ld.so.cache")
_PATIENCE = 30.0
"""Seconds for the walls to stand; on a busy machine that is not the program's fault."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What one program may use."""

    seconds: float = 2.0
    """Of processor time, of each of its processes; rounded up to whole seconds, which is all that the kernel knows."""
    wall: float = 10.0
    """Seconds until everything is ended."""
    memory_mb: int = 256
    """Of each of its processes."""
    reserved_mb: int = 0
    """Address space on top of it, for a runtime that reserves much more than it uses."""
    processes: int = 16
    """At one time; threads count."""
    output_kb: int = 64
    """Of standard output and standard error together."""
    file_mb: int = 16
    """Of all files in the scratch folder together."""


class Program(NamedTuple):
    """What is run."""

    command: tuple[str, ...]
    """An absolute path and its arguments."""
    files: Mapping[str, bytes] = {}
    """Names and contents of files in its scratch folder, which is where it starts."""
    stdin: bytes = b""
    toolchain: tuple[str, ...] = ()
    """Folders that it may read besides the system's programs and libraries."""


class Ended(NamedTuple):
    """How a program ended. Everything here but `ok` and `reason` was in the hands of the program."""

    ok: bool
    """Whether it ended by itself, with exit status 0, inside its limits."""
    reason: str
    """Why not `ok`, one line."""
    out: bytes
    err: bytes


def interpreter() -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The command of this Python, without its installed packages, and the folders that it needs.

    Hashes are the same every time; nothing of the user's environment or site is read.
    """
    return (os.path.realpath(sys.executable), "-s", "-P", "-S", "-B"), (os.path.realpath(sys.base_prefix),)


def run_behind(walls: Walls, program: Program, limits: Limits, bubblewrap: str = "bwrap") -> Ended:
    """Run `program` to its end or to its limits. Never raises for what it does; RunError where no wall can be built."""
    size = len(program.stdin) + sum(map(len, program.files.values()))
    if size > limits.file_mb * 2**20 // 2:
        return Ended(False, f"its files have {size} bytes, more than half of the scratch folder", b"", b"")
    with tempfile.TemporaryFile() as sheet, tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        scratch = folder if walls == "limits" else _SCRATCH
        ours, theirs = os.pipe()
        try:
            sheet.write(json.dumps(_order(walls, program, limits, scratch) | {"report": theirs}).encode())
            sheet.seek(0)
            argv = _arguments(walls, program, limits, bubblewrap)
            process = _started(argv, sheet, theirs)
        except OSError as error:
            os.close(ours)
            raise RunError(f"the jail cannot start: {error}") from error
        finally:
            os.close(theirs)
        with process, os.fdopen(ours, "rb", buffering=0) as report:
            return _watched(process, report, limits)


def _order(walls: Walls, program: Program, limits: Limits, scratch: str) -> dict[str, Any]:
    places = _places(program) if walls == "namespaces" else []
    return {
        "walls": walls,
        "parent": os.getpid(),
        "scratch": scratch,
        "places": [*places, *((d, None) for d in _DEVICES if places)],
        "file_bytes": limits.file_mb * 2**20,
        "files": {name: b64encode(content).decode() for name, content in program.files.items()},
        "stdin": b64encode(program.stdin).decode(),
        "command": program.command,
        "environment": {
            "PATH": "/usr/bin:/bin",
            "HOME": scratch,
            "TMPDIR": scratch,
            "LANG": "C.UTF-8",
            "PYTHONHASHSEED": "0",
            "PYTHONUTF8": "1",
            # without /proc a program cannot be told where its own libraries lie
            "LD_LIBRARY_PATH": _libraries(program.toolchain),
        },
        "filter": b64encode(filter_for(platform.machine())).decode() if sys.platform == "linux" else "",
        "limits": _resources(walls, limits),
        "wall": limits.wall,
    }


def _libraries(toolchain: Sequence[str]) -> str:
    return ":".join(f"{folder}/lib" for folder in toolchain if not Path(folder).is_relative_to("/usr"))


def _resources(walls: Walls, limits: Limits) -> dict[str, int]:
    memory = limits.memory_mb * 2**20
    wanted = {
        "RLIMIT_CPU": math.ceil(limits.seconds),
        "RLIMIT_DATA": memory,
        "RLIMIT_AS": memory + limits.reserved_mb * 2**20,
        "RLIMIT_FSIZE": limits.file_mb * 2**20,
        "RLIMIT_NOFILE": 64,
        "RLIMIT_CORE": 0,
        "RLIMIT_MEMLOCK": 0,
        "RLIMIT_MSGQUEUE": 0,
        "RLIMIT_NPROC": limits.processes + 1,
    }
    if walls == "limits" and os.geteuid() != 0:
        # without a namespace the kernel counts all that this user runs
        wanted["RLIMIT_NPROC"] += _tasks_of(os.geteuid())
    return wanted


def _tasks_of(user: int) -> int:
    count = 0
    for process in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            count += len(os.listdir(process / "task")) if process.stat().st_uid == user else 0
    return count or 10_000


def _places(program: Program) -> list[tuple[str, str | None]]:
    """What can be read inside: (path, target of the link that it is, if it is one)."""
    found: list[tuple[str, str | None]] = []
    for path in (*_SYSTEM, *map(os.path.realpath, program.toolchain)):
        if os.path.islink(path) and path in _SYSTEM:
            found.append((path, os.readlink(path)))
        elif os.path.exists(path) and not any(Path(path).is_relative_to(p) for p, link in found if link is None):
            found.append((path, None))
    return found


def _arguments(walls: Walls, program: Program, limits: Limits, bubblewrap: str) -> list[str]:
    python = os.path.realpath(sys.executable)
    script = [python, "-I", "-S", "-B"]
    if walls != "bubblewrap":
        return [*script, str(_CELL)]
    argv = [bubblewrap, "--unshare-user", "--unshare-all", "--die-with-parent", "--new-session", "--cap-drop", "ALL"]
    argv += ["--clearenv", "--setenv", "LD_LIBRARY_PATH", _libraries(interpreter()[1]), "--hostname", "cell"]
    with_python = program._replace(toolchain=(*program.toolchain, *interpreter()[1]))
    for path, link in _places(with_python):
        argv += ["--symlink", link, path] if link is not None else ["--ro-bind", path, path]
    for device in _DEVICES:
        argv += ["--dev-bind", device, device]
    argv += ["--ro-bind", str(_CELL), "/cell.py", "--size", str(limits.file_mb * 2**20), "--tmpfs", _SCRATCH]
    return [*argv, "--remount-ro", "/", "--chdir", _SCRATCH, "--", *script, "/cell.py"]


def _started(argv: Sequence[str], sheet: BinaryIO | Any, report: int) -> subprocess.Popen[bytes]:
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


def _watched(process: subprocess.Popen[bytes], report: Any, limits: Limits) -> Ended:
    heard, why = _Heard(), ""
    with selectors.DefaultSelector() as pipes:
        for pipe, into in ((process.stdout, heard.out), (process.stderr, heard.err), (report, heard.report)):
            pipes.register(pipe, selectors.EVENT_READ, into)
        try:
            why = _listen(pipes, heard, limits)
        finally:
            _end(process)
            _drain(pipes, heard, limits)
    if not why and heard.written > limits.output_kb * 1024:
        why = f"wrote more than {limits.output_kb} KiB"
    if (broken := heard.said("broken")) or not heard.said("started"):
        told = broken or bytes(heard.err).decode(errors="replace").strip()[-200:] or why or "it said nothing"
        raise RunError(f"the jail cannot start: {told}")
    status = heard.said("status")
    if not why and status != 0:
        why = _ending(status, heard.said("cpu") or 0.0, limits)
    return Ended(not why, why, bytes(heard.out), bytes(heard.err))


def _listen(pipes: selectors.BaseSelector, heard: _Heard, limits: Limits) -> str:
    """Read until the program ended, wrote too much or ran out of time; the last one in words."""
    until, started = monotonic() + _PATIENCE, False
    while pipes.get_map():
        ready = pipes.select(max(0.0, until - monotonic()))
        if not ready:
            return f"was not done after {limits.wall:g} seconds" if started else "the walls did not stand in time"
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
