"""What tests ask of a program: calls, and conditions on their values.

Names that tests use and do not define are the program's. An assertion is taken apart into *calls*,
expressions that are evaluated after the program, and a *condition* on their values, which is judged
elsewhere: no expected value has to be where the program is.
"""

import ast
import builtins
import sys
import textwrap
from collections.abc import Sequence
from functools import lru_cache
from typing import Any, NamedTuple

from docendo.assertions.names import (
    changed_names,
    find_step,
    local_names,
    names_in,
    select_statements,
    stored_names,
    write_program,
)
from docendo.assertions.values import PARSE_ERRORS, read_value
from docendo.errors import UserError

__all__ = ["CANDIDATE", "Case", "Suite", "parse_statements", "read_claim", "read_suite"]

CANDIDATE = "candidate"
"""The name of the function under test in tests that do not know it, as HumanEval's."""
_MAX_CHARACTERS = 100_000
_BUILDERS = {"dict", "frozenset", "list", "next", "repr", "set", "sorted", "str", "tuple"}
"""Functions that are evaluated with the call they hold, whose value may be an iterator or an object."""
_PLAIN_NODES = (
    ast.Name,
    ast.Attribute,
    ast.Subscript,
    ast.List,
    ast.Tuple,
    ast.Dict,
    ast.Constant,
    ast.expr_context,
)
"""Expressions of these alone compute nothing."""


class Case(NamedTuple):
    """One assertion."""

    text: str
    condition: str
    """An expression, true where the program is right; v0, v1, ... are the values of the suite's calls."""
    values: tuple[int, ...]
    """Which calls it needs."""
    expected: str
    """The literal that its one value must equal, where the condition says no more; else empty."""


class Suite(NamedTuple):
    """All tests of one problem, read."""

    function: str
    """The function under test: that of the first call."""
    arity: int
    """How many arguments the first call has."""
    names: frozenset[str]
    """All that the program has to define."""
    inputs: str
    """Statements that make what the calls need; they are run after the program."""
    calls: tuple[str, ...]
    cases: tuple[Case, ...]
    helpers: str
    """Statements that make what the conditions need; the program never meets them."""


@lru_cache(maxsize=4096)
def read_suite(tests: tuple[str, ...]) -> Suite:
    """What the lines of `Problem.tests` ask of a program. Raises UserError as `read_tests` does."""
    statements: list[ast.stmt] = []
    for line in tests:
        statements += map(read_claim, parse_statements(line))
    return _Reader(statements).read()


def parse_statements(text: str) -> list[ast.stmt]:
    """The statements of a test. Raises UserError where it is no Python."""
    if len(text) > _MAX_CHARACTERS:
        raise UserError(f"tests longer than {_MAX_CHARACTERS} characters")
    try:
        return ast.parse(textwrap.dedent(text).strip()).body
    except PARSE_ERRORS as error:
        reason = getattr(error, "msg", "") or type(error).__name__
        raise UserError(f"a test is no Python ({reason}): {text[:60]!r}") from error


def read_claim(node: ast.stmt) -> ast.stmt:
    """An expression that stands alone as the assertion that it is."""
    match node:
        case ast.Expr(ast.Constant()):
            return node
        # What follows a comma is the assertion's message: f(3) == 7, "wrong".
        case ast.Expr(ast.Tuple([ast.Compare() as claim, _])) | ast.Expr(claim):
            return ast.Assert(claim)
    return node


