"""One line that explains what is wrong with a config."""

from collections.abc import Callable, Mapping
from typing import Any

from pydantic import ValidationError

from docendo.config.renamed import new_name_of, new_value_of
from docendo.errors import suggestion

__all__ = ["explain"]

# of a location in pydantic's errors: alternatives of a type, not names of settings
_NOT_NAMES = {"str", "list[str]", "[key]"}


def explain(
    error: ValidationError, where: str, settings_at: Callable[[list[str]], list[str]]
) -> str:
    """The first problem as one line; `settings_at` lists the settings that exist at a place."""
    problem = _first_problem(error)
    path = [str(part) for part in problem["loc"] if part not in _NOT_NAMES]
    *place, name = path
    value = problem["input"]
    section = f"{where} [{'.'.join(place)}]" if place else where

    if problem["type"] == "extra_forbidden":
        if new_name := new_name_of(path):
            return f"{section}: {name!r} has a new name: {new_name}"
        return f"{section}: no setting {name!r}{suggestion(name, settings_at(place))}"

    if problem["type"] == "part" and isinstance(value, Mapping):
        for setting in value:
            if new_name := new_name_of([*path, setting]):
                return f"{where} [{'.'.join(path)}]: {setting!r} has a new name: {new_name}"

    if new_value := new_value_of(path, value):
        return f"{section} {name}: {value!r} has a new name: {new_value!r}"
    if problem["type"] == "missing":
        return f"{section} {name}: is missing"

    if problem["type"] == "part":  # a sentence of its own, which says what was got
        return f"{section} {name}: {problem['msg']}"

    message = problem["msg"].removeprefix("Value error, ")
    ending = "" if "got" in message else f", got {_show(value)}"
    return f"{section} {name}: {message[0].lower()}{message[1:]}{ending}"


def _first_problem(error: ValidationError) -> Mapping[str, Any]:
    problems = error.errors()
    if problems[0]["type"] == "missing":
        # a misspelt setting explains why another one is missing
        for problem in problems:
            if problem["type"] == "extra_forbidden":
                return problem
    return problems[0]


def _show(value: Any) -> str:
    if isinstance(value, str | int | float | bool):
        return repr(value)
    return f"a {type(value).__name__}"
