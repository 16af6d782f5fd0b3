"""Assertions are taken apart: what the program is asked, and what its values must be."""

import ast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from docendo.assertions.suite import read_suite


@pytest.mark.parametrize(
    ("test", "call", "condition", "expected"),
    [
        ("f(3) == 7", "f(3)", "v0 == 7", "7"),
        ("7 == f(3)", "f(3)", "7 == v0", "7"),
        ("f([1]) == {1, 2}", "f([1])", "v0 == {1, 2}", "{1, 2}"),
        ("f({1, 2}, y=None) == -1.5", "f({1, 2}, y=None)", "v0 == -1.5", "-1.5"),
        ("f(1, int) == 1 + 1", "f(1, int)", "v0 == 1 + 1", ""),
        ("abs(f(3) - 2.5) < 1e-06", "f(3)", "abs(v0 - 2.5) < 1e-06", ""),
        ("set(f([1])) == {1}", "set(f([1]))", "v0 == {1}", "{1}"),
        ("int(f(5)) == 35", "f(5)", "int(v0) == 35", ""),
        ("f(3) is None", "f(3)", "v0 is None", ""),
        ("f(3)", "f(3)", "v0", ""),
        ("f(3).startswith('a')", "f(3)", "v0.startswith('a')", ""),
        ("f(3).strip() == 'a'", "f(3).strip()", "v0 == 'a'", "'a'"),
        ("Solution().two(3) == 7", "Solution().two(3)", "v0 == 7", "7"),
        (
            "list(map(f, [1, 2])) == [3, 5]",
            "list(map(f, [1, 2]))",
            "v0 == [3, 5]",
            "[3, 5]",
        ),
        (
            "[f(x) for x in [1, 2]] == [3, 5]",
            "[f(x) for x in [1, 2]]",
            "v0 == [3, 5]",
            "[3, 5]",
        ),
        ("sum([1, 2]) == 3", "sum([1, 2])", "v0 == 3", "3"),
        ("f(5) == sys.getsizeof(5)", "f(5)", "v0 == sys.getsizeof(5)", ""),
    ],
)
def test_an_assertion_is_a_call_and_a_condition(
    test: str, call: str, condition: str, expected: str
) -> None:
    # The second test: in the first nobody need call f itself.
    suite = read_suite((test, "f(1) == 3")) if "map" in test else read_suite((test,))
    assert suite.calls[0] == call
    assert suite.cases[0][1:] == (condition, (0,), expected)


def test_statements_go_where_their_names_are_needed_and_values_stay_outside() -> None:
    suite = read_suite(
        (
            "import random",
            "numbers = [1, 2]",
            "_ = numbers.append(3)",
            "expected = sum(numbers)",
            "root = Node(1)",
            "root.left = Node(2)",
            "f(numbers, math.pi) == expected",
            "height(root) == 2",
        )
    )
    assert suite.function == "f"
    assert suite.arity == 2
    assert suite.names == {"f", "height", "Node"}
    assert suite.inputs.splitlines() == [
        "import math",
        "numbers = [1, 2]",
        "_ = numbers.append(3)",
        "root = Node(1)",
        "root.left = Node(2)",
    ]
    assert suite.helpers.splitlines() == [
        "numbers = [1, 2]",
        "_ = numbers.append(3)",
        "expected = sum(numbers)",
    ]


def test_what_the_program_changed_in_place_is_asked_of_it() -> None:
    suite = read_suite(("x = [2, 1]", "_ = f(x)", "assert x == [1, 2]"))
    assert suite.inputs == "x = [2, 1]\n_ = f(x)"
    assert suite.calls == ("x",)
    assert suite.cases[0].expected == "[1, 2]"


@given(st.integers(), st.integers())
def test_no_expected_value_is_where_the_program_is(argument: int, expected: int) -> None:
    secret = f"'secret {expected}'"
    for claim in (
        "f({0}) == {1}",
        "abs(f({0}) - len({1})) < 1",
        "f({0}) in [{1}]",
        "x == {1}",
    ):
        suite = read_suite(
            (f"y = {secret}", "x = f(2)", claim.format(argument, secret), "f(1) == y")
        )
        shown = ast.unparse(ast.parse("\n".join((suite.inputs, *suite.calls))))
        assert secret not in shown
