"""A user's own Python function that makes problems. It is trusted, and runs in a process of its own."""

from dataclasses import dataclass
from pathlib import Path
from random import Random

from docendo.errors import RunError, UserError
from docendo.interfaces import Source
from docendo.problems.procedural import Draft, ProceduralSource
from docendo.sandbox.worker import CallError, SubprocessWorker

__all__ = ["UserFunction", "load_function"]

_WANTED = "draft(rng, level) that returns (question, answer)"


@dataclass(frozen=True)
class UserFunction:
    """What a user's ``draft(rng, level)`` gives, as a draft."""

    errand: SubprocessWorker

    def __call__(self, rng: Random, level: int) -> Draft:
        """Raises UseError where the function gives something else than a question, an answer and perhaps a solution,
        RunError, with the user's own line, where it raises or does not come back."""
        try:
            done = self.errand(rng, level)
        except CallError as error:
            raise RunError(str(error)) from error
        made = done.value
        if (
            done.kind != "tuple"
            or not 2 <= len(made) <= 3
            or not all(isinstance(m, str) and m for m in made)
        ):
            raise UserError(
                f"{self.errand.path}: draft is to give (question, answer) or (question, answer, solution), "
                f"got {done.shown}"[:300]
            )
        prompt, answer, *rest = made
        solution = rest[0].rstrip() if rest else ""
        if solution and not solution.endswith(f"Answer: {answer}"):
            solution += f"\nAnswer: {answer}"
        return Draft(prompt, answer, solution)


def load_function(path: Path, domain: str) -> Source:
    """Problems of the function ``draft(rng, level)`` in a Python file, levels 1 to 5; the family has the file's name.

    The same generator must give the same problem. Raises UseError where the file cannot be loaded, has no such
    function, or the function gives something else.
    """
    made = UserFunction(SubprocessWorker(path, "draft", _WANTED))
    if made(Random(1), 1) != made(Random(1), 1):
        raise UserError(
            f"{path}: draft gave two problems for the same rng and level; take all that is random from rng"
        )
    return ProceduralSource(domain, {path.stem: made}, path.name)
