"""Programs run isolated, by what was tried on this machine, or not at all."""

import os
import re
from dataclasses import replace
from pathlib import Path

import pytest

from docendo.errors import UserError
from docendo.sandbox import isolated
from docendo.sandbox.isolated import (
    UNSAFE,
    Capabilities,
    IsolatedSandbox,
    probe,
    strongest_isolation,
)
from docendo.sandbox.spec import Limits
from tests.sandbox.programs import LIMITS, as_user, needs_isolation, python, run_python

NOTHING_WORKS = Capabilities(None, "", ("namespaces: not permitted",))


@needs_isolation
def test_a_program_reads_its_input_and_files_and_writes() -> None:
    code = (
        "import sys\nprint(sys.stdin.read(), open('a').read())\nprint('b', file=sys.stderr)"
    )
    result = run_python(code, stdin=b"in", a=b"file")
    assert result == (True, "", b"in file\n", b"b\n")


@needs_isolation
def test_no_file_survives_to_the_next_program() -> None:
    assert run_python("open('left', 'w').write('x')").ok
    assert run_python("import os; print(os.listdir('.'))").out == b"[]\n"


@needs_isolation
def test_other_limits_are_those_of_another_sandbox() -> None:
    sandbox = IsolatedSandbox(LIMITS)
    wider = replace(sandbox, limits=Limits(seconds=1, memory_mb=128, output_kb=64))
    program = python("print('x' * 5000)")
    assert not sandbox(program).ok
    assert wider(program).ok


def test_without_isolation_the_sandbox_is_refused_with_what_to_do(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(isolated, "strongest_isolation", lambda: NOTHING_WORKS)
    with pytest.raises(
        UserError,
        match=f'without a sandbox: namespaces: not permitted. .*unsafe = "{UNSAFE}"',
    ):
        IsolatedSandbox(LIMITS)


def test_an_isolation_that_leaks_is_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    strongest_isolation.cache_clear()
    monkeypatch.setattr(
        isolated, "probe", lambda name, path: "a program reads the user's files"
    )
    monkeypatch.setattr(
        isolated,
        "list_isolations",
        lambda: [("namespaces", ""), ("bubblewrap", "/usr/bin/bwrap")],
    )
    assert strongest_isolation() == Capabilities(
        None,
        "",
        (
            "namespaces: a program reads the user's files",
            "/usr/bin/bwrap: a program reads the user's files",
        ),
    )
    strongest_isolation.cache_clear()


@needs_isolation
def test_the_examples_of_the_sandbox_page_are_true(
    capsys: pytest.CaptureFixture[str],
) -> None:
    page = (Path(__file__).parents[2] / "docs" / "sandbox.md").read_text()
    (code,) = re.findall(r"```python\n(.*?)```", page, re.DOTALL)
    exec(code, {})  # noqa: S102
    assert capsys.readouterr().out == "passes every test\n0.0\n"


@needs_isolation
def test_the_unsafe_mode_is_not_used_where_isolation_is_available() -> None:
    sandbox = IsolatedSandbox(LIMITS, allow_unsafe=True)
    assert sandbox.isolation == strongest_isolation().isolation


@as_user
@pytest.mark.skipif(os.name != "posix", reason="limits are POSIX")
def test_unsafe_mode_has_limits_only_and_the_probe_lists_what_they_let_through(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(isolated, "strongest_isolation", lambda: NOTHING_WORKS)
    sandbox = IsolatedSandbox(LIMITS, allow_unsafe=True)
    assert sandbox.isolation == "limits"
    assert sandbox(python("print(open('a').read())", a=b"file")).out == b"file\n"
    assert (
        sandbox(python("while True: pass")).reason
        == "used more than 1 seconds of processor time"
    )
    assert not sandbox(python("x = bytearray(1 << 30)")).ok
    assert "reads the user's files" in probe("limits")
