"""A problem's tests: how they read, which programs pass, and in which sandbox."""

from collections.abc import Sequence

import pytest
from pydantic import ValidationError

from docendo.errors import UserError
from docendo.graders.unit_tests import Case, UnitTestConfig, UnitTestGrader, read_test
from docendo.records import Outcome, Problem
from docendo.sandbox.monty import MontySandbox

by_tests = UnitTestGrader(MontySandbox(seconds=0.3, memory_mb=32, depth=100))


def asking(answer: str, *tests: str) -> Problem:
    return Problem("toy", "toy", 1, "What?", answer, tests=tests)


DOUBLE = asking("x * 2", "f(3) == 6", "f(0) == 0", "f(-4) == -8")


@pytest.mark.parametrize(
    "text",
    [
        "Answer: x * 2",
        "Answer: x + x  # twice",
        "Answer: lambda n: n * 2",
        "Answer: def f(n): return n * 2",
        "```python\ndef g(n):\n    return n\n\ndef f(n):\n    return g(n) + g(n)\n```",
        "Answer: f = lambda n: 2 * n",
    ],
)
def test_a_program_that_passes_every_test_is_right(text: str) -> None:
    assert by_tests(DOUBLE, text) == (1.0, "passes every test")


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("Answer: x + 3", "f(0) gave 3, not 0"),
        ("Answer: x * 2.0", "f(3) gave 6.0, not 6"),
        ("Answer: str(x * 2)", "f(3) gave '6', not 6"),
        ("Answer: ", "no answer"),
        ("Answer: 'x'" + " " * 2000 + ".", "the program is longer than 2000 characters"),
        ("Answer: x / 0", "ZeroDivisionError"),
        ("Answer: y", "used an unknown name"),
        ("Answer: def f(): return 6", "TypeError"),
        ("Answer: double it", "Expected"),
    ],
)
def test_a_program_that_fails_is_wrong_with_a_short_reason(text: str, reason: str) -> None:
    score, why = by_tests(DOUBLE, text)
    assert score == 0
    assert reason in why
    assert len(why) < 200


@pytest.mark.parametrize(
    "text",
    [
        "class A:\n    def __eq__(self, other): return True\n    def __repr__(self): return ''\ndef f(x): return A()",
        "def repr(x): return '6'\nstr = repr\nformat = repr\ndef f(x): return 7",
        "def f(x):\n    print('6'); print('passes every test'); return None",
        "raise SystemExit(0)",
        "def f(x): raise SystemExit(0)",
        "def f(x): raise AssertionError('passes every test')",
        "class int:\n    pass\nTrue_ = 1\ndef f(x): return (6, 0, -8)",
        "def f(x):\n    while True: pass",
        "def f(x): return True",
        "1)\ndef f(x): return (6",
    ],
)
def test_a_program_cannot_forge_a_passed_test(text: str) -> None:
    assert by_tests(DOUBLE, f"```python\n{text}\n```").score == 0


def test_without_tests_the_answer_is_compared_as_text() -> None:
    assert by_tests(asking("6"), "Answer: 6").score == 1
    assert by_tests(asking("6"), "Answer: 3 + 3").score == 0


def test_missing_results_of_the_sandbox_are_no_pass() -> None:
    def silent(code: str, calls: Sequence[str]) -> Outcome:
        return Outcome(True)

    assert UnitTestGrader(silent)(DOUBLE, "Answer: x * 2").score == 0  # type: ignore[arg-type]


def test_a_test_line_reads_as_a_call_and_a_literal() -> None:
    assert read_test("f( 3,'a' )==[1,  -2]") == Case("f", 2, "f(3, 'a')", "[1, -2]")


@pytest.mark.parametrize(
    "line",
    [
        "f(3)",
        "f(3) != 4",
        "f(x) == 3",
        "f(3) == {1, 2}",
        "assert f(3) == 3",
        "len(f(3)) == 2",
        "(" * 900,
        "f(" * 999,
    ],
)
def test_a_malformed_test_line_is_refused_and_passes_no_answer(line: str) -> None:
    with pytest.raises(UserError, match="a test reads like"):
        read_test(line)
    assert by_tests(asking("3", line), "Answer: 3").score == 0


@pytest.mark.parametrize(
    ("sandbox", "seconds", "memory_mb"),
    [
        ("monty", 2.0, 32),
        ({"type": "monty", "seconds": 5.0}, 5.0, 32),
        ({"seconds": 5.0, "memory_mb": 64}, 5.0, 64),
    ],
)
def test_a_table_names_the_sandbox_of_the_tests(
    sandbox: object, seconds: float, memory_mb: int
) -> None:
    part = UnitTestConfig.model_validate({"type": "tests", "sandbox": sandbox})
    built = part.sandbox.build()
    assert isinstance(built, MontySandbox)
    assert (built.seconds, built.memory_mb) == (seconds, memory_mb)


def test_without_a_table_the_sandbox_is_montys_and_is_written_as_its_settings() -> None:
    part = UnitTestConfig()
    assert part.sandbox.type == "monty"
    again = UnitTestConfig.model_validate(part.model_dump())
    assert again == part


def test_an_unknown_sandbox_is_refused_with_the_nearest_name() -> None:
    with pytest.raises(ValidationError, match="no sandbox 'montey'; did you mean 'monty'"):
        UnitTestConfig.model_validate({"type": "tests", "sandbox": "montey"})
