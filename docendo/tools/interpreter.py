"""The Python tool: a few lines in the sandbox."""

import ast
import re
import warnings
from dataclasses import dataclass, field

from docendo.errors import UserError
from docendo.interfaces import Sandbox
from docendo.sandbox.monty import build_strict_monty

__all__ = ["Interpreter"]

_MAX_CODE = 1000
_MEASUREMENT = re.compile(r"(?<=limit exceeded).*")
"""How much time or memory it was differs from run to run, and an answer must not."""


@dataclass(frozen=True)
class Interpreter:
    """Runs a program and gives what it printed, and the ``repr`` of its last line where that is an expression.

    Raises UserError on construction where the sandbox is not installed.
    """

    run: Sandbox = field(default_factory=build_strict_monty)

    def __call__(self, code: str) -> str:
        """One line or several. Nothing is kept between calls; the same code gives the same words every time.

        Raises UserError, with the program's own error, where it fails, runs into the sandbox's
        limits or says nothing.
        """
        if len(code) > _MAX_CODE:
            raise UserError(f"longer than {_MAX_CODE} characters")
        try:
            # Python warns of code such as "1 is 1" while it parses.
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                tree = ast.parse(code.strip())
            calls: list[str] = []
            if tree.body and isinstance(tree.body[-1], ast.Expr):
                calls.append(ast.unparse(tree.body.pop()))
            outcome = self.run(ast.unparse(tree), calls)
        except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
            message = str(error).split(" (")[0]
            raise UserError(f"{type(error).__name__}: {message}") from error
        if not outcome.ok:
            raise UserError(_MEASUREMENT.sub("", outcome.reason))

        # As an interactive Python: print(x) on the last line is worth None, and shows no second line.
        values = [value for value in outcome.values if value != "None"]
        result = " ".join([outcome.printed.strip(), *values]).strip()
        if not result:
            raise UserError("nothing was printed, and the last line has no value")
        return result
