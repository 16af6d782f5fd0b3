"""Builds the walls around one program, runs it inside, and says how it ended. A script for a bare interpreter.

Standard input holds an order (JSON, see warden.py). Two processes stand between the caller and the program: the outer
one owns the namespaces and dies with its caller; the inner one is pid 1 of them, so the kernel kills everything inside
when it ends. With bubblewrap, that program builds the walls; with limits alone there are none.
"""

import base64
import ctypes
import json
import os
import resource
import signal
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any, NoReturn

__all__ = ["main"]

_NEWNS, _NEWUTS, _NEWIPC, _NEWUSER, _NEWPID, _NEWNET = (
    0x20000,
    0x4000000,
    0x8000000,
    0x10000000,
    0x20000000,
    0x40000000,
)
_BIND, _REC, _PRIVATE, _DETACH = 0x1000, 0x4000, 0x40000, 2
_READ_ONLY, _NO_SETUID, _NO_DEVICES, _NO_EXEC = 1, 2, 4, 8
_RECURSIVE, _HERE, _MOUNT_SETATTR = 0x8000, -100, 442
_PIVOT_ROOT = {"x86_64": 155, "aarch64": 41}
_DEATH_SIGNAL, _DUMPABLE, _FILTER, _DROP_BOUND, _NO_NEW_PRIVILEGES, _AMBIENT = (
    1,
    4,
    22,
    24,
    38,
    47,
)
_STAGE = "/proc"
"""The new root is put together here, in a mount namespace of its own, since nothing inside needs what was here."""


def main() -> NoReturn:
    """Run the order on standard input; never returns. What went wrong before the program started is reported."""
    order = json.load(sys.stdin.buffer)
    report = order["report"]
    os.set_inheritable(report, False)
    signal.pthread_sigmask(signal.SIG_SETMASK, [])
    try:
        if order["walls"] == "namespaces":
            _enclose(order)
        if order["walls"] == "limits":
            _die_with(order["parent"])
        _supervise(order)
    except (OSError, ValueError) as error:
        _say(report, broken=f"{type(error).__name__}: {error}")
    os._exit(1)


def _enclose(order: dict[str, Any]) -> None:
    """Returns in pid 1 of new namespaces alone, which sees nothing but a new root and has no privileges."""
    _die_with(order["parent"])
    with suppress(OSError):
        # where memory runs out, the kernel ends what is inside first
        Path("/proc/self/oom_score_adj").write_text("1000")
    uid, gid = _identity()
    if uid == os.geteuid():
        _check(_libc().unshare(_NEWUSER), "a user namespace")
        Path("/proc/self/setgroups").write_text("deny")
        Path("/proc/self/uid_map").write_text(f"{uid} {uid} 1")
        Path("/proc/self/gid_map").write_text(f"{gid} {gid} 1")
    _check(_libc().unshare(_NEWNS | _NEWPID | _NEWNET | _NEWIPC | _NEWUTS), "namespaces")
    _check(_libc().sethostname(b"cell", 4), "a host name")
    _furnish(order, uid, gid)
    # from here on to be told to end is to end the child first
    signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGTERM])
    if child := os.fork():
        _stand_by(child, order["report"])
    _enter()
    _drop(uid, gid)
    _prctl(_DEATH_SIGNAL, signal.SIGKILL)


def _stand_by(child: int, report: int) -> NoReturn:
    """Wait until nothing is left of the namespaces whose pid 1 is `child`; a SIGTERM makes that soon."""
    handle = os.pidfd_open(child)

    def end(*_: object) -> None:
        with suppress(ProcessLookupError):
            signal.pidfd_send_signal(handle, signal.SIGKILL)

    signal.signal(signal.SIGTERM, end)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, [signal.SIGTERM])
    for number in (report, 1, 2):
        os.close(number)
    os.waitpid(child, 0)
    os._exit(0)


