"""Values as text: the ``repr`` that a program gave, read without trust."""

import ast
from decimal import Decimal
from fractions import Fraction
from typing import Any

__all__ = ["PARSE_ERRORS", "parse_list", "read_value"]

PARSE_ERRORS = (SyntaxError, ValueError, TypeError, RecursionError, MemoryError)
"""What `ast.parse` raises for text that is no Python."""
_NUMBERS = {"nan": float("nan"), "inf": float("inf")}
_SETS = {"set": set, "frozenset": frozenset}


def read_value(text: str) -> Any:
    """The value that a ``repr`` states, made of Python's own types; sets, nan, Decimal and Fraction too.

    Raises ValueError for anything else.
    """
    try:
        return _build(ast.parse(text, mode="eval").body)
    except (*PARSE_ERRORS, ArithmeticError) as error:
        raise ValueError(f"{text[:60]} is no value") from error


def parse_list(text: str) -> list[Any] | None:
    """The list that is written in a text; None where it is something else."""
    try:
        value = ast.literal_eval(text.strip())
    except PARSE_ERRORS:
        return None
    return value if isinstance(value, list) else None


def _build(node: ast.expr) -> Any:
    match node:
        case ast.Name(name) if name in _NUMBERS:
            return _NUMBERS[name]
        case ast.UnaryOp(ast.USub(), operand):
            return -_build(operand)
        case ast.Tuple(parts):
            return tuple(map(_build, parts))
        case ast.List(parts):
            return list(map(_build, parts))
        case ast.Set(parts):
            return set(map(_build, parts))
        case ast.Dict(keys, values) if None not in keys:
            pairs = zip(keys, values, strict=True)
            return {_build(key): _build(value) for key, value in pairs if key}
        case ast.Call(ast.Name(name), [] | [ast.Set() | ast.List()] as parts, []) if (
            name in _SETS
        ):
            return _SETS[name](*map(_build, parts))
        case ast.Call(ast.Name("Decimal"), [ast.Constant(str(digits))], []):
            return Decimal(digits)
        case ast.Call(ast.Name("Fraction"), [top, ast.Constant(int(bottom))], []):
            return Fraction(_build(top), bottom)
    # constants, complex numbers, and ValueError for the rest
    return ast.literal_eval(node)
