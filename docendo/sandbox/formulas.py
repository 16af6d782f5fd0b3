"""Formulas, compared by math-verify in a process that can be ended: sympy may never return."""

import logging
from typing import Any

from math_verify import LatexExtractionConfig, parse, verify
from sympy import Expr, Float, Rational

__all__ = ["same"]

_DIGITS = 60
"""To which numbers are computed."""
_EQUAL = 1e-40
"""Relative difference of two numbers that are the same, such as roots of roots."""
_NEAR = 2e-6
"""Relative difference of a decimal from what has no decimals, such as 1/3."""

logging.disable(logging.CRITICAL)


def same(first: str, second: str) -> bool:
    """Whether both are formulas in LaTeX and equal as mathematics; a percent sign may be left out."""
    texts = [first.strip(), second.strip()]
    bare = [text.rstrip("% ") for text in texts]
    hundredths = [
        f"({number})/100" if text.endswith("%") else number
        for number, text in zip(bare, texts, strict=True)
    ]
    return _equal(*bare) or (hundredths != bare and _equal(*hundredths))


def _equal(first: str, second: str) -> bool:
    sides = [_read(first), _read(second)]
    if None in sides:
        return False
    values = [_without_decimals(side).doit() for side in sides]
    if not all(isinstance(value, Expr) and value.is_number for value in values):
        return bool(verify(*values, numeric_precision=_DIGITS, timeout_seconds=None))

    tolerance = _tolerance(sides, values)
    if tolerance == _EQUAL and all(value.is_Rational for value in values):
        return bool(values[0] == values[1])
    difference = abs((values[0] - values[1]).evalf(_DIGITS))
    is_near = difference.is_finite and difference <= tolerance * abs(values[0].evalf())
    return bool(values[0] == values[1] or is_near)


def _read(latex: str) -> Any:
    """What sympy makes of it; None where that is nothing."""
    # math-verify's own timeouts need signals of the main thread; the process is ended instead.
    parsed = parse(f"${latex}$", [LatexExtractionConfig()], parsing_timeout=None)
    return next((side for side in parsed if not isinstance(side, str)), None)


def _without_decimals(side: Any) -> Any:
    """Fractions for decimals, which math-verify rounds to six digits after the point."""
    return side.xreplace({number: Rational(str(number)) for number in side.atoms(Float)})


def _tolerance(sides: list[Any], values: list[Any]) -> float:
    has_decimals = [bool(side.atoms(Float)) for side in sides]
    if has_decimals[0] == has_decimals[1]:
        return _EQUAL
    whole = values[has_decimals.index(False)]
    is_decimal = whole.is_Rational and 10**300 % whole.q == 0
    return _EQUAL if is_decimal else _NEAR


# The first formula loads sympy's parts. Without this, that time would count as the first answer's.
same("x(x + 1)", "x^2 + x")
