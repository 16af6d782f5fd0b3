"""How an answer is written: its words, its form."""

import json
import re
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from docendo.errors import UserError, suggestion
from docendo.records import Problem, Verdict
from docendo.sandbox import regex
from docendo.sandbox.worker import CallError, SubprocessWorker

__all__ = ["FormatGrader", "SpellingGrader", "json_schema_error"]

_WORD = re.compile(r"[^\W\d_]+(?:['\N{RIGHT SINGLE QUOTATION MARK}][^\W\d_]+)*")
_LONGEST, _WORDS = 20_000, 2_000
_SECONDS = 2.0
"""For one pattern and answer; milliseconds are usual."""
_LANGUAGES = ("en", "es", "de", "fr", "pt", "it", "nl", "ru")


@dataclass(frozen=True)
class SpellingGrader:
    """The share of an answer's words that are in the dictionary; 0 for an answer without words.

    Words of the question count as known. Raises UseError where pyspellchecker is missing, for a language that it does
    not have, and for a file of the user's own words that cannot be read.
    """

    language: str = "en"
    own_words: Path | None = None
    """A file with a word in each line that are known besides."""

    def __post_init__(self) -> None:
        _ = self._known

    @cached_property
    def _known(self) -> Any:
        try:
            from spellchecker import SpellChecker
        except ImportError as error:
            raise UserError(
                "a spell-checker needs pyspellchecker: pip install pyspellchecker"
            ) from error
        if self.language not in _LANGUAGES:
            raise UserError(
                f"no dictionary of {self.language!r}{suggestion(self.language, _LANGUAGES)}"
            )
        checker = SpellChecker(language=self.language)
        if self.own_words:
            try:
                words = self.own_words.read_text().split()
            except (OSError, UnicodeDecodeError) as error:
                raise UserError(
                    f"{self.own_words}: the words cannot be read: {error}"
                ) from error
            checker.word_frequency.load_words(words)
        return checker

    def __call__(self, problem: Problem, text: str) -> Verdict:
        words = [
            w.replace("\N{RIGHT SINGLE QUOTATION MARK}", "'").lower()
            for w in _WORD.findall(text[:_LONGEST])
        ]
        if not words:
            return Verdict(0.0, "no words")
        asked = {w.lower() for w in _WORD.findall(problem.prompt)}
        words = words[:_WORDS]
        wrong = set(self._known.unknown(dict.fromkeys(words))) - asked
        right = sum(w not in wrong for w in words) / len(words)
        return Verdict(
            right,
            "every word is right"
            if right == 1
            else f"unknown: {', '.join(sorted(wrong)[:5])}"[:200],
        )


@dataclass(frozen=True)
class FormatGrader:
    """1 where an answer has the form that is wanted, else 0."""

    pattern: str = ""
    """A regular expression that all of it matches; empty: none is asked for."""
    schema: str = ""
    """Of JSON, as a text: what the whole answer must be; empty: none is asked for."""
    longest: int = 0
    """Characters; 0: any number."""

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
    def _matching(self) -> SubprocessWorker:
        return SubprocessWorker(
            Path(regex.__file__), "fits", "fits(pattern, text)", _SECONDS
        )

    @cached_property
    def _schema(self) -> Any:
        return json.loads(self.schema or "{}")

    def __call__(self, problem: Problem, text: str) -> Verdict:
        whole = text.strip()
        if self.longest and len(whole) > self.longest:
            return Verdict(0.0, f"longer than {self.longest} characters")
        if self.pattern:
            try:
                if not self._matching(self.pattern, whole[:_LONGEST]).value:
                    return Verdict(0.0, "not of the form that is wanted")
            except CallError:
                return Verdict(0.0, f"matching it took more than {_SECONDS:g} seconds")
        if self.schema:
            try:
                fault = json_schema_error(json.loads(whole), self._schema)
            except (ValueError, RecursionError):
                return Verdict(0.0, "not JSON")
            if fault:
                return Verdict(0.0, fault[:200])
        return Verdict(1.0, "of the form that is wanted")


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
    """What of `value` does not fit, and where; empty where all fits.

    Of JSON schema: type, enum, const, properties, required, additionalProperties (true or false), items, minimum,
    maximum, minLength, maxLength, minItems, maxItems. Other words are not looked at.
    """
    wanted = schema.get("type")
    if wanted and (
        not isinstance(value, _TYPES[wanted])
        or (isinstance(value, bool) and wanted not in {"boolean"})
    ):
        return f"{where} is no {wanted}"
    if "enum" in schema and value not in schema["enum"]:
        return f"{where} is none of {schema['enum']}"
    if "const" in schema and value != schema["const"]:
        return f"{where} is not {schema['const']!r}"
    if isinstance(value, dict):
        return _object_fault(value, schema, where)
    if isinstance(value, list):
        found = (
            json_schema_error(v, schema.get("items", {}), f"{where}[{i}]")
            for i, v in enumerate(value)
        )
        return _size_fault(len(value), schema, "Items", where) or next(
            (f for f in found if f), ""
        )
    if isinstance(value, str):
        return _size_fault(len(value), schema, "Length", where)
    if isinstance(value, int | float) and not schema.get(
        "minimum", value
    ) <= value <= schema.get("maximum", value):
        return f"{where} is not between {schema.get('minimum', '-')} and {schema.get('maximum', '-')}"
    return ""


def _object_fault(value: dict[str, Any], schema: Any, where: str) -> str:
    properties = schema.get("properties", {})
    if missing := [name for name in schema.get("required", ()) if name not in value]:
        return f"{where} has no {missing[0]!r}"
    if schema.get("additionalProperties", True) is False and (
        more := sorted(set(value) - set(properties))
    ):
        return f"{where} has {more[0]!r}, which is not wanted"
    found = (
        json_schema_error(value[name], inner, f"{where}.{name}")
        for name, inner in properties.items()
        if name in value
    )
    return next((f for f in found if f), "")


def _size_fault(size: int, schema: Any, what: str, where: str) -> str:
    if schema.get(f"min{what}", 0) <= size <= schema.get(f"max{what}", size):
        return ""
    return f"{where} has a wrong number of {'items' if what == 'Items' else 'characters'}"
