"""What cell.py is told: which program, with which files, behind which walls, inside which limits."""

import math
import os
import platform
import sys
from base64 import b64encode
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, NamedTuple

from docendo.sandbox.seccomp import filter_for

__all__ = ["SCRATCH", "Isolation", "Limits", "Program", "arguments", "interpreter", "order"]

Isolation = Literal["bubblewrap", "namespaces", "limits"]
"""Who builds the walls: bubblewrap, our own cell.py, or nobody."""

_CELL = Path(__file__).with_name("init.py")
SCRATCH = "/tmp"  # noqa: S108
"""The scratch folder, as a program behind walls sees it."""
_DEVICES = ("/dev/null", "/dev/zero", "/dev/full", "/dev/random", "/dev/urandom")
_SYSTEM = (
    "/usr",
    "/bin",
    "/sbin",
    "/lib",
    "/lib32",
    "/lib64",
    "/nix/store",
    "/etc/ld.so.cache",
)


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
    processes: int = 8
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
    """Folders and files that it may read besides the system's programs and libraries; libraries are found there."""


def interpreter() -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The command of this Python, without its installed packages, and the folders that it needs.

    Hashes are the same every time; nothing of the user's environment or site is read.
    """
    folders = (
        os.path.realpath(os.path.join(sys.base_prefix, name))
        for name in ("bin", "lib", "lib64")
    )
    return (os.path.realpath(sys.executable), "-s", "-P", "-S", "-B"), tuple(
        filter(os.path.isdir, folders)
    )


def order(
    walls: Isolation, program: Program, limits: Limits, scratch: str
) -> dict[str, Any]:
    """The sheet that cell.py reads, less the pipe on which it reports."""
    places = _places(program) if walls == "namespaces" else []
    return {
        "walls": walls,
        "parent": os.getpid(),
        "scratch": scratch,
        "places": [*places, *((d, None) for d in _DEVICES if places)],
        "file_bytes": limits.file_mb * 2**20,
        "files": {
            name: b64encode(content).decode() for name, content in program.files.items()
        },
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
        "filter": b64encode(filter_for(platform.machine())).decode()
        if sys.platform == "linux"
        else "",
        "limits": _resources(walls, limits),
        "wall": limits.wall,
    }


def _libraries(toolchain: Sequence[str]) -> str:
    return ":".join(
        folder for folder in toolchain if not Path(folder).is_relative_to("/usr")
    )


def _resources(walls: Isolation, limits: Limits) -> dict[str, int]:
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
            count += (
                len(os.listdir(process / "task")) if process.stat().st_uid == user else 0
            )
    return count or 10_000


def _places(program: Program) -> list[tuple[str, str | None]]:
    """What can be read inside: (path, target of the link that it is, if it is one)."""
    found: list[tuple[str, str | None]] = []
    for path in (*_SYSTEM, *map(os.path.realpath, program.toolchain)):
        if os.path.islink(path) and path in _SYSTEM:
            found.append((path, os.readlink(path)))
        elif os.path.exists(path) and not any(
            Path(path).is_relative_to(p) for p, link in found if link is None
        ):
            found.append((path, None))
    return found


def arguments(
    walls: Isolation, program: Program, limits: Limits, bubblewrap: str
) -> list[str]:
    """The command that starts cell.py, which with bubblewrap is already behind the walls."""
    python = os.path.realpath(sys.executable)
    script = [python, "-I", "-S", "-B"]
    if walls != "bubblewrap":
        return [*script, str(_CELL)]
    argv = [
        bubblewrap,
        "--unshare-user",
        "--unshare-all",
        "--die-with-parent",
        "--new-session",
        "--cap-drop",
        "ALL",
    ]
    argv += [
        "--clearenv",
        "--setenv",
        "LD_LIBRARY_PATH",
        _libraries(interpreter()[1]),
        "--hostname",
        "cell",
    ]
    with_python = program._replace(toolchain=(*program.toolchain, *interpreter()[1]))
    for path, link in _places(with_python):
        argv += ["--symlink", link, path] if link is not None else ["--ro-bind", path, path]
    for device in _DEVICES:
        argv += ["--dev-bind", device, device]
    argv += [
        "--ro-bind",
        str(_CELL),
        "/cell.py",
        "--size",
        str(limits.file_mb * 2**20),
        "--tmpfs",
        SCRATCH,
    ]
    return [*argv, "--remount-ro", "/", "--chdir", SCRATCH, "--", *script, "/cell.py"]
