"""What of a text does not fit a JSON schema."""

import json

import pytest

from docendo.errors import UserError
from docendo.sandbox.json_schema import build_validator, find_error

pytest.importorskip("jsonschema")

SCHEMA = json.dumps({"type": "object", "properties": {"age": {"type": "integer"}}})


def test_a_text_that_fits_has_no_error() -> None:
    assert find_error(SCHEMA, '{"age": 7}') == ""


def test_the_place_of_what_does_not_fit_is_named() -> None:
    assert find_error(SCHEMA, '{"age": "x"}') == "$.age: 'x' is not of type 'integer'"


@pytest.mark.parametrize("text", ["{", "NaN", "[" * 100_000])
def test_a_text_that_is_no_json_says_so(text: str) -> None:
    assert find_error(SCHEMA, text) == "not JSON"


@pytest.mark.parametrize("schema", ["{", '{"type": "whole"}', '{"required": 3}'])
def test_a_schema_that_is_none_is_refused(schema: str) -> None:
    with pytest.raises(UserError, match="schema"):
        build_validator(schema)
