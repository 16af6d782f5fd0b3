"""The names that statements of a test read, bind and change."""

import ast
import sys
from collections.abc import Sequence

__all__ = [
    "changed_names",
    "find_step",
    "local_names",
    "names_in",
    "select_statements",
    "stored_names",
    "write_program",
]


def names_in(*nodes: ast.AST) -> set[str]:
    """The names that are read."""
    names = set()
    for node in nodes:
        for part in ast.walk(node):
            if isinstance(part, ast.Name) and isinstance(part.ctx, ast.Load):
                names.add(part.id)
    return names


def stored_names(node: ast.AST) -> set[str]:
    """The names that are bound anywhere in it."""
    names = set()
    for part in ast.walk(node):
        match part:
            case ast.Name(name, ast.Store()) | ast.arg(name):
                names.add(name)
            case ast.FunctionDef(name) | ast.ClassDef(name) | ast.alias(_, str(name)):
                names.add(name)
            case ast.alias(name):
                names.add(name.split(".")[0])
    return names


def local_names(node: ast.AST) -> set[str]:
    """The variables of its comprehensions and lambdas."""
    names = set()
    for part in ast.walk(node):
        if isinstance(part, ast.comprehension | ast.arguments):
            names |= stored_names(part)
    return names


def changed_names(node: ast.stmt) -> set[str]:
    """The variables that a statement binds or may change."""
    if isinstance(node, ast.FunctionDef | ast.ClassDef):
        return {node.name}
    names = stored_names(node)

    for part in ast.walk(node):
        match part:
            case ast.Attribute(value, _, ast.Store()) | ast.Subscript(
                value, _, ast.Store()
            ):
                names |= names_in(value)
        step = find_step(part)
        if step is not None:
            names |= names_in(*step.args)
            if isinstance(step.func, ast.Attribute):
                names |= names_in(step.func)
    return names


def find_step(node: ast.AST) -> ast.Call | None:
    """The call whose value nobody keeps, such as ``x.sort()`` or ``_ = f(x)``."""
    match node:
        case ast.Expr(ast.Call() as call) | ast.Assign([ast.Name("_")], ast.Call() as call):
            return call
    return None


def select_statements(statements: Sequence[ast.stmt], names: set[str]) -> list[ast.stmt]:
    """Those that make the variables of these names, in order."""
    needed = set(names)
    selected: list[ast.stmt] = []

    for node in reversed(statements):
        if not isinstance(node, ast.Assert) and changed_names(node) & {*needed, "*"}:
            selected.insert(0, node)
            needed |= names_in(node)
    return selected


def write_program(statements: Sequence[ast.stmt], names: set[str]) -> str:
    """The statements, after imports of the standard library's modules that nobody imported."""
    used = names | names_in(*statements)
    stored = set().union(*map(stored_names, statements))

    modules = sorted((used - stored) & sys.stdlib_module_names)
    lines = [f"import {module}" for module in modules]
    return "\n".join([*lines, *map(ast.unparse, statements)])
