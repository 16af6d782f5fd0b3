"""The cells of a row as text: numbers as a person writes them, lists, and what is refused."""

from decimal import Decimal
from math import isfinite
from typing import TypeGuard

from docendo.assertions.values import parse_list
from docendo.datasets.columns import template_fields
from docendo.datasets.delimited import MAX_FIELD, is_text
from docendo.datasets.rows import FileRow

__all__ = [
    "RowError",
    "as_text",
    "fill_template",
    "is_number",
    "read_level",
    "read_list",
    "read_text",
]

_MAX_DIGITS = 21
"""Digits before the point of a number that is written without an exponent."""


class RowError(ValueError):
    """Why a row is no problem."""


def read_text(
    row: FileRow, name: str, *, accept_numbers: bool = False, accept_empty: bool = False
) -> str:
    """The stripped text of a column, with LF as line end.

    A number has the digits of its source, and no ``.0``: 42.0 is ``42``.
    """
    value = row.values.get(name)
    if value is None and accept_empty:
        return ""
    text = as_text(value, repr(name), accept_numbers)
    if not text and not accept_empty:
        raise RowError(f"{name!r} is empty")
    return text


def read_list(row: FileRow, name: str) -> list[str]:
    """The texts of a column: those of a list, of a list in a text, or the lines of a text."""
    value = row.values.get(name)
    if isinstance(value, str):
        value = _split_text(read_text(row, name))
    if not isinstance(value, list | tuple):
        cell = row.values.get(name)
        raise RowError(f"{_missing_or_type(cell, repr(name))}, expected a list")
    if not value:
        raise RowError(f"{name!r} is empty")
    return [as_text(item, f"{name}[{i}]", True) for i, item in enumerate(value)]


def fill_template(row: FileRow, template: str) -> str:
    """The template with the cells of a row in the place of its fields."""
    texts = []
    for text, column, indexes in template_fields(template):
        texts.append(text)
        if not column:
            continue
        value = row.values.get(column)
        place = column
        for index in indexes:
            place += f"[{index}]"
            value = _at_index(value, index)
        texts.append(as_text(value, f"{{{place}}}", True))
    return "".join(texts).strip()


def read_level(row: FileRow, name: str) -> int:
    """A whole number from 1 to 9, also in a text."""
    value = row.values.get(name)
    expected = "expected a whole number from 1 to 9"
    if isinstance(value, str):
        if len(value) <= MAX_FIELD and value.strip() in set("123456789"):
            return int(value)
    elif is_number(value):
        if value in range(1, 10):
            return int(value)
    else:
        raise RowError(f"{_missing_or_type(value, repr(name))}, {expected}")
    raise RowError(f"{name!r} is {str(value)[:40]!r}, {expected}")


def _split_text(text: str) -> object:
    """The list that is written in a text, else its lines; None where it only begins like a list."""
    return parse_list(text) if text.startswith("[") else text.splitlines()


def _at_index(value: object, index: str) -> object:
    """An item of a list by number or of an object by name; None where there is none."""
    if isinstance(value, dict):
        return value.get(index)
    if isinstance(value, str):
        value = _split_text(value.strip())
    if isinstance(value, list) and index.isdecimal() and int(index) < len(value):
        return value[int(index)]
    return None


def as_text(value: object, place: str, accept_numbers: bool) -> str:
    """A cell as stripped text. Raises RowError, which says `place`, for anything else."""
    if accept_numbers and is_number(value):
        return _write_number(value, place)
    if not isinstance(value, str):
        expected = "text or a number" if accept_numbers else "text"
        missing = _missing_or_type(value, place)
        raise RowError(missing if value is None else f"{missing}, expected {expected}")

    if len(value) > MAX_FIELD:
        raise RowError(f"{place} has over {MAX_FIELD:,} characters")
    if "\0" in value:
        raise RowError(f"{place} has a NUL character")
    if not is_text(value):
        raise RowError(f"{place} has half of a surrogate pair")
    return value.replace("\r\n", "\n").replace("\r", "\n").strip()


def _missing_or_type(value: object, place: str) -> str:
    return f"no {place}" if value is None else f"{place} is of type {type(value).__name__}"


def is_number(value: object) -> TypeGuard[int | float | Decimal]:
    """Whether it is a number; true and false are none."""
    return isinstance(value, int | float | Decimal) and not isinstance(value, bool)


def _write_number(value: int | float | Decimal, place: str) -> str:
    if isinstance(value, int):
        return str(value)
    if not isfinite(value):
        raise RowError(f"{place} is {value}, expected a finite number")

    # The shortest decimal that reads back as the same float is what a person would write.
    number = Decimal(repr(value)) if isinstance(value, float) else value
    if not -_MAX_DIGITS <= number.adjusted() < _MAX_DIGITS:
        return str(number).lower().replace("e+", "e")
    if number == number.to_integral_value():
        return str(int(number))
    return format(number, "f")
