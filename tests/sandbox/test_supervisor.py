"""How a program ended is told in a line, and a program that could not be isolated gets no verdict."""

from dataclasses import replace

import pytest

from docendo.errors import RunError
from docendo.sandbox import spec
from docendo.sandbox.isolated import IsolatedSandbox, strongest_isolation
from docendo.sandbox.spec import Program
from docendo.sandbox.supervisor import run_isolated
from tests.sandbox.programs import LIMITS, needs_isolation, python, run_python


@needs_isolation
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
    result = run_python(code)
    assert (result.ok, result.reason) == (False, reason)


@needs_isolation
def test_the_wall_clock_limit_ends_a_sleeping_program() -> None:
    limits = replace(LIMITS, wall=0.3)
    result = run_python("import time; time.sleep(60)", limits)
    assert result.reason == "was not done after 0.3 seconds"


@needs_isolation
def test_output_at_the_very_end_is_complete() -> None:
    for _ in range(3):
        assert len(run_python("import os; os.write(1, b'x' * 4096)").out) == 4096


def test_oversized_files_are_refused_as_the_callers_error() -> None:
    result = run_isolated("namespaces", python("1", big=bytes(2 * 2**20)), LIMITS)
    assert (
        result.reason
        == "its files have 2097152 bytes, more than half of the scratch folder"
    )


@needs_isolation
def test_a_missing_program_is_a_run_error_and_no_verdict() -> None:
    with pytest.raises(RunError, match="/usr/bin/nothing: FileNotFoundError"):
        IsolatedSandbox(LIMITS)(Program(("/usr/bin/nothing",)))


@pytest.mark.skipif(
    strongest_isolation().isolation != "namespaces", reason="needs our own namespaces"
)
def test_a_failing_isolation_is_a_run_error_and_no_verdict(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(spec, "_DEVICES", ("/dev/nothing",))
    with pytest.raises(
        RunError, match=r"the sandbox cannot start: .*mounting /dev/nothing"
    ):
        run_isolated("namespaces", python("print(1)"), LIMITS)
