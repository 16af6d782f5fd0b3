"""Runs real programs that a model wrote: behind walls or not at all. docs/sandbox.md says what that holds off."""

import os
import shutil
import socket
import sys
import tempfile
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from functools import cache
from typing import NamedTuple

from docendo.errors import RunError, UserError
from docendo.sandbox.spec import Isolation, Limits, Program, interpreter
from docendo.sandbox.supervisor import ProcessResult, run_behind

__all__ = ["UNSAFE", "Capabilities", "IsolatedSandbox", "candidates", "probe", "strongest"]

UNSAFE = "subprocess-with-limits-only"
"""The word by which a user takes the risk of running programs without walls."""

_PROBE_LIMITS = Limits(
    seconds=2, wall=10, memory_mb=128, processes=4, output_kb=8, file_mb=2
)
_ATTEMPTS = r"""
import ctypes, os, socket, sys
port, pid, secret = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3]
def escapes(name, attempt):
    try:
        attempt()
    except (OSError, MemoryError, ValueError):
        return
    print(name)
def write(path):
    open(path, "x").close()
    os.remove(path)
def fork():
    for _ in range(32):
        if os.fork() == 0:
            os.read(held[0], 1)
            os._exit(0)
def unshare():
    if ctypes.CDLL(None).unshare(0x10000000) != 0:
        raise OSError
escapes("connects to this machine", lambda: socket.create_connection(("127.0.0.1", port), 1))
escapes("opens a vsock", lambda: socket.socket(40, socket.SOCK_STREAM))
escapes("reads the user's files", lambda: open(secret))
for place in ("/", "/usr", "/etc", "/dev", "/var/tmp", "/home", os.path.dirname(secret) if len(secret) > 1 else "/"):
    if os.path.realpath(place) != os.path.realpath(os.getcwd()):
        escapes("writes to " + place, lambda: write(os.path.join(place, "docendo-probe")))
escapes("finds the process that grades it", lambda: os.kill(pid, 0))
escapes("makes a user namespace", unshare)
escapes("takes more memory than it may", lambda: bytearray(200 << 20))
escapes("writes more than it may", lambda: open("big", "wb").write(bytes(4 << 20)))
held = os.pipe()
escapes("makes as many processes as it likes", fork)
known = "PATH HOME TMPDIR LANG LC_CTYPE PWD PYTHONHASHSEED PYTHONUTF8 LD_LIBRARY_PATH".split()
if extra := set(os.environ) - set(known):
    print("sees the environment:", *sorted(extra))
open("scratch", "w").write("x")
print("done")
"""


class Capabilities(NamedTuple):
    """What walls this machine has."""

    walls: Isolation | None
    """The strongest that held against every attempt of the probe; None where none did."""
    bubblewrap: str
    """The path of the program, where that builds them."""
    failures: tuple[str, ...]
    """Why others did not: one line for each that was tried before."""


@dataclass(frozen=True)
class IsolatedSandbox:
    """Runs programs inside their limits. Raises UseError on construction where this machine has no walls for it.

    With `allow_unsafe`, such a machine runs them with limits alone: they can read what the user can read, use the
    network, and fool a grader. Where there are walls it changes nothing.
    """

    limits: Limits = field(default_factory=Limits)
    allow_unsafe: bool = False
    walls: Isolation = field(init=False)

    def __post_init__(self) -> None:
        found = strongest()
        if found.walls is None and (not self.allow_unsafe or os.name != "posix"):
            why = "; ".join(found.failures)
            raise UserError(
                f"programs that a model wrote are not run here without a sandbox: {why}. Install bubblewrap, or see "
                f'docs/sandbox.md; unsafe = "{UNSAFE}" runs them with your rights'
            )
        object.__setattr__(self, "walls", found.walls or "limits")
        if found.walls is None:
            _try_out()

    def __call__(self, program: Program) -> ProcessResult:
        """How `program` ended. Never raises for what it does; RunError where it could not be started."""
        return run_behind(self.walls, program, self.limits, strongest().bubblewrap)

    def each(self, programs: Sequence[Program]) -> list[ProcessResult]:
        """How each ended, in order; as many run at once as there are cores."""
        with ThreadPoolExecutor(os.cpu_count() or 1) as pool:
            return list(pool.map(self, programs))

    def with_limits(self, limits: Limits) -> "IsolatedSandbox":
        """The same walls, other limits."""
        return replace(self, limits=limits)


@cache
def strongest() -> Capabilities:
    """The strongest walls that hold here; tried out once in a process's life."""
    failures = list[str]()
    for walls, path in candidates():
        if not (escaped := probe(walls, path)):
            return Capabilities(walls, path, tuple(failures))
        failures.append(f"{path or walls}: {escaped}")
    return Capabilities(None, "", tuple(failures) or (f"{sys.platform} has no namespaces",))


def probe(walls: Isolation, bubblewrap: str = "") -> str:
    """What a program can do behind these walls that it must not, in words; empty where they hold.

    It really tries: to connect to a socket that listens here, to read and write files of this user, to see this
    process and its environment, to get privileges, and to pass its limits.
    """
    python, toolchain = interpreter()
    with (
        socket.create_server(("127.0.0.1", 0)) as server,
        tempfile.NamedTemporaryFile() as secret,
    ):
        told = str(server.getsockname()[1]), str(os.getpid()), os.path.realpath(secret.name)
        program = Program((*python, "-c", _ATTEMPTS, *told), toolchain=toolchain)
        try:
            ended = run_behind(walls, program, _PROBE_LIMITS, bubblewrap)
        except (RunError, UserError) as error:
            return str(error)
    lines = ended.out.decode(errors="replace").splitlines()
    if lines[-1:] != ["done"]:
        return f"the probe {ended.reason or 'stopped'}: {ended.err.decode(errors='replace').strip()[-200:]}"
    return ", ".join(f"a program {line}" for line in lines[:-1])


def _try_out() -> None:
    """Raises UseError where a program does not even run with limits alone: one that root's Python is hidden from."""
    python, toolchain = interpreter()
    try:
        ended = run_behind(
            "limits",
            Program((*python, "-c", "print(1)"), toolchain=toolchain),
            _PROBE_LIMITS,
        )
    except RunError as error:
        raise UserError(f"programs do not run here with limits alone: {error}") from error
    if ended.out != b"1\n":
        raise UserError(
            f"programs do not run here with limits alone: one {ended.reason or 'said something else'}"
        )


def candidates() -> list[tuple[Isolation, str]]:
    """The walls that could be built here, the preferred first, each with the path of bubblewrap or nothing."""
    if sys.platform != "linux":
        return []
    own: list[tuple[Isolation, str]] = [("namespaces", "")]
    # ours also bound the number of files and run nothing from the scratch folder
    return (
        [*own, ("bubblewrap", bubblewrap)] if (bubblewrap := shutil.which("bwrap")) else own
    )
