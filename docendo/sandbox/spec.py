"""What init.py is told: which program, with which files, how isolated, inside which limits."""

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

__all__ = [
    "SCRATCH",
    "Isolation",
    "Limits",
    "Program",
    "build_spec",
    "find_python",
    "init_command",
]

Isolation = Literal["bubblewrap", "namespaces", "limits"]
"""Who isolates a program: bubblewrap, our own init.py, or nobody (limits alone)."""

SCRATCH = "/tmp"  # noqa: S108
"""The scratch folder, as an isolated program sees it."""

_INIT_FILE = Path(__file__).with_name("init.py")
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

    seconds: float
    """Processor time of each process; rounded up to whole seconds, the kernel's unit."""
    memory_mb: int
    """Of each process."""
    wall: float = 10.0
    """Seconds until everything is ended."""
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
    """Names and contents of files in its scratch folder, where it starts."""
    stdin: bytes = b""
    toolchain: tuple[str, ...] = ()
    """Folders and files that it may read besides the system's programs; libraries are found there."""


def find_python() -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The command of this Python, without its installed packages, and the folders that it needs.

    Nothing of the user's environment or site is read.
    """
    command = (os.path.realpath(sys.executable), "-s", "-P", "-S", "-B")
    folders = []
    for name in ("bin", "lib", "lib64"):
        folder = os.path.realpath(os.path.join(sys.base_prefix, name))
        if os.path.isdir(folder):
            folders.append(folder)
    return command, tuple(folders)


def build_spec(
    isolation: Isolation, program: Program, limits: Limits, scratch: str
) -> dict[str, Any]:
    """The JSON that init.py reads, without the pipe on which it reports."""
    mounts: list[tuple[str, str | None]] = []
    if isolation == "namespaces":
        devices = [(device, None) for device in _DEVICES]
        mounts = [*_readable_paths(program), *devices]

    files = {name: _encode(content) for name, content in program.files.items()}
    environment = {
        "PATH": "/usr/bin:/bin",
        "HOME": scratch,
        "TMPDIR": scratch,
        "LANG": "C.UTF-8",
        # Hashes, and so the order of sets, are the same every time.
        "PYTHONHASHSEED": "0",
        "PYTHONUTF8": "1",
        # The loader finds libraries beside a program ($ORIGIN) by /proc, which there is none of.
        "LD_LIBRARY_PATH": _library_path(program.toolchain),
    }
    is_linux = sys.platform == "linux"
    return {
        "isolation": isolation,
        "parent": os.getpid(),
        "scratch": scratch,
        "mounts": mounts,
        "file_bytes": limits.file_mb * 2**20,
        "files": files,
        "stdin": _encode(program.stdin),
        "command": program.command,
        "environment": environment,
        "filter": _encode(filter_for(platform.machine())) if is_linux else "",
        "limits": _resource_limits(isolation, limits),
        "wall": limits.wall,
    }


def _encode(content: bytes) -> str:
    return b64encode(content).decode()


def _library_path(toolchain: Sequence[str]) -> str:
    return ":".join(
        folder for folder in toolchain if not Path(folder).is_relative_to("/usr")
    )


def _resource_limits(isolation: Isolation, limits: Limits) -> dict[str, int]:
    memory = limits.memory_mb * 2**20
    resources = {
        # An endless loop.
        "RLIMIT_CPU": math.ceil(limits.seconds),
        # A memory bomb. DATA does not count shared maps, which AS does; AS alone would refuse
        # runtimes that reserve address space they never touch.
        "RLIMIT_DATA": memory,
        "RLIMIT_AS": memory + limits.reserved_mb * 2**20,
        # A single file that fills the disk, where the scratch folder is not a tmpfs of bounded size.
        "RLIMIT_FSIZE": limits.file_mb * 2**20,
        # Kernel memory, which the limits above do not count.
        "RLIMIT_NOFILE": 64,
        "RLIMIT_MEMLOCK": 0,
        "RLIMIT_MSGQUEUE": 0,
        # A crash must not make the kernel write a core file or start the system's crash handler.
        "RLIMIT_CORE": 0,
        # A fork bomb. One more for init.py, which is the same user.
        "RLIMIT_NPROC": limits.processes + 1,
    }
    if isolation == "limits" and os.geteuid() != 0:
        # Without a namespace the kernel counts everything that this user runs.
        resources["RLIMIT_NPROC"] += _count_tasks(os.geteuid())

    return resources


def _count_tasks(user: int) -> int:
    count = 0
    for process in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            if process.stat().st_uid == user:
                count += len(os.listdir(process / "task"))
    return count or 10_000


def _readable_paths(program: Program) -> list[tuple[str, str | None]]:
    """What can be read inside: (path, target of the link that it is, if it is one)."""
    paths: list[tuple[str, str | None]] = []
    folders: list[str] = []
    for path in (*_SYSTEM, *map(os.path.realpath, program.toolchain)):
        if os.path.islink(path) and path in _SYSTEM:
            paths.append((path, os.readlink(path)))
        elif os.path.exists(path) and not any(map(Path(path).is_relative_to, folders)):
            paths.append((path, None))
            folders.append(path)

    return paths


def init_command(
    isolation: Isolation, program: Program, limits: Limits, bubblewrap: str
) -> list[str]:
    """The command that starts init.py, which with bubblewrap is already isolated."""
    # -I -S: nothing of the user's environment, home or site runs with the right to mount.
    python = [os.path.realpath(sys.executable), "-I", "-S", "-B"]
    if isolation != "bubblewrap":
        return [*python, str(_INIT_FILE)]

    python_folders = find_python()[1]
    command = [bubblewrap, "--unshare-user", "--unshare-all", "--die-with-parent"]
    # A session of its own: in ours it could type into the terminal (TIOCSTI).
    command += ["--new-session", "--cap-drop", "ALL", "--hostname", "sandbox"]
    command += ["--clearenv", "--setenv", "LD_LIBRARY_PATH", _library_path(python_folders)]

    with_python = program._replace(toolchain=(*program.toolchain, *python_folders))
    for path, link in _readable_paths(with_python):
        if link is None:
            command += ["--ro-bind", path, path]
        else:
            command += ["--symlink", link, path]

    for device in _DEVICES:
        command += ["--dev-bind", device, device]

    command += ["--ro-bind", str(_INIT_FILE), "/init.py"]
    command += ["--size", str(limits.file_mb * 2**20), "--tmpfs", SCRATCH]
    # Last, so that the mount points above could be made.
    command += ["--remount-ro", "/", "--chdir", SCRATCH]
    return [*command, "--", *python, "/init.py"]