def _identity() -> tuple[int, int]:
    """Whom the program runs as: oneself, or where that is root, a user that nobody else is."""
    if os.geteuid() != 0:
        return os.geteuid(), os.getegid()
    # the numbers that there are here: where this is a user namespace itself, not all of them
    ranges = [
        tuple(map(int, line.split()))
        for line in Path("/proc/self/uid_map").read_text().splitlines()
    ]
    first, _, count = max(ranges, key=lambda r: r[2])
    if first + count > 2_100_000_000:
        return (2_000_000_000 + os.getpid(),) * 2
    return (first + count - 1 - os.getpid() % (count // 2 or 1),) * 2


def _furnish(order: dict[str, Any], uid: int, gid: int) -> None:
    _mount("none", "/", None, _REC | _PRIVATE)
    _mount("tmpfs", _STAGE, "tmpfs", 0, "size=1m,nr_inodes=1k,mode=755")
    for path, target in order["places"]:
        there = Path(f"{_STAGE}/cell{path}")
        there.parent.mkdir(parents=True, exist_ok=True)
        if target is not None:
            there.symlink_to(target)
        else:
            there.mkdir(exist_ok=True) if Path(path).is_dir() else there.touch()
            _mount(path, str(there), None, _BIND | _REC)
            device = _NO_EXEC if path.startswith("/dev/") else _NO_DEVICES
            _restrict(str(there), _READ_ONLY | _NO_SETUID | device)
    scratch = Path(f"{_STAGE}/cell{order['scratch']}")
    scratch.mkdir(parents=True, exist_ok=True)
    owner = f"uid={uid},gid={gid},mode=700"
    _mount(
        "tmpfs",
        str(scratch),
        "tmpfs",
        0,
        f"size={order['file_bytes']},nr_inodes=1k,{owner}",
    )
    _restrict(str(scratch), _NO_SETUID | _NO_DEVICES | _NO_EXEC)
    _restrict(_STAGE, _READ_ONLY | _NO_SETUID | _NO_DEVICES, recursive=False)


def _enter() -> None:
    os.chdir(_STAGE)
    _check(_libc().syscall(_PIVOT_ROOT[os.uname().machine], b".", b"."), "a new root")
    _check(_libc().umount2(b".", _DETACH), "leaving the old root")
    # whose root is not that of its mount namespace can make no user namespace, and so gets no privileges again
    os.chroot("/cell")
    os.chdir("/")


def _drop(uid: int, gid: int) -> None:
    for capability in range(64):
        if _libc().prctl(_DROP_BOUND, capability, 0, 0, 0) != 0:
            break
    if uid != os.geteuid():
        os.setgroups([])
        os.setresgid(gid, gid, gid)
        os.setresuid(uid, uid, uid)
    _check(_libc().prctl(_AMBIENT, 4, 0, 0, 0), "no ambient capabilities")
    header, none = (ctypes.c_uint32 * 2)(0x20080522, 0), (ctypes.c_uint32 * 6)()
    _check(_libc().capset(header, none), "no capabilities")
    _prctl(_NO_NEW_PRIVILEGES, 1)


def _supervise(order: dict[str, Any]) -> NoReturn:
    report, scratch = order["report"], order["scratch"]
    # root without walls can at least not be root
    owner = (
        _identity()
        if order["walls"] == "limits" and sys.platform == "linux" and os.geteuid() == 0
        else None
    )
    if owner:
        os.chown(scratch, *owner)
    if sys.platform == "linux":
        _prctl(_DUMPABLE, 0)
    for name, content in order["files"].items():
        Path(scratch, name).write_bytes(base64.b64decode(content))
    handed = _handed_over(order)
    _say(report, started=True)
    program = os.fork()
    if not program:
        _become(order, handed, owner)
    os.close(handed)

    def end(*_: object) -> None:
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(program, signal.SIGKILL)

    # the caller keeps the time; this holds where the caller itself is stopped
    for number in (signal.SIGTERM, signal.SIGALRM):
        signal.signal(number, end)
    signal.setitimer(signal.ITIMER_REAL, order["wall"] + 1)
    if hasattr(os, "waitid"):
        # its group is ended while its number is still its own
        os.waitid(os.P_PID, program, os.WEXITED | os.WNOWAIT)
        end()
    for number in (signal.SIGTERM, signal.SIGALRM):
        signal.signal(number, signal.SIG_IGN)
    _, status, used = os.wait4(program, 0)
    _say(
        report, status=os.waitstatus_to_exitcode(status), cpu=used.ru_utime + used.ru_stime
    )
    os._exit(0)


def _handed_over(order: dict[str, Any]) -> int:
    """What the program reads as its standard input: a file that has no name."""
    path = Path(order["scratch"], ".stdin")
    path.write_bytes(base64.b64decode(order["stdin"]))
    opened = os.open(path, os.O_RDONLY)
    path.unlink()
    return opened


def _become(order: dict[str, Any], handed: int, owner: tuple[int, int] | None) -> NoReturn:
    try:
        os.setpgid(0, 0)
        for number in (signal.SIGTERM, signal.SIGALRM, signal.SIGPIPE):
            signal.signal(number, signal.SIG_DFL)
        signal.pthread_sigmask(signal.SIG_SETMASK, [])
        os.chdir(order["scratch"])
        os.dup2(handed, 0)
        os.close(handed)
        if owner:
            _drop(*owner)
        for name, value in order["limits"].items():
            _limit(name, value)
        if sys.platform == "linux":
            _prctl(_DEATH_SIGNAL, signal.SIGKILL)
            _prctl(_NO_NEW_PRIVILEGES, 1)
            _confine(base64.b64decode(order["filter"]))
        os.execve(order["command"][0], order["command"], order["environment"])  # noqa: S606
    except (OSError, ValueError) as error:
        _say(
            order["report"],
            broken=f"{order['command'][0]}: {type(error).__name__}: {error}",
        )
    os._exit(127)


def _limit(name: str, value: int) -> None:
    # other systems lack some limits and refuse others; who runs there took that risk
    with suppress(
        *() if sys.platform == "linux" else (AttributeError, ValueError, OSError)
    ):
        number = getattr(resource, name)
        most = resource.getrlimit(number)[1]
        lower = value if most == resource.RLIM_INFINITY else min(value, most)
        resource.setrlimit(number, (lower, lower))


def _confine(instructions: bytes) -> None:
    class Filter(ctypes.Structure):
        _fields_ = (("count", ctypes.c_ushort), ("first", ctypes.c_char_p))

    made = Filter(len(instructions) // 8, instructions)
    _check(
        _libc().prctl(_FILTER, ctypes.c_ulong(2), ctypes.byref(made), 0, 0),
        "a filter of system calls",
    )


def _die_with(parent: int) -> None:
    if sys.platform == "linux":
        _prctl(_DEATH_SIGNAL, signal.SIGKILL)
    if os.getppid() != parent:
        os._exit(1)


def _say(report: int, **said: object) -> None:
    os.write(report, (json.dumps(said) + "\n").encode())


def _mount(
    source: str, target: str, kind: str | None, flags: int, options: str = ""
) -> None:
    made = _libc().mount(
        source.encode(),
        target.encode(),
        kind.encode() if kind else None,
        ctypes.c_ulong(flags),
        options.encode(),
    )
    _check(made, f"mounting {source} on {target}")


def _restrict(path: str, flags: int, recursive: bool = True) -> None:
    wanted = (ctypes.c_uint64 * 4)(flags, 0, 0, 0)
    deep = _RECURSIVE if recursive else 0
    _check(
        _libc().syscall(
            _MOUNT_SETATTR, _HERE, path.encode(), deep, wanted, ctypes.c_size_t(32)
        ),
        path,
    )


def _prctl(option: int, value: int) -> None:
    _check(_libc().prctl(option, ctypes.c_ulong(value), 0, 0, 0), f"prctl {option}")


def _libc() -> Any:
    return ctypes.CDLL(None, use_errno=True)


def _check(result: int, what: str) -> None:
    if result != 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{os.strerror(number)} ({what})")


if __name__ == "__main__":
    main()
