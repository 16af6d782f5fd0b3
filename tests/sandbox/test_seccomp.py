"""The filter of system calls, run by hand: every instruction it may use, on calls whose answer is known."""

import struct

import pytest

from docendo.errors import UserError
from docendo.sandbox.seccomp import DENIED, MACHINES, filter_for

ALLOWED, NOT_PERMITTED, NOT_THERE, KILLED = 0x7FFF0000, 0x50001, 0x50026, 0x80000000


def answer(
    machine: str, number: int, first: int = 0, architecture: int | None = None
) -> int:
    """What the kernel would answer to a call, by interpreting the filter."""
    lines = list(struct.iter_unpack("=HBBI", filter_for(machine)))
    call = {0: number, 4: architecture or MACHINES[machine], 16: first}
    held = at = 0
    while True:
        code, yes, no, value = lines[at]
        match code:
            case 0x20:
                held, skip = call[value], 0
            case 0x15:
                skip = yes if held == value else no
            case 0x35:
                skip = yes if held >= value else no
            case 0x45:
                skip = yes if held & value else no
            case 0x06:
                return value
        at += 1 + skip


@pytest.mark.parametrize("machine", MACHINES)
def test_every_listed_system_call_is_forbidden(machine: str) -> None:
    numbers = [
        getattr(call, machine) for call in DENIED if getattr(call, machine) is not None
    ]
    assert len(set(numbers)) == len(numbers) >= 40
    assert {answer(machine, n) for n in numbers} == {NOT_PERMITTED}


@pytest.mark.parametrize(
    ("machine", "read", "exit_group"), [("x86_64", 0, 231), ("aarch64", 63, 94)]
)
def test_the_system_calls_every_program_needs_are_allowed(
    machine: str, read: int, exit_group: int
) -> None:
    assert {answer(machine, n) for n in (read, exit_group)} == {ALLOWED}


@pytest.mark.parametrize(("machine", "socket"), [("x86_64", 41), ("aarch64", 198)])
def test_only_unix_sockets_are_allowed(machine: str, socket: int) -> None:
    assert [answer(machine, socket, family) for family in (1, 2, 10, 16, 17, 38, 40)] == [
        ALLOWED
    ] + [NOT_PERMITTED] * 6


@pytest.mark.parametrize(("machine", "clone"), [("x86_64", 56), ("aarch64", 220)])
def test_a_process_may_fork_but_not_make_a_namespace(machine: str, clone: int) -> None:
    fork, thread = 0x01200011, 0x3D0F00
    assert [answer(machine, clone, flags) for flags in (fork, thread)] == [ALLOWED, ALLOWED]
    for namespace in (
        0x20000,
        0x2000000,
        0x4000000,
        0x8000000,
        0x10000000,
        0x20000000,
        0x40000000,
    ):
        assert answer(machine, clone, namespace | 17) == NOT_PERMITTED
    assert answer(machine, 435) == NOT_THERE


def test_system_calls_of_another_architecture_kill_the_process() -> None:
    assert answer("x86_64", 0, architecture=0x40000003) == KILLED
    assert answer("x86_64", 0x40000000) == KILLED
    assert answer("aarch64", 63, architecture=MACHINES["x86_64"]) == KILLED


def test_an_unsupported_machine_architecture_is_named() -> None:
    with pytest.raises(UserError, match="'riscv64': known: x86_64, aarch64"):
        filter_for("riscv64")
