"""Programs that answer questions which somebody else wrote: what a gate trusts."""

import re
from collections.abc import Callable
from pathlib import Path

from docendo.errors import UserError
from docendo.sandbox.worker import SubprocessWorker
from docendo.tools.calculator import calculate

__all__ = ["Solver", "evaluate_expression", "load_solver"]

Solver = Callable[[str], str | None]
"""From a question to its answer; None where the program cannot tell."""
_EXPRESSION = re.compile(r"(?<![\w.])-?\d+(?:\.\d+)?(?: ?[-+*/] ?\d+(?:\.\d+)?)+(?![\w])")


def evaluate_expression(question: str) -> str | None:
    """The value of the one arithmetic expression in a question; None where there is none, or more than one."""
    found = _EXPRESSION.findall(question)
    if len(found) != 1:
        return None
    try:
        return calculate(found[0])
    except UserError:
        return None


def load_solver(path: Path) -> Solver:
    """The function ``solve(question)`` of a user's own Python file, which is trusted and runs in a process of its own.

    Raises UseError where the file cannot be loaded or has no such function; the solver raises Lost for a question
    on which the function raises or does not come back.
    """
    solve = SubprocessWorker(
        path, "solve", "solve(question) that returns the answer or None", seconds=5.0
    )
    return lambda question: (
        None if (answer := solve(question).value) is None else str(answer)
    )
