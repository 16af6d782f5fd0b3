"""The Python tool: a few lines in the sandbox."""

import ast
import re
import warnings
from dataclasses import dataclass, field

from docendo.errors import UserError
from docendo.sandbox.monty import MontySandbox

__all__ = ["Interpreter"]

_LONGEST = 1000
_MEASURED = re.compile(r"(?<=limit exceeded).*")
"""How much time or memory it was differs from run to run, and an answer must not."""


@dataclass(frozen=True)
class Interpreter:
    """Runs a program and gives what it printed and the ``repr`` of its last line where that is an expression.

    Raises UseError on construction where the sandbox is not installed.
    """

    run: MontySandbox = field(default_factory=MontySandbox)

    def __call__(self, code: str) -> str:
        """One line or several. Nothing is kept between calls, and the same code gives the same words every time.

        Raises UseError, with the program's own error, where it fails, runs into the sandbox's limits or says nothing.
        """
        if len(code) > _LONGEST:
            raise UserError(f"longer than {_LONGEST} characters")
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                tree = ast.parse(code.strip())
            last = (
                ast.unparse(tree.body.pop())
                if tree.body and isinstance(tree.body[-1], ast.Expr)
                else ""
            )
            outcome = self.run(ast.unparse(tree), [last] if last else [])
        except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
            raise UserError(
                f"{type(error).__name__}: {str(error).split(' (')[0]}"
            ) from error
        if not outcome.ok:
            raise UserError(_MEASURED.sub("", outcome.reason))
        shown = [value for value in outcome.values if value != "None"]
        found = " ".join([outcome.printed.strip(), *shown]).strip()
        if not found:
            raise UserError("nothing was printed, and the last line has no value")
        return found
