"""Programs that answer questions which somebody else wrote: what a gate trusts."""

import re
from collections.abc import Callable
from pathlib import Path

from docendo.errors import UserError
from docendo.sandbox.worker import SubprocessWorker
from docendo.tools.calculator import calculate

__all__ = ["Solver", "evaluate_expression", "load_solver", "open_verifier"]

Solver = Callable[[str], str | None]
"""From a question to its answer; None where the program cannot tell."""

_EXPRESSION = re.compile(r"(?<![\w.])-?\d+(?:\.\d+)?(?: ?[-+*/] ?\d+(?:\.\d+)?)+(?![\w])")
_SECONDS = 5.0


def open_verifier(setting: str) -> Solver | None:
    """The program that a setting names; None for ``agreement``, which needs none.

    `setting` is ``agreement``, ``program`` or a Python file. Raises UserError for anything
    else.
    """
    if setting == "agreement":
        return None
    if setting == "program":
        return evaluate_expression
    if not setting.endswith(".py"):
        raise UserError(
            f"expected 'agreement', 'program' or a Python file, got {setting!r}"
        )
    return load_solver(Path(setting))


def evaluate_expression(question: str) -> str | None:
    """The value of the one arithmetic expression in a question.

    None where there is none, or several.
    """
    # with several it is unknown which one is asked for; better no answer than a wrong one
    expressions = _EXPRESSION.findall(question)
    if len(expressions) != 1:
        return None
    try:
        return calculate(expressions[0])
    except UserError:
        return None


def load_solver(path: Path) -> Solver:
    """The function ``solve(question)`` of a user's own Python file.

    It is trusted, and runs in a process of its own. Raises UserError where the file cannot
    be loaded or has no such function. The solver raises CallError for a question on which
    the function raises or does not come back.
    """
    signature = "solve(question) that returns the answer or None"
    worker = SubprocessWorker(path, "solve", signature, seconds=_SECONDS)

    def solve(question: str) -> str | None:
        answer = worker(question).value
        return None if answer is None else str(answer)

    return solve
