"""Programs run inside limits, behind walls that were tried, or not at all."""

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from docendo.errors import RunError, UserError
from docendo.sandbox import isolated as jails
from docendo.sandbox import spec as orders
from docendo.sandbox.isolated import UNSAFE, Capabilities, IsolatedSandbox, probe, strongest
from docendo.sandbox.spec import Limits, Program, interpreter
from docendo.sandbox.supervisor import ProcessResult, run_behind

needs_walls = pytest.mark.skipif(
    strongest().walls is None, reason=f"no sandbox here: {strongest().failures}"
)
as_user = pytest.mark.skipif(
    os.geteuid() == 0, reason="root's programs run as nobody, who may not find Python"
)

LIMITS = Limits(seconds=1, wall=20, memory_mb=128, processes=4, output_kb=4, file_mb=2)


def python(code: str, stdin: bytes = b"", **files: bytes) -> Program:
    command, toolchain = interpreter()
    return Program((*command, "-c", code), files, stdin, toolchain)


def ended(
    code: str, limits: Limits = LIMITS, stdin: bytes = b"", **files: bytes
) -> ProcessResult:
    return IsolatedSandbox(limits)(python(code, stdin, **files))


@needs_walls
def test_a_program_reads_its_input_and_files_and_writes() -> None:
    code = (
        "import sys\nprint(sys.stdin.read(), open('a').read())\nprint('b', file=sys.stderr)"
    )
    assert ended(code, stdin=b"in", a=b"file") == ProcessResult(
        True, "", b"in file\n", b"b\n"
    )


@needs_walls
@pytest.mark.parametrize(
    ("code", "reason"),
    [
        ("raise SystemExit(3)", "ended with status 3"),
        ("import os; os.abort()", "was ended by signal 6 (Aborted)"),
        ("while True: pass", "used more than 1 seconds of processor time"),
        ("print('x' * 5000)", "wrote more than 4 KiB"),
        (
            "import os\nos.write(1, b'x' * 3000)\nos.write(2, b'x' * 3000)",
            "wrote more than 4 KiB",
        ),
    ],
)
def test_the_result_says_how_a_program_ended(code: str, reason: str) -> None:
    found = ended(code)
    assert (found.ok, found.reason) == (False, reason)


@needs_walls
def test_the_wall_clock_limit_ends_a_sleeping_program() -> None:
    assert (
        ended("import time; time.sleep(60)", replace(LIMITS, wall=0.3)).reason
        == "was not done after 0.3 seconds"
    )


@needs_walls
def test_output_at_the_very_end_is_complete() -> None:
    for _ in range(3):
        assert len(ended("import os; os.write(1, b'x' * 4096)").out) == 4096


@needs_walls
def test_oversized_files_are_refused_as_the_callers_error() -> None:
    found = ended("1", big=bytes(2 * 2**20))
    assert (
        found.reason == "its files have 2097152 bytes, more than half of the scratch folder"
    )


@needs_walls
def test_many_programs_are_answered_in_order() -> None:
    found = IsolatedSandbox(LIMITS).each([python(f"print({n})") for n in range(6)])
    assert [e.out for e in found] == [b"%d\n" % n for n in range(6)]


@needs_walls
def test_no_file_survives_to_the_next_program() -> None:
    assert ended("open('left', 'w').write('x')").ok
    assert ended("import os; print(os.listdir('.'))").out == b"[]\n"


@needs_walls
def test_string_hashes_in_the_sandbox_are_reproducible() -> None:
    assert ended("print(hash('a'))").out == ended("print(hash('a'))").out


@needs_walls
def test_a_missing_program_is_a_run_error_and_no_verdict() -> None:
    with pytest.raises(RunError, match="/usr/bin/nothing: FileNotFoundError"):
        IsolatedSandbox(LIMITS)(Program(("/usr/bin/nothing",)))


@pytest.mark.skipif(strongest().walls != "namespaces", reason="needs our own walls")
def test_a_failing_isolation_is_a_run_error_and_no_verdict(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(orders, "_DEVICES", ("/dev/nothing",))
    with pytest.raises(RunError, match=r"the jail cannot start: .*mounting /dev/nothing"):
        run_behind("namespaces", python("print(1)"), LIMITS)


@needs_walls
def test_the_sandbox_dies_with_the_process_that_started_it() -> None:
    token = f"docendo-orphan-{os.getpid()}"
    code = f"""
from docendo.sandbox.isolated import IsolatedSandbox
from docendo.sandbox.spec import Limits, Program, interpreter
command, toolchain = interpreter()
sleep = "import os, time\\nos.fork()\\nprint(1)\\ntime.sleep(60)"
IsolatedSandbox(Limits(wall=60))(Program((*command, "-c", sleep, "{token}"), toolchain=toolchain))
"""
    parent = subprocess.Popen([sys.executable, "-c", code], cwd=Path(__file__).parents[2])
    try:
        assert any(len(list(carrying(token))) >= 2 for _ in patience())
    finally:
        parent.send_signal(signal.SIGKILL)
        parent.wait()
    assert any(not list(carrying(token)) for _ in patience())


def carrying(token: str) -> Iterator[Path]:
    for line in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            # the parent's command is one long line of code
            if f"\0{token}\0".encode() in line.read_bytes():
                yield line
        except OSError:
            continue


def patience(seconds: float = 10) -> Iterator[None]:
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        yield
        time.sleep(0.02)


def test_without_isolation_the_sandbox_is_refused_with_what_to_do(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(
        jails, "strongest", lambda: Capabilities(None, "", ("namespaces: not permitted",))
    )
    with pytest.raises(
        UserError,
        match=f'without a sandbox: namespaces: not permitted. .*unsafe = "{UNSAFE}"',
    ):
        IsolatedSandbox()


def test_an_isolation_that_leaks_is_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    strongest.cache_clear()
    monkeypatch.setattr(
        jails, "probe", lambda walls, path: "a program reads the user's files"
    )
    monkeypatch.setattr(
        jails, "candidates", lambda: [("namespaces", ""), ("bubblewrap", "/usr/bin/bwrap")]
    )
    assert strongest() == Capabilities(
        None,
        "",
        (
            "namespaces: a program reads the user's files",
            "/usr/bin/bwrap: a program reads the user's files",
        ),
    )
    strongest.cache_clear()


@needs_walls
def test_the_examples_of_the_sandbox_page_are_true(
    capsys: pytest.CaptureFixture[str],
) -> None:
    page = (Path(__file__).parents[2] / "docs" / "sandbox.md").read_text()
    (code,) = re.findall(r"```python\n(.*?)```", page, re.DOTALL)
    exec(code, {})  # noqa: S102
    assert capsys.readouterr().out == "passes every test\n0.0\n"


@needs_walls
def test_the_unsafe_mode_is_not_used_where_isolation_is_available() -> None:
    assert IsolatedSandbox(LIMITS, allow_unsafe=True).walls == strongest().walls


@as_user
@pytest.mark.skipif(os.name != "posix", reason="limits are POSIX")
def test_unsafe_mode_has_limits_only_and_the_probe_lists_what_they_let_through(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(
        jails, "strongest", lambda: Capabilities(None, "", ("namespaces: not permitted",))
    )
    jail = IsolatedSandbox(LIMITS, allow_unsafe=True)
    assert jail.walls == "limits"
    assert jail(python("print(open('a').read())", a=b"file")).out == b"file\n"
    assert (
        jail(python("while True: pass")).reason
        == "used more than 1 seconds of processor time"
    )
    assert not jail(python("x = bytearray(1 << 30)")).ok
    assert "reads the user's files" in probe("limits")
