"""Numbers by value."""

import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from docendo.graders.numbers import Numeric, NumericConfig
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
        ("-2", "Answer: 2", 0),
        ("0", "Answer: 0.0", 1),
        ("0", "Answer: 1e-12", 0),
        ("1e-9", "Answer: 2e-9", 0),
        ("1e-9", "Answer: 0.00000000100001", 1),
        ("7", "Answer: seven", 0),
        ("7", "", 0),
        ("7", "Answer: 1/0", 0),
        ("7", "Answer: 7 or 8", 0),
        ("7", "Answer: 3 + 4 = 7", 1),
        ("18", "\\boxed{\\$18}", 1),
        ("1e400", "Answer: 1e401", 0),
        ("Lima", "Answer: lima", 1),
        ("Lima", "Answer: 3", 0),
        ("2024-05-01", "Answer: 2024-06-01", 0),
        ("2024-05-01", "Answer: 2024-05-01", 1),
        ("3:4", "Answer: 3:5", 0),
        ("(3, 4)", "Answer: (3, 5)", 0),
        ("(3, 4)", "Answer: (3,4)", 1),
        ("B12", "Answer: B6", 0),
        ("3 May", "Answer: 3 June", 0),
        ("7-Eleven", "Answer: 7", 0),
        ("2x + 1", "Answer: 2x + 3", 0),
    ],
)
def test_numbers_are_compared_within_a_tolerance(
    answer: str, text: str, score: float
) -> None:
    assert Numeric(tolerance=1e-4)(problem(answer), text).score == score


@pytest.mark.parametrize(
    ("answer", "written", "score"),
    [
        ("50%", "50", 1),
        ("50%", "0.5", 1),
        ("50", "50%", 1),
        ("0.5", "50 percent", 1),
        ("50%", "50\\%", 1),
        ("50%", "0.5%", 0),
        ("50", "0.5", 0),
    ],
)
def test_a_percent_sign_is_a_unit_or_a_hundredth(
    answer: str, written: str, score: float
) -> None:
    assert Numeric(1e-6)(problem(answer), f"Answer: {written}").score == score


@given(st.floats(1e-300, 1e300), st.floats(0.9, 1.1))
def test_the_tolerance_is_relative_however_small_the_number_is(
    right: float, factor: float
) -> None:
    text = f"Answer: {right * factor!r}"
    is_near = abs(factor - 1) <= 1e-3
    if abs(abs(factor - 1) - 1e-3) > 1e-9:
        assert Numeric(1e-3)(problem(repr(right)), text).score == is_near


def test_it_applies_where_the_right_answer_is_a_number_with_a_unit_at_the_most() -> None:
    applies = {
        gold: NumericConfig().applies(Answer(problem(gold), "", ANN, 0))
        for gold in ("5", "5 km", "-1 1/2", "B12", "3:4", "Lima")
    }
    assert [gold for gold in applies if applies[gold]] == ["5", "5 km", "-1 1/2"]


def test_numbers_are_graded_where_math_verify_is_missing() -> None:
    code = "import sys; sys.modules['math_verify'] = None; import docendo.graders.numbers, docendo.graders.formulas"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
