"""The evaluator that is a user's own Python function, in a process of its own."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field

from docendo.graders.context import ask_scorer
from docendo.parts import PartConfig
from docendo.records import Answer, Verdict
from docendo.sandbox.rewards import Row, Score
from docendo.sandbox.worker import CallError, SubprocessWorker

__all__ = ["FunctionEvaluatorConfig", "FunctionGrader"]

_MAX_REASON = 300


@dataclass(frozen=True)
class FunctionGrader:
    """What a user's function says: a score, or a score and a reason.

    A function that compares answers gets all at once, and one by one where it fails on them.
    """

    worker: SubprocessWorker

    def __call__(self, answers: Sequence[Answer]) -> list[Verdict]:
        """One verdict per answer, in order: 0 where the function gives none, with the reason."""
        return ask_scorer(self._score, self.worker.batched, "your function", answers)

    def _score(self, rows: Sequence[Row]) -> Sequence[Score]:
        try:
            result = self.worker(rows, seconds=self.worker.seconds * len(rows))
        except CallError as error:
            if len(rows) > 1:
                raise
            return [(None, str(error)[:_MAX_REASON])]
        scores: Sequence[Score] = result.value
        return scores


class FunctionEvaluatorConfig(PartConfig):
    """Your own Python function grade(question, answer, text), or a reward function of TRL or verifiers."""

    type: str = "function"
    file: str
    """Python file with the function, run in a separate process."""
    function: str = "grade"
    """The function in it. A reward function has `completions` (TRL) or `completion` (verifiers)
    among its arguments; a rubric is a variable. Each may be async."""
    seconds: Annotated[float, Field(gt=0, le=600)] = 2.0
    """Time limit for one answer, in seconds."""

    def build(self, context: Any = None) -> FunctionGrader:
        signature = (
            f"{self.function}(question, answer, text) that returns a score from 0 to 1"
        )
        path = Path(self.file)
        worker = SubprocessWorker(path, self.function, signature, self.seconds, scores=True)
        return FunctionGrader(worker)

    def file_settings(self) -> dict[str, str]:
        return {"file": self.file}