class _Reader:
    """Takes the assertions of a program apart."""

    def __init__(self, statements: Sequence[ast.stmt]) -> None:
        self.statements = statements
        self.names = _find_program_names(statements)
        self.variables: set[str] = set()
        """Those that hold what the program gave."""
        self.calls: list[ast.expr] = []
        self.cases: list[Case] = []
        self.condition_names: set[str] = set()

    def read(self) -> Suite:
        for place, node in enumerate(self.statements):
            if isinstance(node, ast.Assert):
                self._read_assertion(node.test, self.statements[place + 1 :])
            else:
                self._read_statement(node)

        call_names = names_in(*self.calls)
        inputs = select_statements(self.statements, call_names)
        helpers = select_statements(self.statements, self.condition_names)

        function, arity = self._find_function([*self.calls, *inputs])
        return Suite(
            function=function,
            arity=arity,
            names=frozenset(self.names),
            inputs=write_program(inputs, call_names - self.names),
            calls=tuple(map(ast.unparse, self.calls)),
            cases=tuple(self.cases),
            helpers=write_program(helpers, self.condition_names),
        )

    def _find_function(self, nodes: Sequence[ast.AST]) -> tuple[str, int]:
        """The first of the program's names that is called, from the outside in, and its arguments' number."""
        for node in nodes:
            for part in ast.walk(node):
                match part:
                    case ast.Call(ast.Name(name), arguments) if name in self.names:
                        return name, len(arguments)
        raise UserError("no test calls a function of the program")

    def _read_statement(self, node: ast.stmt) -> None:
        text = ast.unparse(node)[:60]
        if any(isinstance(part, ast.Assert) for part in ast.walk(node)):
            raise UserError(f"an assertion inside another statement: {text!r}")
        if not self._depends(node):
            return

        # It runs where the program can forge what it gives, and so may judge nothing.
        rest, _ = self._take_calls(node)
        outer = find_step(rest) or rest
        plain = all(isinstance(part, _PLAIN_NODES) for part in [*ast.walk(outer)][1:])
        if not plain or not isinstance(rest, ast.Assign | ast.AnnAssign):
            raise UserError(f"only an assertion may use what the program gives: {text!r}")
        self.variables |= changed_names(node) - self.names

    def _read_assertion(self, test: ast.expr, later: Sequence[ast.stmt]) -> None:
        text = ast.unparse(test)
        condition, calls = self._take_calls(test)
        match test:
            # A left side alone gives nothing away, and the program can claim no more than its value.
            case ast.Compare(left, [ast.Eq()], [right]) if (
                not self._depends(right)
                and not isinstance(getattr(right, "value", None), bool)
                and (self._depends(condition) or self._is_method(left))
                and all(map(self._judges_nothing, ast.walk(left)))
            ):
                calls = [left]
                condition = ast.Compare(self._name_value(0), [ast.Eq()], [right])

        names = names_in(condition)
        self._check_assertion(text, condition, calls)
        changes = [n for n in later if not isinstance(n, ast.Import | ast.ImportFrom)]
        changed = set().union(*map(changed_names, changes)) & (names | names_in(*calls))
        if changed:
            raise UserError(f"{min(changed)!r} changes after it is tested: {text[:60]!r}")

        values = tuple(range(len(self.calls), len(self.calls) + len(calls)))
        self.calls += calls
        self.condition_names |= names - {f"v{value}" for value in values}
        self.cases.append(
            Case(text, ast.unparse(condition), values, _find_literal(condition))
        )

    def _check_assertion(
        self, text: str, condition: ast.expr, calls: Sequence[ast.expr]
    ) -> None:
        if not calls or self._depends(condition):
            raise UserError(
                f"expected calls of the program with known arguments, got {text[:60]!r}"
            )
        # With isclose(f(1), 2) nobody says that isclose is not the program's.
        if isinstance(condition, ast.Name) and len(names_in(*calls) & self.names) > 1:
            raise UserError(
                f"which function is tested? Import the other, or compare: {text[:60]!r}"
            )

    def _take_calls(self, node: Any) -> tuple[Any, list[ast.expr]]:
        """A copy with v0, v1, ... in the place of calls of the program, and these calls."""
        local = local_names(node)
        calls: list[ast.expr] = []

        def take(part: Any) -> Any:
            if isinstance(part, list):
                return [take(item) for item in part]
            if not isinstance(part, ast.AST):
                return part

            # One that depends on the variable of a comprehension is many calls.
            if self._is_call(part) and not names_in(part) & (local - local_names(part)):
                calls.append(part)  # type: ignore[arg-type]
                return self._name_value(len(calls) - 1)
            return type(part)(**{name: take(item) for name, item in ast.iter_fields(part)})

        return take(node), calls

    def _name_value(self, place: int) -> ast.Name:
        return ast.Name(f"v{len(self.calls) + place}", ast.Load())

    def _is_call(self, node: ast.AST) -> bool:
        """Whether it is what the program gives: a call of its function, or a variable of that."""
        match node:
            case ast.Name(name, ast.Load()):
                return name in self.variables
            case ast.Call(ast.Name(name)) if name in self.names:
                return True
            case ast.Call(ast.Name(name), [inner], []) if name in _BUILDERS:
                return self._is_call(inner)
        return False

    def _is_method(self, node: ast.expr) -> bool:
        """Whether it is a method or attribute, at any depth, of what the program gives."""
        match node:
            case ast.Call(ast.Attribute() as function):
                return self._is_method(function)
            case ast.Attribute(value):
                return self._is_call(value) or self._is_method(value)
        return False

    def _judges_nothing(self, node: ast.AST) -> bool:
        """Whether an expression does no more with the program's values than to collect them."""
        if not self._depends(node):
            return True
        match node:
            case ast.BinOp() | ast.Compare() | ast.BoolOp() | ast.UnaryOp() | ast.IfExp():
                return False
            case ast.Call(ast.Name(name)):
                return name in self.names | _BUILDERS | {"map"}
            case ast.Call(function):
                return self._depends(function)
        return True

    def _depends(self, node: ast.AST) -> bool:
        return bool(names_in(node) & (self.names | self.variables))


def _find_program_names(statements: Sequence[ast.stmt]) -> set[str]:
    """What the tests use and do not define."""
    defined = set().union(*map(stored_names, statements))
    used = names_in(*statements) - defined
    modules = set()
    claimed = set()
    for statement in statements:
        for node in ast.walk(statement):
            match node:
                case ast.Attribute(ast.Name(name)) if name in sys.stdlib_module_names:
                    modules.add(name)
                case ast.Compare(ast.Call(ast.Name(name))):
                    claimed.add(name)

    # A function under test may bear the name of a built-in one, where nothing else can be meant.
    return (used - modules - set(dir(builtins))) or (used & claimed)


def _find_literal(condition: ast.expr) -> str:
    """The literal in ``v0 == literal`` or ``literal == v0``; empty for other conditions."""
    match condition:
        case ast.Compare(ast.Name(), [ast.Eq()], [literal]):
            text = ast.unparse(literal)
        case ast.Compare(literal, [ast.Eq()], [ast.Name()]):
            text = ast.unparse(literal)
        case _:
            return ""

    try:
        read_value(text)
    except ValueError:
        return ""
    return text
