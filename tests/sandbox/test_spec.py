"""What init.py is told of a program: limits in the kernel's units, and nothing of the user's."""

import os
from base64 import b64decode
from pathlib import Path

import pytest

from docendo.sandbox.spec import (
    SCRATCH,
    Limits,
    Program,
    build_spec,
    find_python,
    init_command,
)
from tests.sandbox.programs import needs_isolation, run_python

PROGRAM = Program(("/usr/bin/true",), {"a.txt": b"\x00text"}, b"in")
LIMITS = Limits(
    seconds=1.2, memory_mb=10, reserved_mb=5, processes=3, output_kb=4, file_mb=2
)


def test_limits_are_in_whole_seconds_and_bytes() -> None:
    limits = build_spec("namespaces", PROGRAM, LIMITS, SCRATCH)["limits"]
    assert limits["RLIMIT_CPU"] == 2
    assert limits["RLIMIT_DATA"] == 10 * 2**20
    assert limits["RLIMIT_AS"] == 15 * 2**20
    assert limits["RLIMIT_FSIZE"] == 2 * 2**20
    assert limits["RLIMIT_NPROC"] == 4, "three of the program and init.py itself"
    assert limits["RLIMIT_CORE"] == 0


@pytest.mark.skipif(os.geteuid() == 0, reason="root's programs are another user's")
def test_without_a_namespace_the_users_own_processes_are_not_counted() -> None:
    limits = build_spec("limits", PROGRAM, LIMITS, SCRATCH)["limits"]
    assert limits["RLIMIT_NPROC"] > 4


def test_files_and_input_cross_unchanged() -> None:
    spec = build_spec("namespaces", PROGRAM, LIMITS, SCRATCH)
    assert b64decode(spec["files"]["a.txt"]) == b"\x00text"
    assert b64decode(spec["stdin"]) == b"in"


def test_the_users_environment_does_not_cross(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOCENDO_CANARY", "sings")
    environment = build_spec("namespaces", PROGRAM, LIMITS, SCRATCH)["environment"]
    assert environment["HOME"] == SCRATCH
    assert "DOCENDO_CANARY" not in environment


def test_neither_home_nor_etc_can_be_read() -> None:
    mounts = build_spec("namespaces", PROGRAM, LIMITS, SCRATCH)["mounts"]
    paths = [path for path, _ in mounts]
    assert "/usr" in paths
    assert str(Path.home()) not in paths
    assert not [path for path in paths if path.startswith(("/home", "/root", "/proc"))]
    assert [path for path in paths if path.startswith("/etc")] in (
        [],
        ["/etc/ld.so.cache"],
    )


def test_bubblewrap_gets_no_capability_and_no_session() -> None:
    command = init_command("bubblewrap", PROGRAM, LIMITS, "/usr/bin/bwrap")
    assert command[0] == "/usr/bin/bwrap"
    assert {"--unshare-all", "--die-with-parent", "--new-session", "--clearenv"} <= set(
        command
    )
    assert command[command.index("--cap-drop") + 1] == "ALL"
    assert command[command.index("--size") + 1] == str(2 * 2**20)
    assert command[-1] == "/init.py"


def test_the_interpreter_has_no_installed_packages() -> None:
    command, folders = find_python()
    assert os.path.isabs(command[0])
    assert {"-s", "-P", "-S"} <= set(command)
    assert all(map(os.path.isdir, folders))


@needs_isolation
def test_string_hashes_in_the_sandbox_are_reproducible() -> None:
    assert run_python("print(hash('a'))").out == run_python("print(hash('a'))").out
