"""Numbers and formulas by value."""

import pytest

from docendo.graders.numbers import Numeric, Symbolic
from docendo.records import AgentId, Answer, Problem

ANN = AgentId("ann")


def problem(answer: str) -> Problem:
    return Problem("d", "f", 1, "what?", answer)


@pytest.mark.parametrize(
    ("answer", "text", "score"),
    [
        ("3.14159", "Answer: 3.1416", 1),
        ("3.14159", "Answer: about 3.141 cm", 0),
        ("100", "Answer: 1e2", 1),
        ("1000", "Answer: 1,000 m", 1),
        ("0.5", "Answer: 1/2", 1),
        ("-2", "Answer: \N{MINUS SIGN}2", 1),
        ("0", "Answer: 0.0", 1),
        ("7", "Answer: seven", 0),
        ("7", "", 0),
        ("7", "Answer: 1/0", 0),
        ("Lima", "Answer: lima", 1),
        ("Lima", "Answer: 3", 0),
    ],
)
def test_numbers_are_compared_within_a_tolerance(
    answer: str, text: str, score: float
) -> None:
    assert Numeric(tolerance=1e-4)(problem(answer), text).score == score


def test_formulas_are_equal_as_mathematics() -> None:
    pytest.importorskip("math_verify")
    cases = [
        ("x^2 + x", "x*(x+1)", 1),
        ("1/2", "\\frac{1}{2}", 1),
        ("1/2", "0.5", 1),
        ("x^2", "x^3", 0),
        ("3", "__import__('os').system('touch /tmp/docendo-was-here')", 0),
        ("2x", "x + x", 1),
        ("7", "", 0),
    ]
    answers = [Answer(problem(want), f"Answer: {got}", ANN, 0) for want, got, _ in cases]
    assert [v.score for v in Symbolic(seconds=3.0)(answers)] == [
        score for *_, score in cases
    ]


def test_a_formula_that_takes_too_long_is_cut_off_and_the_next_is_judged() -> None:
    pytest.importorskip("math_verify")
    slow = Answer(problem("x"), "Answer: " + "9^{9^{9^{9}}}", ANN, 0)
    good = Answer(problem("x^2 + x"), "Answer: x(x+1)", ANN, 0)
    found = Symbolic(seconds=1.5)([slow, good])
    assert [v.score for v in found] == [0, 1]
