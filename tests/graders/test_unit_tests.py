"""A problem's tests: how they read, which programs pass, and in which sandbox."""

from collections.abc import Sequence

import pytest
from pydantic import ValidationError

from docendo.assertions.column import read_tests
from docendo.graders.unit_tests import UnitTestConfig, UnitTestGrader
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
        ("Answer: str(x * 2)", "f(3) gave '6', not 6"),
        ("Answer: ", "no answer"),
        ("Answer: 'x'" + " " * 100_000 + ".", "is longer than 100000 characters"),
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


@pytest.mark.parametrize("line", ["3", "f(3 == 7", "x = 1", "(" * 900, "f(" * 999])
def test_a_malformed_test_line_passes_no_answer(line: str) -> None:
    assert by_tests(asking("3", line), "Answer: 3").score == 0


@pytest.mark.parametrize(
    ("test", "right", "wrong"),
    [
        ("f(3) == {1, 2}", "{2, 1, 2}", "[1, 2]"),
        ("f(3) == 1", "1.0", "'1'"),
        ("f(3) == 1", "True", "(1,)"),
        ("f(3) == (1, 2)", "(1, 2)", "[1, 2]"),
        ("f(3) == {'a': 1, 'b': 2}", "{'b': 2, 'a': 1}", "{'a': 1}"),
        ("f(3) == [{1: {2}}, set()]", "[{1: {2}}, {*()}]", "[{1: {2}}, {}]"),
        ("f(3) != f(4)", "x", "3"),
        ("abs(f(3) - 2.5) < 1e-6", "2.5000001", "2.6"),
        ("set(f([1])) == {1}", "[1, 1]", "[2]"),
        ("sorted(f([2, 1])) == [1, 2]", "{2, 1}", "{2}"),
        ("math.isclose(f(4), 2)", "x ** 0.5", "x"),
        ("f(3)", "[0]", "[]"),
        ("not f(3)", "0.0", "float('nan')"),
        ("f(3) is None", "None", "0"),
        ("f(3) in (4, 5)", "x + 1", "x"),
        ("len(f(3)) == 2", "'ab'", "'abc'"),
        ("f(3) == float('nan')", None, "float('nan')"),
        ("f(3) == f(3)", "x", "float('nan')"),
        ("f(3).upper() == 'A'", "'a'", "'b'"),
    ],
)
def test_values_are_compared_as_the_test_says(
    test: str, right: str | None, wrong: str
) -> None:
    problem = asking("", *read_tests(test))
    if right is not None:
        assert by_tests(problem, f"Answer: {right}") == (1.0, "passes every test")
    assert by_tests(problem, f"Answer: {wrong}").score == 0


def test_a_wrong_condition_is_quoted_with_what_it_got() -> None:
    problem = asking("", "assert abs(f(3) - 2.5) < 0.1", "assert f(4)")
    assert by_tests(problem, "Answer: x") == (
        0.0,
        "f(3) gave 3, and not abs(f(3) - 2.5) < 0.1",
    )


def test_the_statements_of_a_test_are_run_before_its_calls() -> None:
    problem = asking(
        "", *read_tests("x = [2, 1]\nwanted = [1, 2]\nf(x)\nassert x == wanted")
    )
    assert by_tests(problem, "```python\ndef f(x): x.sort()\n```").score == 1
    assert by_tests(problem, "```python\ndef f(x): pass\n```").score == 0


def test_a_candidate_is_what_the_program_defines_last() -> None:
    problem = asking("", "candidate(3) == 7")
    code = "def g(x): return x\ndef add(x): return g(x) + 4"
    assert by_tests(problem, f"```python\n{code}\n```").score == 1
    assert by_tests(problem, "Answer: x + 4").score == 1


@pytest.mark.parametrize(
    "program",
    [
        "abs = lambda x: 0\nf = lambda x: 0",
        "class A(float):\n    def __sub__(self, other): return 0.0\n    def __lt__(self, other): return True\nf = A",
        "class A:\n    def __sub__(self, other): return self\n    def __abs__(self): return 0\nf = lambda x: A()",
        "import builtins\nbuiltins.abs = lambda x: 0\nf = lambda x: 0",
        "v0 = 2.5\nf = lambda x: v1",
        "f = lambda x: '2.5'",
        "raise SystemExit(0)",
        "def f(x): raise SystemExit",
    ],
)
def test_a_program_cannot_forge_a_condition(program: str) -> None:
    problem = asking("", "assert abs(f(3) - 2.5) < 1e-6")
    assert by_tests(problem, f"```python\n{program}\n```").score == 0


def test_what_a_sandbox_gives_is_read_as_a_value_and_never_run() -> None:
    codes = []

    def forge(code: str, calls: Sequence[str]) -> Outcome:
        codes.append(code)
        return Outcome(True, ("print(2.5)",))

    problem = asking("", "assert abs(f(3) - 2.5) < 1e-6")
    verdict = UnitTestGrader(forge)(problem, "Answer: x")  # type: ignore[arg-type]
    assert verdict == (0.0, "print(2.5) is no value")
    assert len(codes) == 1


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
