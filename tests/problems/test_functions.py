import pytest

from docendo.problems.functions import draft_expression, draft_fix
from tests.problems.dice import Dice


def test_an_expression_follows_its_steps_and_passes_its_tests() -> None:
    draft = draft_expression(Dice("*", 3, "+", 4), 1)
    assert draft.prompt == (
        "Write a Python expression for f(x): take x, multiply by 3, then add 4."
    )
    assert draft.solution == "multiply by 3: x * 3\nAnswer: x * 3 + 4"
    assert draft.tests[:3] == ("f(0) == 4", "f(1) == 7", "f(2) == 10")
    assert draft.tests[-1] == "f(-3) == -5"


def test_a_sum_that_is_multiplied_gets_parentheses() -> None:
    assert draft_expression(Dice("-", 2, "*", 5), 2).answer == "(x - 2) * 5"


def test_a_line_follows_from_two_points() -> None:
    draft = draft_expression(Dice(3, 7), 4)
    assert draft.prompt.startswith("f(x) = a * x + b, with f(0) = 7 and f(1) = 10.")
    assert draft.solution == "b = f(0) = 7\na = f(1) - b = 10 - 7 = 3\nAnswer: x * 3 + 7"


def test_cases_are_even_and_odd_numbers() -> None:
    draft = draft_expression(Dice([("+", 2), ("*", 3)]), 5)
    assert draft.prompt.endswith("x plus 2 for even x, else x times 3.")
    assert draft.answer == "x + 2 if x % 2 == 0 else x * 3"
    assert draft.tests[:4] == ("f(0) == 2", "f(1) == 3", "f(2) == 4", "f(5) == 15")


def test_a_function_to_fix_has_another_operand_or_operator() -> None:
    operand = draft_fix(Dice("+", 5, 0, 0.9, 7), 1)
    assert operand.prompt == "Fix this to take x, add 5.\ndef f(x): return x + 7"
    assert operand.answer == "def f(x): return x + 5"
    operator = draft_fix(Dice("+", 5, 0, 0.1, "*"), 1)
    assert operator.prompt.endswith("return x * 5")


def test_at_level_3_the_parentheses_are_missing() -> None:
    draws = ("+", 3, "*", 4), ("-", 8, 5), (0, 0.9, 9)
    draft = draft_fix(Dice(*(value for draw in draws for value in draw)), 3)
    assert draft.prompt.endswith("return x - 8 * 5")
    assert draft.answer == "def f(x): return (x - 8) * 5"


@pytest.mark.parametrize(
    ("words", "code", "result"),
    [
        ("all but the first {}", "x[2:]", [2, 3, 4]),
        ("all but the last {}", "x[:-2]", [0, 1, 2]),
        ("the first {}", "x[:2]", [0, 1]),
        ("the last {}", "x[-2:]", [3, 4]),
    ],
)
def test_a_slice_has_a_name_and_its_tests_a_list_that_is_too_short(
    words, code, result
) -> None:
    wrong = "the last {}" if words != "the last {}" else "the first {}"
    draft = draft_fix(Dice(words, 2, *[9] * 4, (wrong, 9)), 4)
    assert f"return {words.format(2)} items of list x" in draft.prompt
    assert draft.answer == f"def f(x): return {code}"
    assert eval(code, {"x": [0, 1, 2, 3, 4]}) == result  # noqa: S307
    assert draft.tests[-1] == "f([]) == []"
