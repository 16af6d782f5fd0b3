"""JSON schemas, checked in a process that can be ended: a schema's patterns may take exponential time."""

import json
from functools import lru_cache
from typing import Any

from docendo.errors import UserError, require_package

__all__ = ["build_validator", "find_error"]


@lru_cache(maxsize=8)
def build_validator(schema: str) -> Any:
    """A jsonschema validator of the draft that the schema names, else of the newest.

    Raises UserError where the text is no schema, or jsonschema is not installed.
    """
    require_package("jsonschema", "JSON schemas", "judging")
    from jsonschema import SchemaError
    from jsonschema.validators import Draft202012Validator, validator_for
    from referencing import Registry

    try:
        content = json.loads(schema)
        validator = validator_for(content, default=Draft202012Validator)
        validator.check_schema(content)
    except json.JSONDecodeError as error:
        raise UserError(
            f"the schema is not JSON: {error.msg} at column {error.colno}"
        ) from error
    except SchemaError as error:
        raise UserError(
            f"no JSON schema: {error.json_path}: {error.message[:200]}"
        ) from error
    # An own registry: without it a reference to another file would be fetched.
    return validator(content, registry=Registry())


def find_error(schema: str, text: str) -> str:
    """What in a text does not fit, and where; empty where it is JSON and all of it fits."""
    from jsonschema.exceptions import best_match

    try:
        value = json.loads(text, parse_constant=_refuse)
    except (ValueError, RecursionError):
        return "not JSON"
    error = best_match(build_validator(schema).iter_errors(value))
    return f"{error.json_path}: {error.message}" if error else ""


def _refuse(name: str) -> None:
    """Python reads NaN and Infinity, which are no JSON."""
    raise ValueError(name)
