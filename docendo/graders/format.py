"""Whether an answer has a form: a regular expression that it matches, a JSON schema that it fits."""

import re
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field, ValidationInfo, field_validator

from docendo.errors import UserError
from docendo.parts import PartConfig
from docendo.records import FAILED, Problem, Verdict
from docendo.sandbox import json_schema, regex
from docendo.sandbox.worker import CallError, SubprocessWorker

__all__ = ["FormatConfig", "FormatGrader"]

_MAX_CHARACTERS = 20_000
_MAX_REASON = 200
_SECONDS = 2.0
"""For one pattern and answer; milliseconds are usual."""


@dataclass(frozen=True)
class FormatGrader:
    """1 where an answer has the expected form, else 0."""

    pattern: str = ""
    """A regular expression that the whole answer matches; empty: none."""
    schema: str = ""
    """A JSON schema, as text, that the whole answer fits; empty: none."""

    def __post_init__(self) -> None:
        try:
            re.compile(self.pattern)
        except re.error as error:
            raise UserError(
                f"the pattern {self.pattern!r} is wrong at {error.pos}: {error.msg}"
            ) from error
        if self.schema:
            json_schema.build_validator(self.schema)

    @cached_property
    def _matcher(self) -> SubprocessWorker:
        """In a process of its own: a pattern may take exponential time, and `re` cannot be stopped."""
        file = Path(regex.__file__)
        return SubprocessWorker(file, "fits", "fits(pattern, text)", _SECONDS)

    @cached_property
    def _validator(self) -> SubprocessWorker:
        file = Path(json_schema.__file__)
        return SubprocessWorker(file, "find_error", "find_error(schema, text)", _SECONDS)

    def __call__(self, problem: Problem, text: str) -> Verdict:
        answer = text.strip()
        if len(answer) > _MAX_CHARACTERS:
            return Verdict(0.0, f"longer than {_MAX_CHARACTERS} characters")
        error = ""
        try:
            if self.pattern and not self._matcher(self.pattern, answer).value:
                error = "not of the expected form"
            if self.schema and not error:
                error = self._validator(self.schema, answer).value[:_MAX_REASON]
        except CallError as failure:
            # Another failure than of time is no fault of the answer.
            slow = f"matching it took more than {_SECONDS:g} seconds"
            error = slow if failure.is_timeout else f"{FAILED}{failure}"
        return Verdict(0.0, error) if error else Verdict(1.0, "of the expected form")


class FormatConfig(PartConfig):
    """The answer matches a regular expression, or fits a JSON schema."""

    type: str = "format"
    pattern: str = ""
    """Regular expression that the whole answer must match."""
    file: Annotated[str | None, Field(validate_default=True)] = None
    """File with a JSON schema, instead of a pattern."""

    @field_validator("file")
    @classmethod
    def _check_file(cls, file: str | None, info: ValidationInfo) -> str | None:
        if bool(file) == bool(info.data.get("pattern")):
            raise ValueError(
                "expected a pattern or the file of a JSON schema, one of the two"
            )
        return file

    def build(self, context: Any = None) -> FormatGrader:
        return FormatGrader(self.pattern, _read_text(self.file) if self.file else "")

    def file_settings(self) -> dict[str, str]:
        return {"file": self.file} if self.file else {}


def _read_text(file: str) -> str:
    try:
        return Path(file).read_text()
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "not UTF-8"
        raise UserError(f"{file}: cannot be read: {reason}") from error
