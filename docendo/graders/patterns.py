"""Where the final answer of a text stands, by a regular expression of the user's own."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator

from docendo.interfaces import Evaluator
from docendo.records import Answer, Verdict
from docendo.sandbox import regex
from docendo.sandbox.worker import CallError, SubprocessWorker

__all__ = ["AnswerPattern", "WithPattern", "with_pattern"]

_MAX_CHARACTERS = 20_000
_SECONDS = 2.0
"""For one text; milliseconds are usual."""


def _check_pattern(pattern: str | None) -> str | None:
    try:
        re.compile(pattern or "")
    except re.error as error:
        raise ValueError(f"wrong at {error.pos}: {error.msg}") from error
    return pattern


AnswerPattern = Annotated[str | None, AfterValidator(_check_pattern)]
"""A regular expression; ``^`` and ``$`` are the ends of lines."""


@dataclass(frozen=True)
class WithPattern:
    """The same evaluator, which is shown what a pattern finds in a text as the text's final answer.

    That is the last match, or its first group; of the last 20,000 characters. A text without one
    stays as it is, and so does an answer to a problem with tests: a program is no line of a text.
    """

    evaluator: Evaluator
    pattern: str

    def __call__(self, answers: Sequence[Answer]) -> list[Verdict]:
        """One verdict per answer, in order."""
        return self.evaluator([self._mark(answer) for answer in answers])

    @cached_property
    def _find_last(self) -> SubprocessWorker:
        """In a process of its own: a pattern may take exponential time, and `re` cannot be stopped."""
        file = Path(regex.__file__)
        return SubprocessWorker(file, "find_last", "find_last(pattern, text)", _SECONDS)

    def _mark(self, answer: Answer) -> Answer:
        if answer.problem.tests:
            return answer
        try:
            last = self._find_last(self.pattern, answer.text[-_MAX_CHARACTERS:]).value
        except CallError:
            return answer
        return answer if last is None else answer._replace(text=f"Answer: {last}")


def with_pattern(evaluator: Evaluator, pattern: str | None) -> Evaluator:
    """`evaluator`, which reads the final answer by `pattern` where that is one."""
    return WithPattern(evaluator, pattern) if pattern else evaluator
