"""Exact arithmetic on what a model wrote; nothing but numbers and operators is ever evaluated."""

import ast
import operator
from collections.abc import Callable
from fractions import Fraction

from docendo.errors import UseError

__all__ = ["calculate", "shown"]

_LONGEST, _DIGITS, _PLACES = 200, 60, 10
_SIGNS = str.maketrans({"\N{MULTIPLICATION SIGN}": "*", "\N{MINUS SIGN}": "-", "^": "**"})
_OPERATORS: dict[type[ast.operator], Callable[[Fraction, Fraction], Fraction]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.FloorDiv: lambda x, y: Fraction(x // y),
    ast.Mod: operator.mod,
}


def calculate(text: str) -> str:
    """The value of an expression of numbers, ``+ - * / // % **`` and parentheses: a whole number, a decimal where that
    is exact within ten places, else a fraction like ``2/3``.

    Raises UseError, in a few words, for anything else, and for numbers of over 60 digits.
    """
    if len(text) > _LONGEST:
        raise UseError(f"longer than {_LONGEST} characters")
    try:
        tree = ast.parse(text.strip().translate(_SIGNS), mode="eval").body
        return shown(_value(tree))
    except UseError:
        raise
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        raise UseError("not an expression of numbers") from error
    except ZeroDivisionError as error:
        raise UseError("division by zero") from error


def shown(value: Fraction) -> str:
    """A number as people write it."""
    if value.denominator == 1:
        return str(value.numerator)
    scaled = value * 10**_PLACES
    if scaled.denominator > 1:
        return f"{value.numerator}/{value.denominator}"
    digits = f"{abs(scaled.numerator):0{_PLACES + 1}d}"
    return f"{'-' * (value < 0)}{digits[:-_PLACES]}.{digits[-_PLACES:]}".rstrip("0")


def _value(node: ast.expr) -> Fraction:
    match node:
        case ast.Constant(int() | float() as number) if not isinstance(number, bool):
            return _small(Fraction(str(number)))
        case ast.UnaryOp(ast.USub(), inside):
            return -_value(inside)
        case ast.UnaryOp(ast.UAdd(), inside):
            return _value(inside)
        case ast.BinOp(left, ast.Pow(), right):
            return _power(_value(left), _value(right))
        case ast.BinOp(left, op, right) if type(op) in _OPERATORS:
            return _small(_OPERATORS[type(op)](_value(left), _value(right)))
    raise ValueError("not arithmetic")


def _power(base: Fraction, exponent: Fraction) -> Fraction:
    if exponent.denominator != 1:
        raise UseError("a power that is not whole")
    size = max(abs(base.numerator), base.denominator)
    if size > 1 and abs(exponent) * len(str(size)) > 4 * _DIGITS:
        raise UseError("the number is too large")
    return _small(base ** int(exponent)) if abs(exponent) <= 4 * _DIGITS or size > 1 else base ** int(exponent % 2)


def _small(value: Fraction) -> Fraction:
    if max(abs(value.numerator), value.denominator) >= 10**_DIGITS:
        raise UseError("the number is too large")
    return value
