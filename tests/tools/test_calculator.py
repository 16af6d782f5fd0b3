"""Arithmetic on what a model wrote."""

from contextlib import suppress
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from docendo.errors import UserError
from docendo.tools.calculator import calculate, format_number


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("12 * 34", "408"),
        ("40 * 4 + 57", "217"),
        ("(1 + 2) * -3", "-9"),
        ("7 / 2", "7/2"),
        ("7.0 / 2", "3.5"),
        ("1/2 + 1/4", "3/4"),
        ("1.0 / 3", "0.3333333333"),
        ("123456789012345678.5 * 2", "246913578024691357"),
        ("12 \N{MULTIPLICATION SIGN} 3 \N{DIVISION SIGN} 4 \N{MINUS SIGN} 1", "8"),
        ("2**3**2", "512"),
        ("-2**2", "-4"),
        ("2 / 3", "2/3"),
        ("-1/8", "-1/8"),
        ("7 // 2", "3"),
        ("-7 % 3", "2"),
        ("2 ^ 10", "1024"),
        ("2 ** -2", "1/4"),
        ("0.1 + 0.2", "0.3"),
        ("+5", "5"),
        ("1 ** 99999999999", "1"),
        ("(0-1) ** 99999999999", "-1"),
        ("3 \N{MULTIPLICATION SIGN} 4", "12"),
    ],
)
def test_expressions_have_exact_values(text: str, value: str) -> None:
    assert calculate(text) == value


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("1 / 0", "division by zero"),
        ("0 ** -1", "division by zero"),
        ("9**9**9", "too large"),
        ("10**60", "the result is too long"),
        ("(7**999)**999", "too large"),
        ("2.5**400000", "too large"),
        ("1 +", "it ends where a number is wanted"),
        ("2 3", "'3' is not wanted there"),
        ("(1 + 2", "a bracket is not closed"),
        ("2 ** 0.5", "a fraction for its exponent"),
        ("__import__('os')", "is not arithmetic"),
        ("x + 1", "'x' is not arithmetic"),
        ("True + 1", "is not arithmetic"),
        ("'a' * 3", "is not arithmetic"),
        ("1if 2else 3", "'i' is not arithmetic"),
        ("", "it ends where a number is wanted"),
        ("(" * 150, "more than 40 brackets"),
        ("1" * 300, "longer than 200"),
        ("1e400", "'e' is not arithmetic"),
        ("\x00", "is not arithmetic"),
    ],
)
def test_the_calculator_refuses_anything_but_arithmetic(text: str, said: str) -> None:
    with pytest.raises(UserError, match=said):
        calculate(text)


@given(st.fractions(max_denominator=10**6))
def test_a_shown_result_is_the_number_or_close_to_it(value: Fraction) -> None:
    assert float(Fraction(format_number(value))) == pytest.approx(
        float(value), rel=1e-9, abs=1e-9
    )


@given(*[st.fractions(max_denominator=10**6)] * 2)
def test_fractions_are_added_and_multiplied_as_fractions(a: Fraction, b: Fraction) -> None:
    with suppress(UserError):
        assert calculate(f"({a}) + ({b})") == str(a + b)
        assert calculate(f"({a}) * ({b})") == str(a * b)


@given(st.text(max_size=220) | st.text(alphabet="0123456789.+-*/%() ", max_size=220))
def test_no_text_breaks_the_calculator(text: str) -> None:
    with suppress(UserError):
        assert len(calculate(text)) <= 60
