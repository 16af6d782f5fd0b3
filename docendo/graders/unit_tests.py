"""Runs a problem's tests against the program in an answer."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Any

from docendo.assertions.suite import Suite, read_suite
from docendo.assertions.values import read_value
from docendo.errors import UserError
from docendo.graders.answer import exact, parallel
from docendo.graders.programs import find_program
from docendo.interfaces import Evaluator, Sandbox
from docendo.parts import Part, PartConfig, default_part
from docendo.records import Answer, Outcome, Problem, Verdict

__all__ = ["UnitTestConfig", "UnitTestGrader", "run_calls"]

_MAX_PROGRAM = 100_000
"""Characters: more than any model writes, and little for a sandbox."""
_PREAMBLE = {
    "nan": "nan = float('nan')",
    "inf": "inf = float('inf')",
    "Decimal": "from decimal import Decimal",
    "Fraction": "from fractions import Fraction",
}
"""What the ``repr`` of a value needs, by the word it has."""


@dataclass(frozen=True)
class UnitTestGrader:
    """1 where the program in a text passes every test of the problem.

    Problems without tests go through `exact`. The sandbox sees the calls of the tests alone, after
    the program, and gives back text; a value that the text states is compared as the test says. So
    a program can pass only by working out each value; nothing it redefines or prints is believed.
    Conditions that are more than ``call == literal`` are judged in a second, fresh run of the
    sandbox, in which the program is not.
    """

    run: Sandbox

    def __call__(self, problem: Problem, text: str) -> Verdict:
        if not problem.tests:
            return exact(problem, text)
        try:
            suite = read_suite(problem.tests)
        except UserError as error:
            return Verdict(0.0, str(error))
        code = find_program(text, suite)
        if code is None:
            return Verdict(0.0, "no answer")
        if len(code) > _MAX_PROGRAM:
            return Verdict(0.0, f"the program is longer than {_MAX_PROGRAM} characters")

        outcome = _run_program(self.run, code, suite)
        # The values first: a wrong one says more than the failure of a later call.
        reason = _find_wrong_value(suite, outcome.values)
        if not reason and (not outcome.ok or len(outcome.values) != len(suite.calls)):
            return Verdict(0.0, outcome.reason)
        if reason := reason or self._judge_conditions(suite, outcome.values):
            return Verdict(0.0, reason)
        return Verdict(1.0, "passes every test")

    def _judge_conditions(self, suite: Suite, values: Sequence[str]) -> str:
        """Which condition is not true, in words; empty where all are."""
        cases = [case for case in suite.cases if not case.expected]
        if not cases:
            return ""
        texts = "".join(values)
        lines = [line for name, line in _PREAMBLE.items() if name in texts]
        try:
            lines += [f"v{i} = {read_value(text)!r}" for i, text in enumerate(values)]
        except ValueError as error:
            return str(error)

        conditions = [f"bool({case.condition})" for case in cases]
        outcome = self.run("\n".join([*lines, suite.helpers]), conditions)

        for case, value in zip(cases, outcome.values, strict=False):
            if value != "True":
                calls = ", ".join(_quote_value(suite, values, i) for i in case.values)
                return f"{calls}, and not {case.text[:60]}"
        return "" if len(outcome.values) == len(cases) else outcome.reason


def run_calls(run: Sandbox, text: str, suite: Suite) -> tuple[str, ...]:
    """The ``repr`` of what the program in `text` gives for each call, up to the first that fails."""
    code = find_program(text, suite)
    if code is None or len(code) > _MAX_PROGRAM:
        return ()
    return _run_program(run, code, suite).values


def _run_program(run: Sandbox, code: str, suite: Suite) -> Outcome:
    return run("\n".join(filter(None, (code, suite.inputs))), suite.calls)


def _find_wrong_value(suite: Suite, values: Sequence[str]) -> str:
    """Which value is not the expected one, in words; empty where none is wrong so far."""
    for case in suite.cases:
        place = case.values[0]
        if case.expected and place < len(values):
            try:
                is_right = read_value(values[place]) == read_value(case.expected)
            # Python's signalling NaN raises when it is compared.
            except (ValueError, ArithmeticError):
                is_right = False
            if not is_right:
                return f"{_quote_value(suite, values, place)}, not {case.expected[:60]}"
    return ""


def _quote_value(suite: Suite, values: Sequence[str], place: int) -> str:
    return f"{suite.calls[place][:60]} gave {values[place][:60]}"


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
