"""The evaluator that is a user's own Python function, in a process of its own."""

from pathlib import Path
from typing import Annotated, Any

from pydantic import Field

from docendo.interfaces import Grader
from docendo.parts import PartConfig
from docendo.sandbox.worker import FunctionGrader, SubprocessWorker

__all__ = ["FunctionEvaluatorConfig"]

_SIGNATURE = "grade(question, answer, text) that returns a score from 0 to 1"


class FunctionEvaluatorConfig(PartConfig):
    """Your own Python function grade(question, answer, text), run in a separate process."""

    type: str = "function"
    file: str
    """Python file with the function."""
    seconds: Annotated[float, Field(gt=0, le=600)] = 2.0
    """Time limit for one answer, in seconds."""

    def build(self, context: Any = None) -> Grader:
        worker = SubprocessWorker(Path(self.file), "grade", _SIGNATURE, self.seconds)
        return FunctionGrader(worker)

    def file_settings(self) -> dict[str, str]:
        return {"file": self.file}
