"""Values as text: the ``repr`` that a program gave, read without trust."""

import ast
from decimal import Decimal
from fractions import Fraction
from typing import Any

__all__ = ["PARSE_ERRORS", "read_value"]

PARSE_ERRORS = (SyntaxError, ValueError, TypeError, RecursionError, MemoryError)
"""What `ast.parse` raises for text that is no Python."""
_NAMES: dict[str, Any] = {
    "nan": float("nan"),
    "inf": float("inf"),
    "set": set,
    "frozenset": frozenset,
    "Decimal": Decimal,
    "Fraction": Fraction,
}
_NODES = (
    ast.Expression,
    ast.Constant,
    ast.Tuple,
    ast.List,
    ast.Set,
    ast.Dict,
    ast.UnaryOp,
    ast.USub,
    ast.UAdd,
    ast.Load,
)


def read_value(text: str) -> Any:
    """The value that a ``repr`` states, made of Python's own types; sets, nan, Decimal and Fraction too.

    Raises ValueError for anything else.
    """
    try:
        tree = ast.parse(text, mode="eval")
        if not all(map(_is_value, ast.walk(tree))):
            return ast.literal_eval(tree)
        # Nothing is left in it that could do more than build this value.
        return eval(compile(tree, "value", "eval"), {"__builtins__": {}}, _NAMES)  # noqa: S307
    except (*PARSE_ERRORS, ArithmeticError) as error:
        raise ValueError(f"{text[:60]} is no value") from error


def _is_value(node: ast.AST) -> bool:
    match node:
        case ast.Name(name):
            return name in _NAMES
        case ast.Call(ast.Name("set" | "frozenset"), arguments, []):
            return all(isinstance(argument, ast.Set | ast.List) for argument in arguments)
        case ast.Call(ast.Name("Decimal"), [ast.Constant(str())], []):
            return True
        case ast.Call(ast.Name("Fraction"), [_, ast.Constant(int())], []):
            return True
    return isinstance(node, _NODES)
