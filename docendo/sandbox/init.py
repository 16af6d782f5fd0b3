"""Isolates one program, runs it inside, and reports how it ended. A script for a bare interpreter.

Standard input holds what `build_spec` of spec.py made (JSON). Two processes stand between the caller
and the program. The outer one owns the namespaces and dies with its caller. The inner one is pid 1 of
them, so the kernel kills everything inside when it ends. With bubblewrap, that program makes the
namespaces; with limits alone there are none.
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

# sched.h
_NEWNS, _NEWUTS, _NEWIPC = 0x20000, 0x4000000, 0x8000000
_NEWUSER, _NEWPID, _NEWNET = 0x10000000, 0x20000000, 0x40000000
# sys/mount.h and fcntl.h
_BIND, _RECURSIVE, _PRIVATE, _DETACH = 0x1000, 0x4000, 0x40000, 2
_READ_ONLY, _NO_SETUID, _NO_DEVICES, _NO_EXEC = 1, 2, 4, 8
_AT_RECURSIVE, _AT_FDCWD = 0x8000, -100
# asm/unistd.h
_MOUNT_SETATTR = 442
_PIVOT_ROOT = {"x86_64": 155, "aarch64": 41}
# sys/prctl.h and linux/capability.h
_DEATH_SIGNAL, _DUMPABLE, _SECCOMP, _DROP_BOUND = 1, 4, 22, 24
_NO_NEW_PRIVILEGES, _AMBIENT = 38, 47
_SECCOMP_FILTER, _AMBIENT_CLEAR_ALL, _CAPABILITY_VERSION = 2, 4, 0x20080522

_STAGE = "/proc"
"""Where the new root is put together. It is hidden below a tmpfs; nothing inside needs the old /proc."""


def main() -> NoReturn:
    """Run what standard input says; never returns. What went wrong before the program started is reported."""
    spec = json.load(sys.stdin.buffer)
    # Closed by exec: a program that had the pipe could report its own verdict.
    os.set_inheritable(spec["report"], False)
    # A caller may have blocked signals, and SIGTERM must end this.
    signal.pthread_sigmask(signal.SIG_SETMASK, [])
    try:
        if spec["isolation"] == "namespaces":
            _isolate(spec)
        if spec["isolation"] == "limits":
            _die_with(spec["parent"])
        _run(spec)
    except (OSError, ValueError) as error:
        _report(spec, broken=f"{type(error).__name__}: {error}")

    os._exit(1)


def _isolate(spec: dict[str, Any]) -> None:
    """Returns only in pid 1 of new namespaces, which sees nothing but a new root and has no privileges."""
    _die_with(spec["parent"])
    with suppress(OSError):
        # Where the machine's memory runs out, the kernel ends the program before anything else.
        Path("/proc/self/oom_score_adj").write_text("1000")

    uid, gid = _identity()
    if uid == os.geteuid():
        # Only in a user namespace of its own may a user mount. It is itself in there, not root.
        _check(_libc().unshare(_NEWUSER), "a user namespace")
        # The kernel asks for "deny" first: dropping a group could open what is denied to the group.
        Path("/proc/self/setgroups").write_text("deny")
        Path("/proc/self/uid_map").write_text(f"{uid} {uid} 1")
        Path("/proc/self/gid_map").write_text(f"{gid} {gid} 1")

    # PID: no process outside can be seen, signalled or read. NET: no network, not even 127.0.0.1.
    # IPC: no shared memory of others. NS and UTS: mounts and a host name that tell nothing.
    namespaces = _NEWNS | _NEWPID | _NEWNET | _NEWIPC | _NEWUTS
    _check(_libc().unshare(namespaces), "namespaces")
    _check(_libc().sethostname(b"sandbox", 7), "a host name")
    _build_root(spec, uid, gid)

    # A SIGTERM between the fork and the handler would end this process and leave the child.
    signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGTERM])
    child = os.fork()
    if child:
        _guard(child, spec["report"])
    _enter_root()
    _drop_privileges(uid, gid)
    # Again: it is not inherited, and a change of user clears it.
    _prctl(_DEATH_SIGNAL, signal.SIGKILL)


def _guard(child: int, report: int) -> NoReturn:
    """Wait until nothing is left of the namespaces whose pid 1 is `child`; a SIGTERM ends them."""
    # A descriptor of the process, not its number, which may belong to another process by then.
    handle = os.pidfd_open(child)

    def end(*_: object) -> None:
        with suppress(ProcessLookupError):
            signal.pidfd_send_signal(handle, signal.SIGKILL)

    signal.signal(signal.SIGTERM, end)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, [signal.SIGTERM])
    # The caller reads to the end of these, which is when the last copy is closed.
    for number in (report, 1, 2):
        os.close(number)
    os.waitpid(child, 0)
    os._exit(0)


def _identity() -> tuple[int, int]:
    """(uid, gid) that the program runs as: the caller's, or where that is root, one that nobody else has.

    Of its own, since the kernel counts processes (RLIMIT_NPROC) and sends signals by user.
    """
    if os.geteuid() != 0:
        return os.geteuid(), os.getegid()

    # Inside a user namespace, as in a container, only some numbers exist.
    lines = Path("/proc/self/uid_map").read_text().splitlines()
    ranges = [tuple(map(int, line.split())) for line in lines]
    first, _, count = max(ranges, key=lambda numbers: numbers[2])
    if first + count > 2_100_000_000:
        number = 2_000_000_000 + os.getpid()
    else:
        number = first + count - 1 - os.getpid() % (count // 2 or 1)

    return number, number


def _build_root(spec: dict[str, Any], uid: int, gid: int) -> None:
    """Put together the only files that the program will see. All is read-only but the scratch folder."""
    # Else every mount below would appear on the host as well.
    _mount("none", "/", None, _RECURSIVE | _PRIVATE)
    _mount("tmpfs", _STAGE, "tmpfs", 0, "size=1m,nr_inodes=1k,mode=755")
    root = f"{_STAGE}/root"

    for path, link in spec["mounts"]:
        place = Path(f"{root}{path}")
        place.parent.mkdir(parents=True, exist_ok=True)
        if link is not None:
            place.symlink_to(link)
            continue
        if Path(path).is_dir():
            place.mkdir(exist_ok=True)
        else:
            place.touch()
        _mount(path, str(place), None, _BIND | _RECURSIVE)
        # A device node elsewhere would be a way to the disk; a device here is no program.
        special = _NO_EXEC if path.startswith("/dev/") else _NO_DEVICES
        _restrict(str(place), _READ_ONLY | _NO_SETUID | special)

    # In memory and of bounded size and count: nothing fills the disk, nothing is left behind.
    scratch = f"{root}{spec['scratch']}"
    Path(scratch).mkdir(parents=True, exist_ok=True)
    options = f"size={spec['file_bytes']},nr_inodes=1k,uid={uid},gid={gid},mode=700"
    _mount("tmpfs", scratch, "tmpfs", 0, options)
    # What a program writes there cannot be executed.
    _restrict(scratch, _NO_SETUID | _NO_DEVICES | _NO_EXEC)
    _restrict(_STAGE, _READ_ONLY | _NO_SETUID | _NO_DEVICES, recursive=False)


def _enter_root() -> None:
    """Make the new root the only one: pivot_root, unlike chroot alone, leaves no way back."""
    os.chdir(_STAGE)
    # With "." twice the old root lies over the new one, and unmounting takes it away (pivot_root(2)).
    _check(_libc().syscall(_PIVOT_ROOT[os.uname().machine], b".", b"."), "a new root")
    _check(_libc().umount2(b".", _DETACH), "leaving the old root")
    # A process whose root is not that of its mount namespace can make no user namespace,
    # and so never gets a capability again.
    os.chroot("/root")
    os.chdir("/")


def _drop_privileges(uid: int, gid: int) -> None:
    # The bounding set first: dropping from it needs a capability that the lines below take away.
    for capability in range(64):
        if _libc().prctl(_DROP_BOUND, capability, 0, 0, 0) != 0:
            break

    if uid != os.geteuid():
        # Groups before the user, who could not change them any more.
        os.setgroups([])
        os.setresgid(gid, gid, gid)
        os.setresuid(uid, uid, uid)

    cleared = _libc().prctl(_AMBIENT, _AMBIENT_CLEAR_ALL, 0, 0, 0)
    _check(cleared, "no ambient capabilities")
    header = (ctypes.c_uint32 * 2)(_CAPABILITY_VERSION, 0)
    no_capabilities = (ctypes.c_uint32 * 6)()
    _check(_libc().capset(header, no_capabilities), "no capabilities")
    # A setuid program such as su gives none back.
    _prctl(_NO_NEW_PRIVILEGES, 1)


def _run(spec: dict[str, Any]) -> NoReturn:
    """Start the program, wait for it, end everything in its group, and report."""
    # Root without namespaces can at least not be root.
    user = None
    if sys.platform == "linux":
        if spec["isolation"] == "limits" and os.geteuid() == 0:
            user = _identity()
            os.chown(spec["scratch"], *user)
        # The program is the same user: it must not trace this process or read its memory.
        _prctl(_DUMPABLE, 0)

    for name, content in spec["files"].items():
        Path(spec["scratch"], name).write_bytes(base64.b64decode(content))
    stdin = _open_stdin(spec)
    _report(spec, started=True)
    program = os.fork()
    if not program:
        _become(spec, stdin, user)
    os.close(stdin)

    def end(*_: object) -> None:
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(program, signal.SIGKILL)

    # The caller keeps the time. The timer holds where the caller itself is stopped.
    signal.signal(signal.SIGTERM, end)
    signal.signal(signal.SIGALRM, end)
    signal.setitimer(signal.ITIMER_REAL, spec["wall"] + 1)
    if hasattr(os, "waitid"):
        # WNOWAIT: until it is waited for below, no new group can get its number and be killed.
        os.waitid(os.P_PID, program, os.WEXITED | os.WNOWAIT)
        end()

    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    signal.signal(signal.SIGALRM, signal.SIG_IGN)

    _, status, usage = os.wait4(program, 0)
    seconds = usage.ru_utime + usage.ru_stime
    _report(spec, status=os.waitstatus_to_exitcode(status), cpu=seconds)
    os._exit(0)


def _open_stdin(spec: dict[str, Any]) -> int:
    """What the program reads as its standard input: a file that has no name any more."""
    path = Path(spec["scratch"], ".stdin")
    path.write_bytes(base64.b64decode(spec["stdin"]))
    descriptor = os.open(path, os.O_RDONLY)
    path.unlink()
    return descriptor


def _become(spec: dict[str, Any], stdin: int, user: tuple[int, int] | None) -> NoReturn:
    """Turn into the program. The order counts: each step takes away what an earlier one needed."""
    command = spec["command"]
    try:
        # A group of its own, which it cannot leave: the filter denies setpgid and setsid.
        os.setpgid(0, 0)
        # What Python or init.py ignores or handles would stay ignored in the program.
        for number in (signal.SIGTERM, signal.SIGALRM, signal.SIGPIPE):
            signal.signal(number, signal.SIG_DFL)
        signal.pthread_sigmask(signal.SIG_SETMASK, [])
        os.chdir(spec["scratch"])
        os.dup2(stdin, 0)
        os.close(stdin)
        if user:
            _drop_privileges(*user)
        for name, value in spec["limits"].items():
            _limit(name, value)
        if sys.platform == "linux":
            _prctl(_DEATH_SIGNAL, signal.SIGKILL)
            # Without it the kernel takes no filter from a user without privileges.
            _prctl(_NO_NEW_PRIVILEGES, 1)
            _filter_system_calls(base64.b64decode(spec["filter"]))
        os.execve(command[0], command, spec["environment"])  # noqa: S606
    except (OSError, ValueError) as error:
        _report(spec, broken=f"{command[0]}: {type(error).__name__}: {error}")
    os._exit(127)


def _limit(name: str, value: int) -> None:
    """Set a resource limit, the hard one too: a soft one can be raised, or its signal ignored."""
    # Other systems lack some limits and refuse others; whoever runs there took that risk.
    is_linux = sys.platform == "linux"
    with suppress(*() if is_linux else (AttributeError, ValueError, OSError)):
        number = getattr(resource, name)
        maximum = resource.getrlimit(number)[1]
        if maximum != resource.RLIM_INFINITY:
            value = min(value, maximum)
        resource.setrlimit(number, (value, value))


def _filter_system_calls(instructions: bytes) -> None:
    class Filter(ctypes.Structure):
        _fields_ = (("count", ctypes.c_ushort), ("first", ctypes.c_char_p))

    program = ctypes.byref(Filter(len(instructions) // 8, instructions))
    mode = ctypes.c_ulong(_SECCOMP_FILTER)
    _check(_libc().prctl(_SECCOMP, mode, program, 0, 0), "a filter of system calls")


def _die_with(parent: int) -> None:
    if sys.platform == "linux":
        _prctl(_DEATH_SIGNAL, signal.SIGKILL)
    # The parent may have died before the line above, and then no signal comes.
    if os.getppid() != parent:
        os._exit(1)


def _report(spec: dict[str, Any], **values: object) -> None:
    os.write(spec["report"], (json.dumps(values) + "\n").encode())


def _mount(
    source: str, target: str, kind: str | None, flags: int, options: str = ""
) -> None:
    result = _libc().mount(
        source.encode(),
        target.encode(),
        kind.encode() if kind else None,
        ctypes.c_ulong(flags),
        options.encode(),
    )
    _check(result, f"mounting {source} on {target}")


def _restrict(path: str, flags: int, recursive: bool = True) -> None:
    """mount_setattr, since a remount would leave what is mounted below `path` writable."""
    attributes = (ctypes.c_uint64 * 4)(flags, 0, 0, 0)
    size = ctypes.c_size_t(ctypes.sizeof(attributes))
    depth = _AT_RECURSIVE if recursive else 0
    result = _libc().syscall(
        _MOUNT_SETATTR, _AT_FDCWD, path.encode(), depth, attributes, size
    )
    _check(result, path)


def _prctl(option: int, value: int) -> None:
    _check(_libc().prctl(option, ctypes.c_ulong(value), 0, 0, 0), f"prctl {option}")


def _libc() -> Any:
    return ctypes.CDLL(None, use_errno=True)


def _check(result: int, what: str) -> None:
    """Fail closed: a step that the kernel refuses ends the set-up, and no program runs."""
    if result != 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{os.strerror(number)} ({what})")


if __name__ == "__main__":
    main()
