"""A user's own Python functions: one that makes problems, one that solves them. Both are trusted and run right here."""

import importlib.util
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from random import Random
from types import ModuleType
from typing import Any

from docendo.errors import UseError
from docendo.interfaces import Source
from docendo.problems.procedural import Draft, Procedural

__all__ = ["Function", "load_function", "load_module"]


def load_module(path: Path) -> ModuleType:
    """The module of a Python file. Raises UseError, with the line, where it cannot be loaded."""
    spec = importlib.util.spec_from_file_location(f"docendo_user_{path.stem}", path)
    if spec is None or spec.loader is None or not path.is_file():
        raise UseError(f"{path}: no such Python file")
    module = importlib.util.module_from_spec(spec)
    try:
        spec.loader.exec_module(module)
    except SyntaxError as error:
        raise UseError(f"{path}:{error.lineno}: {error.msg}") from error
    except ImportError as error:
        raise UseError(f"{path}: {error}") from error
    return module


@dataclass(frozen=True)
class Function:
    """What a user's ``draft(rng, level)`` gives, as a draft."""

    path: Path
    draft: Callable[[Random, int], Any]

    def __call__(self, rng: Random, level: int) -> Draft:
        """Raises UseError where the function gives something else than a question, an answer and perhaps a solution."""
        made = self.draft(rng, level)
        if not isinstance(made, tuple) or not 2 <= len(made) <= 3 or not all(isinstance(m, str) and m for m in made):
            raise UseError(
                f"{self.path}: draft is to give (question, answer) or (question, answer, solution), got {made!r}"[:300]
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
    draft = getattr(load_module(path), "draft", None)
    if not callable(draft):
        raise UseError(f"{path}: has no function 'draft'; wanted draft(rng, level) that returns (question, answer)")
    made = Function(path, draft)
    if made(Random(1), 1) != made(Random(1), 1):
        raise UseError(f"{path}: draft gave two problems for the same rng and level; take all that is random from rng")
    return Procedural(domain, {path.stem: made}, path.name)
