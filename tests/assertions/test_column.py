"""What people have in a column of tests becomes lines, or is refused with its reason."""

import json

import pytest

from docendo.assertions.column import read_tests
from docendo.errors import UserError

HUMAN_EVAL = """

METADATA = {'author': 'jt'}


def check(candidate):
    # Check some simple cases
    assert True, "This prints if this assert fails"
    assert candidate([1.0], 0.3) == True, "first"
    assert abs(candidate(2.0) - 2.0/3.0) < 1e-6
"""


@pytest.mark.parametrize(
    ("value", "lines"),
    [
        (["assert f(3) == 7", " f( 1,2 )==[3]"], ("f(3) == 7", "f(1, 2) == [3]")),
        ("assert f(3) == 7\nassert f(4) == 9", ("f(3) == 7", "f(4) == 9")),
        ("f(3) == 7\nis_even(4)", ("f(3) == 7", "assert is_even(4)")),
        (json.dumps(["f(3) == 7"]), ("f(3) == 7",)),
        ("['assert f(3) == 7']", ("f(3) == 7",)),
        ("f(3) == 7, 'a message'", ("f(3) == 7",)),
        ("f([1]) == {1, 2}", ("f([1]) == {1, 2}",)),
        (
            "import math\nassert math.isclose(f(2), 1.41)",
            ("import math", "assert math.isclose(f(2), 1.41)"),
        ),
        (
            "x = [2, 1]\nf(x)\nassert x == [1, 2]",
            ("x = [2, 1]", "_ = f(x)", "assert x == [1, 2]"),
        ),
        (
            "def test_f():\n    assert f(3) == 7\ndef test_g():\n    assert f(4) == 9",
            ("f(3) == 7", "f(4) == 9"),
        ),
        (
            HUMAN_EVAL,
            (
                "METADATA = {'author': 'jt'}",
                "candidate([1.0], 0.3) == True",
                "assert abs(candidate(2.0) - 2.0 / 3.0) < 1e-06",
            ),
        ),
        (
            "def check(g):\n    assert g(3) == 7\ncheck(triple)",
            ("triple(3) == 7",),
        ),
    ],
)
def test_tests_of_a_column_are_read(value: object, lines: tuple[str, ...]) -> None:
    assert read_tests(value) == lines
    assert read_tests(list(lines)) == lines


def test_setup_comes_before_the_tests() -> None:
    lines = read_tests(
        ["assert h(root) == 1"], setup="root = Node(1)\r\nroot.left = Node(2)"
    )
    assert lines == ("root = Node(1)", "root.left = Node(2)", "h(root) == 1")


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        (7, "expected assertions, as a text or a list, got 7"),
        ([1], "expected assertions"),
        ("", "no test calls a function"),
        ("x = 3", "no test calls a function"),
        ("assert f(3 == 7", r"a test is no Python \('\(' was never closed\)"),
        ("assert 1 == 1", "expected calls of the program"),
        (
            "for x in range(3):\n    assert f(x) == x",
            "an assertion inside another statement",
        ),
        ("assert all(f(x) for x in [1, 2])", "known arguments"),
        ("ok = abs(f(3) - 2.5) < 1e-6\nassert ok", "only an assertion may use"),
        ("def g(x):\n    return f(x) == 7\nassert g(3)", "only an assertion may use"),
        ("r = []\nr.append(f(3) == 7)\nassert r == [True]", "only an assertion may use"),
        ("assert sum(abs(f(x) - 2.5) for x in [1]) == 0", "known arguments"),
        ("assert [math.isclose(f(x), 7) for x in [1]] == [True]", "known arguments"),
        ("assert [f(x) == 7 for x in [1]] == [1]", "known arguments"),
        ("assert isclose(f(3), 7)", "which function is tested"),
        ("x = [1]\nassert f(x) == 1\nx.append(2)\nassert f(x) == 2", "'x' changes"),
        ("assert f(3) == " + "1" * 200_000, "longer than"),
    ],
)
def test_tests_that_cannot_be_judged_are_refused(value: object, reason: str) -> None:
    with pytest.raises(UserError, match=reason):
        read_tests(value)
