"""The system calls that a sandboxed program cannot make, as a filter for the kernel (seccomp, classic BPF).

Everything is allowed but what is named here. A list of what is allowed would be tighter, but it would
have to know every call of every compiler, C library and Python there is.
"""

import struct
from typing import NamedTuple

from docendo.errors import UserError

__all__ = ["DENIED", "MACHINES", "SystemCall", "filter_for"]

# Instructions of classic BPF (linux/bpf_common.h) and where `struct seccomp_data` holds what they load.
_LOAD, _EQUAL, _AT_LEAST, _ANY_BIT, _RETURN = 0x20, 0x15, 0x35, 0x45, 0x06
_NUMBER, _ARCHITECTURE, _FIRST_ARGUMENT = 0, 4, 16

_ALLOW = 0x7FFF0000
_KILL = 0x80000000
_NOT_PERMITTED = 0x00050001
_NOT_IMPLEMENTED = 0x00050026

_X32_BIT = 0x40000000
_NEW_NAMESPACES = 0x7E020080
"""All CLONE_NEW* flags."""
_UNIX = 1

MACHINES = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}
"""The kernel's own number for each machine that has a filter."""


class SystemCall(NamedTuple):
    name: str
    x86_64: int | None
    """None where this machine does not have it."""
    aarch64: int | None


DENIED = (
    # Look into another process. Pid 1 of the sandbox holds the pipe on which verdicts are reported.
    SystemCall("ptrace", 101, 117),
    SystemCall("process_vm_readv", 310, 270),
    SystemCall("process_vm_writev", 311, 271),
    SystemCall("kcmp", 312, 272),
    SystemCall("pidfd_getfd", 438, 438),
    # Make or enter namespaces, and mount: a namespace of its own gives a program capabilities in it.
    SystemCall("unshare", 272, 97),
    SystemCall("setns", 308, 268),
    SystemCall("mount", 165, 40),
    SystemCall("umount2", 166, 39),
    SystemCall("pivot_root", 155, 41),
    SystemCall("chroot", 161, 51),
    SystemCall("open_tree", 428, 428),
    SystemCall("move_mount", 429, 429),
    SystemCall("fsopen", 430, 430),
    SystemCall("fsmount", 432, 432),
    SystemCall("mount_setattr", 442, 442),
    # Open a file by its number on the disk, past every path and mount.
    SystemCall("name_to_handle_at", 303, 264),
    SystemCall("open_by_handle_at", 304, 265),
    # A keyring belongs to the user and not to a namespace: what is put there outlives the program.
    SystemCall("add_key", 248, 217),
    SystemCall("request_key", 249, 218),
    SystemCall("keyctl", 250, 219),
    # Large parts of the kernel that no answer needs. What io_uring does passes no filter at all.
    SystemCall("bpf", 321, 280),
    SystemCall("perf_event_open", 298, 241),
    SystemCall("userfaultfd", 323, 282),
    SystemCall("io_uring_setup", 425, 425),
    SystemCall("io_uring_enter", 426, 426),
    SystemCall("io_uring_register", 427, 427),
    # Memory that no limit of a process counts; a memfd can also be executed, unlike the scratch folder.
    SystemCall("memfd_create", 319, 279),
    SystemCall("memfd_secret", 447, 447),
    SystemCall("shmget", 29, 194),
    SystemCall("semget", 64, 190),
    SystemCall("msgget", 68, 186),
    SystemCall("mq_open", 240, 180),
    # Leave the process group: one signal to the group must end everything.
    SystemCall("setsid", 112, 157),
    SystemCall("setpgid", 109, 154),
    # Change the kernel, or read what it logs about everybody.
    SystemCall("init_module", 175, 105),
    SystemCall("finit_module", 313, 273),
    SystemCall("kexec_load", 246, 104),
    SystemCall("syslog", 103, 116),
    SystemCall("quotactl", 179, 60),
)
"""Fail with "operation not permitted"."""

_CLONE = SystemCall("clone", 56, 220)
_CLONE3 = SystemCall("clone3", 435, 435)
_SOCKET = SystemCall("socket", 41, 198)


def filter_for(machine: str) -> bytes:
    """The filter's instructions, 8 bytes each. Raises UserError for a machine that is none of `MACHINES`."""
    if machine not in MACHINES:
        raise UserError(
            f"no filter of system calls for {machine!r}: known: {', '.join(MACHINES)}"
        )

    # A 32-bit or x32 call has another number for the same thing: it would pass all checks below.
    instructions = [
        _load(_ARCHITECTURE),
        _jump(_EQUAL, MACHINES[machine], if_true=1, if_false=0),
        _return(_KILL),
        _load(_NUMBER),
    ]
    if machine == "x86_64":
        instructions += [_jump(_AT_LEAST, _X32_BIT, 0, 1), _return(_KILL)]

    for call in DENIED:
        number = getattr(call, machine)
        if number is not None:
            instructions += [_jump(_EQUAL, number, 0, 1), _return(_NOT_PERMITTED)]

    # A filter cannot read the flags of clone3, which lie behind a pointer. Answered as by an older
    # kernel, the C library takes clone, whose flags can be read.
    clone3 = getattr(_CLONE3, machine)
    instructions += [_jump(_EQUAL, clone3, 0, 1), _return(_NOT_IMPLEMENTED)]

    # The network namespace alone would not do: a virtual machine's vsock belongs to no namespace.
    instructions += [
        _jump(_EQUAL, getattr(_SOCKET, machine), if_true=0, if_false=4),
        _load(_FIRST_ARGUMENT),
        _jump(_EQUAL, _UNIX, if_true=1, if_false=0),
        _return(_NOT_PERMITTED),
        _return(_ALLOW),
    ]
    instructions += [
        _jump(_EQUAL, getattr(_CLONE, machine), if_true=0, if_false=3),
        _load(_FIRST_ARGUMENT),
        _jump(_ANY_BIT, _NEW_NAMESPACES, if_true=0, if_false=1),
        _return(_NOT_PERMITTED),
        _return(_ALLOW),
    ]
    return b"".join(instructions)


def _load(offset: int) -> bytes:
    return struct.pack("=HBBI", _LOAD, 0, 0, offset)


def _jump(test: int, value: int, if_true: int, if_false: int) -> bytes:
    """Skip so many instructions."""
    return struct.pack("=HBBI", test, if_true, if_false, value)


def _return(answer: int) -> bytes:
    return struct.pack("=HBBI", _RETURN, 0, 0, answer)
