"""Runs real programs that a model wrote: isolated or not at all. docs/sandbox.md says what that protects from."""

import os
import shutil
import socket
import sys
import tempfile
from dataclasses import dataclass, field
from functools import cache
from typing import Literal, NamedTuple

from docendo.errors import RunError, UserError
from docendo.sandbox.spec import Isolation, Limits, Program, find_python
from docendo.sandbox.supervisor import ProcessResult, run_isolated

__all__ = [
    "UNSAFE",
    "Capabilities",
    "IsolatedSandbox",
    "Unsafe",
    "list_isolations",
    "probe",
    "strongest_isolation",
]

UNSAFE = "subprocess-with-limits-only"
"""The word by which a user takes the risk of running programs without isolation."""
Unsafe = Literal["", "subprocess-with-limits-only"]
"""The values of a setting that may hold the word."""

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
    """How this machine can isolate a program."""

    isolation: Isolation | None
    """The first that stopped every attempt of the probe; None where none did."""
    bubblewrap: str
    """The path of the program, where that is it."""
    failures: tuple[str, ...]
    """Why others did not: one line for each that was tried before."""


@dataclass(frozen=True)
class IsolatedSandbox:
    """Runs programs inside their limits. Raises UserError on construction where this machine cannot isolate them.

    With `allow_unsafe`, such a machine runs them with limits alone: they can read what the user can
    read, use the network, and fool a grader. Where isolation works it changes nothing.
    """

    limits: Limits
    allow_unsafe: bool = False
    isolation: Isolation = field(init=False)

    def __post_init__(self) -> None:
        strongest = strongest_isolation()
        if strongest.isolation is None:
            if not self.allow_unsafe or os.name != "posix":
                reasons = "; ".join(strongest.failures)
                raise UserError(
                    "programs that a model wrote are not run here without a sandbox: "
                    f"{reasons}. Install bubblewrap, or see docs/sandbox.md; "
                    f'unsafe = "{UNSAFE}" runs them with your rights'
                )
            _try_limits_alone()
        object.__setattr__(self, "isolation", strongest.isolation or "limits")

    def __call__(self, program: Program) -> ProcessResult:
        """How `program` ended. Never raises for what it does; RunError where it cannot be started."""
        bubblewrap = strongest_isolation().bubblewrap
        return run_isolated(self.isolation, program, self.limits, bubblewrap)


@cache
def strongest_isolation() -> Capabilities:
    """The strongest isolation that works here; tried out once in a process's life.

    A kernel that grants every namespace is no proof: containers, security modules and old kernels
    each take something back. Only what stopped the probe's attempts is used.
    """
    failures: list[str] = []
    for isolation, path in list_isolations():
        escapes = probe(isolation, path)
        if not escapes:
            return Capabilities(isolation, path, tuple(failures))
        failures.append(f"{path or isolation}: {escapes}")
    return Capabilities(None, "", tuple(failures) or (f"{sys.platform} has no namespaces",))


def probe(isolation: Isolation, bubblewrap: str = "") -> str:
    """What an isolated program can do that it must not, in words; empty where it can do nothing.

    It really tries: to connect to a socket that listens here, to read and write files of this user,
    to see this process and its environment, to get privileges, and to pass its limits.
    """
    python, toolchain = find_python()
    with (
        socket.create_server(("127.0.0.1", 0)) as server,
        tempfile.NamedTemporaryFile() as secret,
    ):
        port = str(server.getsockname()[1])
        pid = str(os.getpid())
        command = (*python, "-c", _ATTEMPTS, port, pid, os.path.realpath(secret.name))
        program = Program(command, toolchain=toolchain)
        try:
            result = run_isolated(isolation, program, _PROBE_LIMITS, bubblewrap)
        except (RunError, UserError) as error:
            return str(error)

    lines = result.out.decode(errors="replace").splitlines()
    # A probe that was stopped half-way has proved nothing.
    if lines[-1:] != ["done"]:
        messages = result.err.decode(errors="replace").strip()[-200:]
        return f"the probe {result.reason or 'stopped'}: {messages}"

    return ", ".join(f"a program {line}" for line in lines[:-1])


def _try_limits_alone() -> None:
    """Raises UserError where no program runs at all: nobody, whom root's programs run as, may not find Python."""
    python, toolchain = find_python()
    program = Program((*python, "-c", "print(1)"), toolchain=toolchain)
    problem = "programs do not run here with limits alone"
    try:
        result = run_isolated("limits", program, _PROBE_LIMITS)
    except RunError as error:
        raise UserError(f"{problem}: {error}") from error

    if result.out != b"1\n":
        raise UserError(f"{problem}: one {result.reason or 'printed something else'}")


def list_isolations() -> list[tuple[Isolation, str]]:
    """What could isolate here, the preferred first, each with the path of bubblewrap or nothing."""
    if sys.platform != "linux":
        return []
    # Ours also bounds the number of files, and nothing in the scratch folder can be executed.
    isolations: list[tuple[Isolation, str]] = [("namespaces", "")]
    bubblewrap = shutil.which("bwrap")
    if bubblewrap:
        isolations.append(("bubblewrap", bubblewrap))
    return isolations
