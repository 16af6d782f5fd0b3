"""Problems from a user's own Python function.

It is trusted, and runs in a process of its own.
"""

from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any

from docendo.errors import RunError, UserError
from docendo.interfaces import Source
from docendo.parts import PartConfig
from docendo.problems.procedural import Draft, ProceduralSource
from docendo.sandbox.worker import CallError, SubprocessWorker

__all__ = ["FunctionAskerConfig", "UserFunction", "load_function"]

_SIGNATURE = "draft(rng, level) that returns (question, answer)"


@dataclass(frozen=True)
class UserFunction:
    """A user's ``draft(rng, level)`` as a family's function."""

    worker: SubprocessWorker

    def __call__(self, rng: Random, level: int) -> Draft:
        """Raises UserError where the function returns anything but two or three texts.

        Raises RunError, with the user's own line, where it raises or does not come back.
        """
        try:
            result = self.worker(rng, level)
        except CallError as error:
            raise RunError(str(error)) from error

        # the function is a user's: what it returns is checked, not believed
        texts = result.value
        is_tuple = result.kind == "tuple" and 2 <= len(texts) <= 3
        if not is_tuple or not all(isinstance(text, str) and text for text in texts):
            raise UserError(
                f"{self.worker.path}: draft must return (question, answer) or "
                f"(question, answer, solution), got {result.text}"[:300]
            )

        # the gate and the student read the last line, which a solution may have left out
        prompt, answer, *optional = texts
        solution = optional[0].rstrip() if optional else ""
        ending = f"Answer: {answer}"
        if solution and not solution.endswith(ending):
            solution += f"\n{ending}"
        return Draft(prompt, answer, solution)


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
