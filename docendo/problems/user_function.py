"""Problems from a user's own Python function.

It is trusted, and runs in a process of its own.
"""

from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any

from docendo.assertions.column import read_tests
from docendo.errors import RunError, UserError
from docendo.interfaces import Source
from docendo.parts import PartConfig
from docendo.problems.procedural import Draft, ProceduralSource
from docendo.sandbox.worker import CallError, CallResult, SubprocessWorker

__all__ = ["FunctionAskerConfig", "UserFunction", "load_function"]

_SIGNATURE = "draft(rng, level) that returns (question, answer)"
_SHAPES = "(question, answer) or (question, answer, solution, tests), as texts or a dict"
_FIELDS = ("question", "answer", "solution", "tests")


@dataclass(frozen=True)
class UserFunction:
    """A user's ``draft(rng, level)`` as a family's function."""

    worker: SubprocessWorker

    def __call__(self, rng: Random, level: int) -> Draft:
        """Raises UserError where the function returns no problem, or tests that cannot be read.

        Raises RunError, with the user's own line, where it raises or does not come back.
        """
        try:
            result = self.worker(rng, level)
        except CallError as error:
            raise RunError(str(error)) from error

        # the function is a user's: what it returns is checked, not believed
        fields = _name_fields(result)
        prompt: Any = fields.get("question") or fields.get("prompt")
        answer: Any = fields.get("answer")
        solution: Any = fields.get("solution") or ""
        for text in (prompt, answer, solution or answer):
            if not isinstance(text, str) or not text:
                message = f"draft must return {_SHAPES}, got {result.text}"
                raise UserError(f"{self.worker.path}: {message}"[:300])
        try:
            tests = read_tests(fields["tests"]) if fields.get("tests") else ()
        except UserError as error:
            raise UserError(f"{self.worker.path}: draft: {error}") from error

        # the gate and the student read the last line, which a solution may have left out
        solution = solution.rstrip()
        ending = f"Answer: {answer}"
        if solution and not solution.endswith(ending):
            solution += f"\n{ending}"
        return Draft(prompt, answer, solution, tests)


def _name_fields(result: CallResult) -> dict[str, Any]:
    """What was returned, by the names of a problem's fields; empty for another shape."""
    if isinstance(result.value, dict):
        return result.value
    if result.kind == "tuple" and 2 <= len(result.value) <= len(_FIELDS):
        return dict(zip(_FIELDS, result.value, strict=False))
    return {}


def load_function(path: Path, domain: str) -> Source:
    """Problems of the function ``draft(rng, level)`` in a Python file.

    The family has the file's name.

    Levels are 1 to 5. The same generator must give the same problem. Raises UserError where
    the file cannot be loaded, has no such function, or the function returns something else.
    """
    # Chance from elsewhere would give a run that cannot be resumed or repeated.
    function = UserFunction(SubprocessWorker(path, "draft", _SIGNATURE, seconds=10))
    if function(Random(1), 1) != function(Random(1), 1):
        raise UserError(
            f"{path}: draft gave two problems for the same rng and level; "
            "take everything random from rng"
        )
    return ProceduralSource(domain, {path.stem: function}, path.name)


class FunctionAskerConfig(PartConfig):
    """Your own Python function draft(rng, level), run in a separate process."""

    type: str = "function"
    file: str
    """Python file with the function."""

    def build(self, context: Any = None) -> Source:
        return load_function(Path(self.file), context.domain)

    def file_settings(self) -> dict[str, str]:
        return {"file": self.file}
