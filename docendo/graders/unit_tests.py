"""A problem's tests: reads them, and runs them against the program in an answer."""

import ast
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Any, NamedTuple

from docendo.errors import UserError
from docendo.graders.answer import exact, parallel
from docendo.graders.programs import extract_program
from docendo.interfaces import Evaluator, Sandbox
from docendo.parts import Part, PartConfig, default_part
from docendo.records import Answer, Problem, Verdict

__all__ = ["Case", "UnitTestConfig", "UnitTestGrader", "read_test", "run_calls"]

_MAX_PROGRAM = 2000
_MAX_TEST = 1000


class Case(NamedTuple):
    """One line of `Problem.tests`, read."""

    function: str
    arity: int
    call: str
    want: str
    """The ``repr`` of the value that the call must have."""


def read_test(line: str) -> Case:
    """The case that ``f(3) == 7`` states: a call with literal arguments, and the literal it must equal.

    Literals are those of ``ast.literal_eval`` less sets, whose ``repr`` has no order. Raises
    UserError for other lines.
    """
    try:
        case = _parse_test(line) if len(line) <= _MAX_TEST else None
    except (SyntaxError, ValueError, TypeError, RecursionError, MemoryError):
        case = None
    if case is None:
        raise UserError(
            f"a test reads like 'f(3) == 7', a call and a literal; got {line[:60]!r}"
        )
    return case


def _parse_test(line: str) -> Case | None:
    """None for an expression of another form. Raises what `ast` raises for anything else."""
    tree = ast.parse(line, mode="eval").body
    # The repr of a set depends on the order in which it was filled.
    if any(isinstance(node, ast.Set) for node in ast.walk(tree)):
        return None
    match tree:
        case ast.Compare(ast.Call(ast.Name(name), arguments, []), [ast.Eq()], [want]):
            literals = [repr(ast.literal_eval(argument)) for argument in arguments]
            call = f"{name}({', '.join(literals)})"
            return Case(name, len(arguments), call, repr(ast.literal_eval(want)))
    return None


@dataclass(frozen=True)
class UnitTestGrader:
    """1 where the program in a text passes every test of the problem.

    Problems without tests go through `exact`. The expected values stay in this process: the sandbox
    sees the calls alone, after the candidate's program, and gives back text. So a program can pass
    only by working out each value; nothing it redefines or prints is believed. A bare expression in
    x (in x, y and z for more arguments) stands for the body of the function under test.
    """

    run: Sandbox

    def __call__(self, problem: Problem, text: str) -> Verdict:
        if not problem.tests:
            return exact(problem, text)
        code = extract_program(text)
        if code is None:
            return Verdict(0.0, "no answer")
        if len(code) > _MAX_PROGRAM:
            return Verdict(0.0, f"the program is longer than {_MAX_PROGRAM} characters")
        try:
            cases = [read_test(line) for line in problem.tests]
        except UserError as error:
            return Verdict(0.0, str(error))

        outcome = self.run(_define(code, cases[0]), [case.call for case in cases])
        # The values first: a wrong one says more than the failure of a later call.
        for case, value in zip(cases, outcome.values, strict=False):
            if value != case.want:
                return Verdict(
                    0.0, f"{case.call[:60]} gave {value[:60]}, not {case.want[:60]}"
                )

        if not outcome.ok or len(outcome.values) != len(cases):
            return Verdict(0.0, outcome.reason)
        return Verdict(1.0, "passes every test")


def run_calls(run: Sandbox, text: str, cases: Sequence[Case]) -> tuple[str, ...]:
    """The ``repr`` of what the program in `text` gives for each call, up to the first that fails."""
    code = extract_program(text)
    if code is None or len(code) > _MAX_PROGRAM or not cases:
        return ()
    return run(_define(code, cases[0]), [case.call for case in cases]).values


class UnitTestConfig(PartConfig):
    """The program in an answer passes the problem's tests."""

    type: str = "tests"
    sandbox: Annotated[PartConfig, Part("sandbox", default="monty")] = default_part(
        "sandbox", "monty"
    )
    """Sandbox of the program. "monty": a fast interpreter of a Python subset. "isolated": a real
    Python. Your own: "package.module:name"."""

    def build(self, context: Any = None) -> Evaluator:
        return parallel(UnitTestGrader(self.sandbox.build(context)))

    def applies(self, answer: Answer) -> bool:
        return bool(answer.problem.tests)


def _define(code: str, case: Case) -> str:
    """A program that defines the function under test, also for a lambda or a bare expression."""
    name = case.function
    # A search of the text and no parse: what does not compile must fail in the sandbox, with its error.
    if re.search(rf"^\s*def\s+{name}\b|^{name}\s*=(?!=)", code, re.MULTILINE):
        return code
    if code.startswith("lambda"):
        return f"{name} = (\n{code}\n)"
    parameters = ", ".join("xyz"[: case.arity])
    return f"def {name}({parameters}):\n    return (\n{code}\n)"
