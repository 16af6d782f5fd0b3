"""Tests in a real Python: right programs pass, with all of the language; values come back as text."""

import pytest

from docendo.graders.answer import parallel
from docendo.graders.audit import audit
from docendo.graders.unit_tests import UnitTestGrader
from docendo.problems.programs import PROGRAMMING
from docendo.records import AgentId, Answer, Problem
from docendo.sandbox.cpython import CPythonSandbox, IsolatedConfig
from docendo.sandbox.isolated import IsolatedSandbox, strongest_isolation
from docendo.sandbox.spec import Limits
from docendo.tools.interpreter import Interpreter

pytestmark = pytest.mark.skipif(
    strongest_isolation().isolation is None,
    reason=f"no sandbox here: {strongest_isolation().failures}",
)

LIMITS = Limits(seconds=1, wall=8, memory_mb=128)
DOUBLE = Problem(
    "toy", "toy", 1, "What?", "x * 2", tests=("f(3) == 6", "f(0) == 0", "f(-4) == -8")
)


@pytest.fixture(scope="module")
def grade() -> UnitTestGrader:
    return UnitTestGrader(CPythonSandbox(IsolatedSandbox(LIMITS)))


@pytest.mark.parametrize(
    "text",
    [
        "Answer: x * 2",
        "Answer: lambda n: n * 2",
        "```python\nfrom functools import cache\n@cache\ndef f(n):\n    print('6')\n    return n << 1\n```",
        "```python\nclass Twice:\n    def __call__(self, n): return sum([n, n])\nf = Twice()\n```",
        "```python\nasync def g(n): return 2 * n\nimport asyncio\ndef f(n):\n    try: g(n).send(None)\n"
        "    except StopIteration as end: return end.value\n```",
    ],
)
def test_a_program_that_passes_every_test_is_right(
    grade: UnitTestGrader, text: str
) -> None:
    assert grade(DOUBLE, text) == (1.0, "passes every test")


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("Answer: x + 3", "f(0) gave 3, not 0"),
        ("Answer: ", "no answer"),
        ("Answer: x / 0", "ZeroDivisionError: division by zero"),
        ("Answer: y", "NameError: name 'y' is not defined"),
        ("Answer: def f(: pass", "SyntaxError: invalid syntax"),
        (
            "```python\nimport numpy\ndef f(x): return 2 * x\n```",
            "ModuleNotFoundError: No module named 'numpy'",
        ),
        (
            "Answer: iter([x])",
            "TypeError: the value of f(3) is not made of Python's own types",
        ),
        (
            "Answer: 'x' * 20000",
            "ValueError: the value of f(3) is longer than 10000 characters",
        ),
        (
            "```python\ndef f(x):\n    import os\n    os._exit(0)\n```",
            "the program stopped early",
        ),
    ],
)
def test_a_program_that_fails_is_wrong_with_a_short_reason(
    grade: UnitTestGrader, text: str, reason: str
) -> None:
    assert grade(DOUBLE, text) == (0.0, reason)


def test_without_tests_the_answer_is_compared_as_text(grade: UnitTestGrader) -> None:
    assert grade(Problem("toy", "toy", 1, "What?", "6"), "Answer: 6").score == 1


def test_values_are_written_as_python_writes_them() -> None:
    values = (
        0,
        -7,
        10**30,
        0.1,
        -0.0,
        "a'b\"\n\t\x00é",
        [],
        (1,),
        {"a": [None, True, b"x"]},
    )
    outcome = CPythonSandbox(IsolatedSandbox(LIMITS))(
        "def f(x): return x", [f"f({value!r})" for value in values]
    )
    assert outcome.values == tuple(map(repr, values))


def test_values_before_a_failure_are_kept() -> None:
    outcome = CPythonSandbox(IsolatedSandbox(LIMITS))(
        "def f(x): return 1 // x", ["f(1)", "f(0)", "f(2)"]
    )
    assert outcome.values == ("1",)
    assert outcome.reason == "ZeroDivisionError: integer division or modulo by zero"


def test_many_answers_are_judged_at_once_and_in_order(grade: UnitTestGrader) -> None:
    texts = [f"Answer: x * {n}" for n in range(4)]
    verdicts = parallel(grade)([Answer(DOUBLE, text, AgentId("ada"), 0) for text in texts])
    assert [v.score for v in verdicts] == [0, 0, 1, 0]


@pytest.mark.slow
def test_the_worked_solutions_of_the_programming_domain_pass_and_nothing_else_does(
    grade: UnitTestGrader,
) -> None:
    report = audit(PROGRAMMING, parallel(grade), 1, seed=5)
    assert report.passed, [c for c in report.checks if c.failures]


@pytest.mark.parametrize(("seconds", "wall"), [(2.0, 10.0), (30.0, 66.0)])
def test_a_program_may_take_all_of_its_seconds(seconds: float, wall: float) -> None:
    limits = IsolatedConfig(seconds=seconds).build().sandbox.limits
    assert (limits.seconds, limits.wall) == (seconds, wall)


def test_what_a_program_prints_is_told_with_its_values() -> None:
    outcome = CPythonSandbox(IsolatedSandbox(LIMITS))("print('a')", ["print('b')", "7"])
    assert (outcome.values, outcome.printed) == (("None", "7"), "a\nb\n")
    assert (
        Interpreter(CPythonSandbox(IsolatedSandbox(LIMITS)))(
            "import statistics\nprint(1)\n2"
        )
        == "1 2"
    )


HOSTILE = [
    "import sys\nsys.exit(0)",
    "import os\nos._exit(0)",
    "import builtins\nbuiltins.abs = lambda x: 0\nbuiltins.bool = lambda x: True\nf = lambda x: 0",
    "class A(float):\n    __sub__ = __rsub__ = lambda s, o: 0.0\n    __eq__ = lambda s, o: True\n    __hash__ = None\nf = A",
    "import json\njson.dumps = lambda x: '\"2.5\"'\nf = lambda x: 7",
    "import atexit, sys\natexit.register(print, 'True')\nf = lambda x: True",
    "import sys\nsys._getframe(1).f_locals['request']['calls'][:] = ['2.5']\nf = lambda x: 7",
    "import threading\nthreading.Thread(target=print, args=('m True',)).start()\nf = lambda x: 7",
]


@pytest.mark.parametrize("program", HOSTILE)
def test_a_hostile_program_cannot_fake_a_condition(
    grade: UnitTestGrader, program: str
) -> None:
    tests = (
        "import math",
        "assert abs(f(3) - 2.6) < 1e-6",
        "assert math.isclose(f(4), 3.5)",
    )
    problem = Problem("toy", "toy", 1, "What?", "x - 0.5", tests=tests)
    assert grade(problem, f"```python\n{program}\n```").score == 0
    assert grade(problem, "Answer: x - 0.4 - (x == 4) * 0.1").score == 1
