"""Whether an answer has a form: a regular expression that it matches, a JSON schema that it fits."""

import json
import re
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field, ValidationInfo, field_validator

from docendo.errors import UserError
from docendo.parts import PartConfig
from docendo.records import Problem, Verdict
from docendo.sandbox import regex
from docendo.sandbox.worker import CallError, SubprocessWorker

__all__ = ["FormatConfig", "FormatGrader", "json_schema_error"]

_MAX_CHARACTERS = 20_000
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
            _ = self._schema
        except re.error as error:
            raise UserError(
                f"the pattern {self.pattern!r} is wrong at {error.pos}: {error.msg}"
            ) from error
        except json.JSONDecodeError as error:
            raise UserError(
                f"the schema is not JSON: {error.msg} at column {error.colno}"
            ) from error

    @cached_property
    def _matcher(self) -> SubprocessWorker:
        """In a process of its own: a pattern may take exponential time, and `re` cannot be stopped."""
        file = Path(regex.__file__)
        return SubprocessWorker(file, "fits", "fits(pattern, text)", _SECONDS)

    @cached_property
    def _schema(self) -> Any:
        return json.loads(self.schema or "{}")

    def __call__(self, problem: Problem, text: str) -> Verdict:
        answer = text.strip()
        error = self._check_pattern(answer) or self._check_schema(answer)
        return Verdict(0.0, error) if error else Verdict(1.0, "of the expected form")

    def _check_pattern(self, answer: str) -> str:
        if not self.pattern:
            return ""
        try:
            result = self._matcher(self.pattern, answer[:_MAX_CHARACTERS])
        except CallError:
            return f"matching it took more than {_SECONDS:g} seconds"
        return "" if result.value else "not of the expected form"

    def _check_schema(self, answer: str) -> str:
        if not self.schema:
            return ""
        try:
            return json_schema_error(json.loads(answer), self._schema)[:200]
        except (ValueError, RecursionError):
            return "not JSON"


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


_TYPES: dict[str, tuple[type, ...]] = {
    "object": (dict,),
    "array": (list,),
    "string": (str,),
    "integer": (int,),
    "number": (int, float),
    "boolean": (bool,),
    "null": (type(None),),
}


def json_schema_error(value: Any, schema: Any, where: str = "$") -> str:
    """What in `value` does not fit, and where; empty where all of it fits.

    Of JSON schema: type, enum, const, properties, required, additionalProperties (true or false),
    items, minimum, maximum, minLength, maxLength, minItems, maxItems. Other words are ignored.
    """
    type_name = schema.get("type")
    if type_name and not _has_type(value, type_name):
        return f"{where} is no {type_name}"
    if "enum" in schema and value not in schema["enum"]:
        return f"{where} is none of {schema['enum']}"
    if "const" in schema and value != schema["const"]:
        return f"{where} is not {schema['const']!r}"

    # The keywords of other types are ignored, as JSON Schema says.
    if isinstance(value, dict):
        return _object_error(value, schema, where)
    if isinstance(value, list):
        return _array_error(value, schema, where)
    if isinstance(value, str):
        return _size_error(len(value), schema, "Length", where)
    if isinstance(value, int | float):
        return _range_error(value, schema, where)
    return ""


def _has_type(value: Any, name: str) -> bool:
    # Python's True is an int, JSON's is not.
    if isinstance(value, bool):
        return name == "boolean"
    return isinstance(value, _TYPES[name])


def _object_error(value: dict[str, Any], schema: Any, where: str) -> str:
    properties = schema.get("properties", {})
    for name in schema.get("required", ()):
        if name not in value:
            return f"{where} has no {name!r}"

    extra = sorted(set(value) - set(properties))
    if extra and schema.get("additionalProperties", True) is False:
        return f"{where} has {extra[0]!r}, which is not expected"

    for name, inner in properties.items():
        if name in value:
            error = json_schema_error(value[name], inner, f"{where}.{name}")
            if error:
                return error

    return ""


def _array_error(value: list[Any], schema: Any, where: str) -> str:
    error = _size_error(len(value), schema, "Items", where)
    if error:
        return error
    for place, item in enumerate(value):
        error = json_schema_error(item, schema.get("items", {}), f"{where}[{place}]")
        if error:
            return error
    return ""


def _size_error(size: int, schema: Any, limit: str, where: str) -> str:
    """`limit` is Items or Length, as in minItems and maxLength."""
    if schema.get(f"min{limit}", 0) <= size <= schema.get(f"max{limit}", size):
        return ""
    unit = "items" if limit == "Items" else "characters"
    return f"{where} has a wrong number of {unit}"


def _range_error(value: float, schema: Any, where: str) -> str:
    if schema.get("minimum", value) <= value <= schema.get("maximum", value):
        return ""
    return f"{where} is not between {schema.get('minimum', '-')} and {schema.get('maximum', '-')}"
