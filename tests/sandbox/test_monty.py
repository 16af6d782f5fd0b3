"""The sandbox: what programs may do, and two dozen that try to do more."""

import sys

import pytest

from docendo.errors import RunError, UserError
from docendo.records import Outcome
from docendo.sandbox.monty import MontySandbox, build_strict_monty

run = MontySandbox(seconds=0.3, memory_mb=16, depth=100)


def test_calls_see_what_the_program_defined() -> None:
    assert run("k = 2\ndef f(x): return x * k", ["f(3)", "f('ab')", "k"]) == Outcome(
        True, ("6", "'abab'", "2")
    )


def test_values_come_back_as_text_that_tells_types_apart() -> None:
    calls = ["f(1)", "f(1.0)", "f(True)", "f('1')", "f(None)", "f([1, (2,), {'a': 3}])"]
    assert run("def f(x): return x", calls).values == (
        "1",
        "1.0",
        "True",
        "'1'",
        "None",
        "[1, (2,), {'a': 3}]",
    )


@pytest.mark.parametrize(
    "value",
    [0, -7, 10**30, 0.1, 1e100, -0.0, "a'b\"\n\t\x00é", [], (1,), {"a": [None, True]}],
)
def test_values_are_written_as_python_writes_them(value: object) -> None:
    assert run("def f(x): return x", [f"f({value!r})"]).values == (repr(value),)


def test_values_before_a_failure_are_kept() -> None:
    outcome = run("def f(x): return 1 // x", ["f(1)", "f(0)", "f(2)"])
    assert outcome.values == ("1",)
    assert "ZeroDivisionError" in outcome.reason


def test_no_state_survives_from_one_program_to_the_next() -> None:
    assert run("leak = 1").ok
    assert not run("", ["leak"]).ok


def test_random_numbers_and_the_clock_are_reproducible() -> None:
    code = "import random, time\ndef f(): return [random.random(), time.time()]"
    assert run(code, ["f()"]).ok
    assert run(code, ["f()"]) == run(code, ["f()"])


@pytest.mark.parametrize(
    "code",
    [
        "while True: pass",
        "while True:\n    try:\n        while True: pass\n    except BaseException: pass",
        "x = [0]\nwhile True: x = x + x",
        "'a' * 10**10",
        "[i for i in range(10**9)]",
        "def f(x): return f(x + 1)\nf(0)",
        "import os\nos.listdir('/')",
        "import os\nos.environ['HOME']",
        "import socket",
        "import subprocess",
        "open('/etc/passwd').read()",
        "from pathlib import Path\nPath('/etc/passwd').read_text()",
        "__import__('os')",
        "().__class__.__base__.__subclasses__()",
        "raise SystemExit(0)",
        "raise KeyboardInterrupt",
        "exit()",
        "while True: print('x' * 1000)",
        "10 ** 10 ** 10",
        "str(9 ** 9 ** 6)",
        "(" * 10_000,
        "-" * 100_000 + "1",
        "raise ValueError('x' * 10**6)",
        "x = ['a' * 10**6] * 30_000\nx or \\",
        "def broken(:",
        "\ud800",
        "\x00",
    ],
)
def test_a_hostile_program_fails_within_its_limits(code: str) -> None:
    outcome = run(code, ["1"])
    assert not outcome.ok
    assert not outcome.values
    assert 0 < len(outcome.reason) <= 100


@pytest.mark.parametrize(
    "body",
    [
        "['a' * 10**6] * 30_000",
        "10 ** 5000",
        "open('/etc/passwd')",
        "f(x)",
        "exit()",
        "[0] * 10**8",
    ],
)
def test_a_hostile_value_fails_within_its_limits(body: str) -> None:
    assert not run(f"def f(x): return {body}", ["f(1)"]).ok


def test_a_program_cannot_change_how_its_values_are_written() -> None:
    code = "def repr(x): return '7'\nstr = format = exec = eval = repr\ndef f(x): return x"
    assert run(code, ["f(1)"]).values == ("1",)


def test_a_sleep_takes_no_time() -> None:
    assert run("import time\ntime.sleep(1000)").ok, "the limit ends what takes a second"


def test_output_comes_back_as_text_and_goes_nowhere_else(
    capfd: pytest.CaptureFixture[str],
) -> None:
    found = run("print('hello')\ndef f(): print('there'); return 1", ["f()"])
    assert found == Outcome(True, ("1",), printed="hello\nthere\n")
    assert capfd.readouterr().out == ""


def test_a_missing_interpreter_is_named_with_the_command_to_install_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "pydantic_monty", None)
    with pytest.raises(UserError, match=r"pip install 'docendo\[sandbox\]'"):
        build_strict_monty()


def test_a_worker_that_cannot_start_stops_the_run(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MONTY_BIN", "/nowhere/monty")
    with pytest.raises(RunError, match="cannot start a worker"):
        build_strict_monty()("1")
