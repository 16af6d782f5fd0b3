"""Arithmetic on what a model wrote."""

from contextlib import suppress
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from docendo.errors import UseError
from docendo.tools.calculator import calculate, shown


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("12 * 34", "408"),
        ("40 * 4 + 57", "217"),
        ("(1 + 2) * -3", "-9"),
        ("7 / 2", "3.5"),
        ("2 / 3", "2/3"),
        ("-1/8", "-0.125"),
        ("7 // 2", "3"),
        ("-7 % 3", "2"),
        ("2 ^ 10", "1024"),
        ("2 ** -2", "0.25"),
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
        ("10**59 * 10", "too large"),
        ("2 ** 0.5", "not whole"),
        ("__import__('os')", "not an expression"),
        ("x + 1", "not an expression"),
        ("True + 1", "not an expression"),
        ("'a' * 3", "not an expression"),
        ("1 if 2 else 3", "not an expression"),
        ("", "not an expression"),
        ("(" * 150, "not an expression"),
        ("1" * 300, "longer than 200"),
        ("1e400", "not an expression"),
        ("\x00", "not an expression"),
    ],
)
def test_all_else_is_refused(text: str, said: str) -> None:
    with pytest.raises(UseError, match=said):
        calculate(text)


@given(st.fractions(max_denominator=10**6))
def test_what_is_shown_is_the_number_itself(value: Fraction) -> None:
    assert Fraction(shown(value)) == value


@given(st.text(max_size=60))
def test_nothing_that_is_written_breaks_it(text: str) -> None:
    with suppress(UseError):
        assert isinstance(calculate(text), str)
