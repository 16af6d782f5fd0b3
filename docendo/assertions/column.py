"""Tests in a column of somebody's data become the lines of `Problem.tests`."""

import ast
import re
from collections.abc import Iterator, Sequence

from docendo.assertions.suite import CANDIDATE, parse_statements, read_claim, read_suite
from docendo.assertions.values import parse_list
from docendo.errors import UserError

__all__ = ["read_tests"]


def read_tests(value: object, setup: str = "") -> tuple[str, ...]:
    """The lines of `Problem.tests` that a column of data holds.

    `value` is a list of assertions, or a text of them: ``assert f(3) == 7`` or ``f(3) == 7``, with
    imports and other statements between them, or in a function ``check(candidate)``. `setup` comes
    before. Raises UserError for tests that cannot be read, or cannot be judged apart from the
    program.
    """
    texts = value
    if isinstance(value, str):
        written = parse_list(value)
        texts = [value] if written is None else written
    if not isinstance(texts, list | tuple) or not all(isinstance(t, str) for t in texts):
        raise UserError(f"expected assertions, as a text or a list, got {value!r:.60}")

    # Where nothing says assert, each expression does: is_even(4).
    says_assert = any(re.search(r"^\s*assert\b", text, re.MULTILINE) for text in texts)
    statements = parse_statements(setup)
    for text in texts:
        for node in parse_statements(text):
            # A call alone is a step there, such as x.sort().
            is_step = says_assert and isinstance(getattr(node, "value", None), ast.Call)
            statements.append(node if is_step else read_claim(node))

    lines = tuple(map(_write_line, _open_functions(statements)))
    read_suite(lines)
    return lines


def _write_line(node: ast.stmt) -> str:
    match node:
        case ast.Assert(ast.Compare(ast.Call(), [ast.Eq()]) as test):
            return ast.unparse(test)
        case ast.Assert(test):
            return f"assert {ast.unparse(test)}"
        # Alone on its line an expression is a claim.
        case ast.Expr(value):
            return f"_ = {ast.unparse(value)}"
    return ast.unparse(node)


def _open_functions(statements: Sequence[ast.stmt]) -> Iterator[ast.stmt]:
    """The statements, those of ``check(candidate)`` and ``test_...()`` out of their function."""
    names = set()
    function = CANDIDATE
    for node in statements:
        match node:
            case ast.FunctionDef(name) if re.fullmatch("check|test.*", name):
                names.add(name)
            case ast.Expr(ast.Call(ast.Name(name), [ast.Name(argument)])) if name in names:
                function = argument

    for node in statements:
        match node:
            case ast.FunctionDef(name, parameters, body) if name in names:
                renamed = {parameter.arg for parameter in parameters.args}
                for inner in body:
                    for part in ast.walk(inner):
                        if isinstance(part, ast.Name) and part.id in renamed:
                            part.id = function

                yield from _open_functions(body)
            case ast.Expr(ast.Call(ast.Name(name))) if name in names:
                continue
            case ast.Expr(ast.Constant()) | ast.Pass() | ast.Assert(ast.Constant(True)):
                continue
            case _:
                yield node
