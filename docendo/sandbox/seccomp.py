"""The system calls that a program in the jail cannot make, as a filter the kernel runs (seccomp, classic BPF).

Everything is allowed but what is named here: other namespaces and mounts, looking into other processes, keyrings, BPF,
io_uring, memory that no limit counts, and any socket but a Unix one. The network namespace alone would not do: a
virtual machine's vsock is not part of it. Sessions and process groups stay as they are, so that one signal ends all.
"""

import struct
from typing import NamedTuple

from docendo.errors import UserError

__all__ = ["DENIED", "MACHINES", "Denied", "filter_for"]

_LOAD, _EQUAL, _AT_LEAST, _ANY_BIT, _RETURN = 0x20, 0x15, 0x35, 0x45, 0x06
_NUMBER, _ARCHITECTURE, _FIRST_ARGUMENT = 0, 4, 16
_ALLOW, _KILL, _NOT_PERMITTED, _NOT_THERE = 0x7FFF0000, 0x80000000, 0x00050001, 0x00050026
_OTHER_TABLE, _NEW_NAMESPACES, _UNIX = 0x40000000, 0x7E020080, 1

MACHINES = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}
"""The kernel's own number for each machine that has a filter."""


class Denied(NamedTuple):
    name: str
    x86_64: int | None
    """None where this machine does not have it."""
    aarch64: int | None


DENIED = (
    Denied("ptrace", 101, 117),
    Denied("process_vm_readv", 310, 270),
    Denied("process_vm_writev", 311, 271),
    Denied("kcmp", 312, 272),
    Denied("pidfd_getfd", 438, 438),
    Denied("unshare", 272, 97),
    Denied("setns", 308, 268),
    Denied("mount", 165, 40),
    Denied("umount2", 166, 39),
    Denied("pivot_root", 155, 41),
    Denied("chroot", 161, 51),
    Denied("open_tree", 428, 428),
    Denied("move_mount", 429, 429),
    Denied("fsopen", 430, 430),
    Denied("fsmount", 432, 432),
    Denied("mount_setattr", 442, 442),
    Denied("name_to_handle_at", 303, 264),
    Denied("open_by_handle_at", 304, 265),
    Denied("add_key", 248, 217),
    Denied("request_key", 249, 218),
    Denied("keyctl", 250, 219),
    Denied("bpf", 321, 280),
    Denied("perf_event_open", 298, 241),
    Denied("userfaultfd", 323, 282),
    Denied("io_uring_setup", 425, 425),
    Denied("io_uring_enter", 426, 426),
    Denied("io_uring_register", 427, 427),
    Denied("memfd_create", 319, 279),
    Denied("memfd_secret", 447, 447),
    Denied("shmget", 29, 194),
    Denied("semget", 64, 190),
    Denied("msgget", 68, 186),
    Denied("mq_open", 240, 180),
    Denied("setsid", 112, 157),
    Denied("setpgid", 109, 154),
    Denied("init_module", 175, 105),
    Denied("finit_module", 313, 273),
    Denied("kexec_load", 246, 104),
    Denied("syslog", 103, 116),
    Denied("quotactl", 179, 60),
)
"""Fail with "operation not permitted"."""

_CLONE, _CLONE3, _SOCKET = (
    Denied("clone", 56, 220),
    Denied("clone3", 435, 435),
    Denied("socket", 41, 198),
)


def filter_for(machine: str) -> bytes:
    """The filter's instructions, 8 bytes each. Raises UseError for a machine that is none of `MACHINES`.

    A call from another table (32-bit, x32) kills the program; `clone3`, whose flags a filter cannot read, is answered
    as if the kernel were older, and the C library takes `clone`.
    """
    if machine not in MACHINES:
        raise UserError(
            f"no filter of system calls for {machine!r}: known: {', '.join(MACHINES)}"
        )
    lines = [
        _load(_ARCHITECTURE),
        _skip(_EQUAL, MACHINES[machine], 1, 0),
        _give(_KILL),
        _load(_NUMBER),
    ]
    if machine == "x86_64":
        lines += [_skip(_AT_LEAST, _OTHER_TABLE, 0, 1), _give(_KILL)]
    for call in DENIED:
        if (number := getattr(call, machine)) is not None:
            lines += [_skip(_EQUAL, number, 0, 1), _give(_NOT_PERMITTED)]
    lines += [_skip(_EQUAL, getattr(_CLONE3, machine), 0, 1), _give(_NOT_THERE)]
    lines += [_skip(_EQUAL, getattr(_SOCKET, machine), 0, 4), _load(_FIRST_ARGUMENT)]
    lines += [_skip(_EQUAL, _UNIX, 1, 0), _give(_NOT_PERMITTED), _give(_ALLOW)]
    lines += [_skip(_EQUAL, getattr(_CLONE, machine), 0, 3), _load(_FIRST_ARGUMENT)]
    lines += [_skip(_ANY_BIT, _NEW_NAMESPACES, 0, 1), _give(_NOT_PERMITTED), _give(_ALLOW)]
    return b"".join(lines)


def _load(offset: int) -> bytes:
    return struct.pack("=HBBI", _LOAD, 0, 0, offset)


def _skip(test: int, value: int, if_so: int, if_not: int) -> bytes:
    return struct.pack("=HBBI", test, if_so, if_not, value)


def _give(answer: int) -> bytes:
    return struct.pack("=HBBI", _RETURN, 0, 0, answer)
