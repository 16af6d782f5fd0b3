"""The evaluator that is a user's own Python function, in a process of its own."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field

from docendo.parts import PartConfig
from docendo.records import Problem, Verdict
from docendo.sandbox.worker import CallError, SubprocessWorker

__all__ = ["FunctionEvaluatorConfig", "FunctionGrader"]

_SIGNATURE = "grade(question, answer, text) that returns a score from 0 to 1"
_MAX_REASON = 300


@dataclass(frozen=True)
class FunctionGrader:
    """What a function ``grade(question, answer, text)`` says: a score, or a score and a reason."""

    worker: SubprocessWorker

    def __call__(self, problem: Problem, text: str) -> Verdict:
        """0 where the function gives no verdict, with the reason."""
        try:
            result = self.worker(problem.prompt, problem.answer, text)
        except CallError as error:
            return _fail(str(error))

        # JSON has no tuples: `kind` tells a pair from a list of two, which is no verdict.
        score = result.value
        reason: object = "by your function"
        if result.kind == "tuple" and len(result.value) == 2:
            score, reason = result.value
        if not isinstance(score, int | float) or not 0 <= score <= 1:
            return _fail(f"expected a score from 0 to 1, got {result.text}")
        return Verdict(float(score), str(reason)[:_MAX_REASON])


class FunctionEvaluatorConfig(PartConfig):
    """Your own Python function grade(question, answer, text), run in a separate process."""

    type: str = "function"
    file: str
    """Python file with the function."""
    seconds: Annotated[float, Field(gt=0, le=600)] = 2.0
    """Time limit for one answer, in seconds."""

    def build(self, context: Any = None) -> FunctionGrader:
        worker = SubprocessWorker(Path(self.file), "grade", _SIGNATURE, self.seconds)
        return FunctionGrader(worker)

    def file_settings(self) -> dict[str, str]:
        return {"file": self.file}


def _fail(problem: str) -> Verdict:
    return Verdict(0.0, f"grader failed: {problem}"[:_MAX_REASON])
