"""The tables of grammars, data mixtures and endpoints refuse what cannot be meant."""

from typing import Any

import pytest
from pydantic import ValidationError

from docendo.config.sampling import DataConfig, EndpointConfig, GrammarConfig


@pytest.mark.parametrize(
    ("settings", "source"),
    [
        ({"regex": "[0-9]+"}, ("regex", "[0-9]+")),
        ({"choice": ["yes", "no"]}, ("choice", '["yes", "no"]')),
        ({"json_schema": "{}"}, ("json", "{}")),
        ({"lark": 'start: "a"'}, ("lark", 'start: "a"')),
    ],
)
def test_a_grammar_has_a_kind_and_a_text(
    settings: dict[str, Any], source: tuple[str, str]
) -> None:
    assert GrammarConfig(**settings).source == source


@pytest.mark.parametrize(
    ("settings", "reason"),
    [
        ({}, "got none"),
        ({"regex": "a", "lark": "b"}, "got regex and lark"),
        ({"lark": "b", "free_tokens": 1}, "free text goes before a regex or a choice"),
        ({"choice": []}, "wanted different choices, at least one"),
        ({"choice": ["a", "a"]}, "wanted different choices, at least one"),
    ],
)
def test_a_grammar_is_exactly_one_of_the_four_kinds(
    settings: dict[str, Any], reason: str
) -> None:
    with pytest.raises(ValidationError, match=reason):
        GrammarConfig(**settings)


def test_a_data_mixture_names_at_least_one_source() -> None:
    with pytest.raises(ValidationError, match="got none of them"):
        DataConfig()
    with pytest.raises(ValidationError, match="greater than 0"):
        DataConfig(domains={"biology": 0.0})


@pytest.mark.parametrize(
    "url", ["https://api.example/v1", "http://127.0.0.1:8000/v1", "http://localhost/v1"]
)
def test_an_endpoint_is_https_or_this_machine(url: str) -> None:
    assert EndpointConfig(url=url, model="m").url == url


def test_http_to_another_machine_needs_insecure() -> None:
    with pytest.raises(ValidationError, match=r"http to another machine, api\.example"):
        EndpointConfig(url="http://api.example/v1", model="m")
    assert EndpointConfig(url="http://api.example/v1", model="m", insecure=True).insecure


@pytest.mark.parametrize(
    "url",
    [
        "",
        "api.example/v1",
        "ftp://api.example",
        "https://me:secret@api.example/v1",
        "https://api.example/v1?key=secret",
        "https://api.example/v1#secret",
        "https://api.example:99999/v1",
    ],
)
def test_an_address_that_may_hold_a_secret_is_refused_without_being_shown(url: str) -> None:
    with pytest.raises(ValidationError) as refusal:
        EndpointConfig(url=url, model="m")
    assert refusal.value.errors()[0]["msg"].endswith("got something else")


@pytest.mark.parametrize("key", ["sk-123", "api_key", "$API_KEY", ""])
def test_a_key_is_the_name_of_a_variable(key: str) -> None:
    assert (
        EndpointConfig(url="https://a.example", model="m", key="API_KEY").key == "API_KEY"
    )
    with pytest.raises(ValidationError, match="NAME of a variable of the environment"):
        EndpointConfig(url="https://a.example", model="m", key=key)


@pytest.mark.parametrize(
    ("headers", "reason"),
    [
        ({"X-Team": "a"}, "lower-case names of headers"),
        ({"host": "a"}, "headers that docendo does not set"),
        ({"x-team": "a\nb"}, "printable ASCII"),
        ({"x-api-key": "sk-123"}, r"wanted x-api-key = '\$NAME'"),
        ({"x-team": "$team"}, r"wanted x-team = '\$NAME'"),
    ],
)
def test_a_header_that_may_hold_a_secret_names_a_variable(
    headers: dict[str, str], reason: str
) -> None:
    allowed = {"x-team": "blue", "authorization": "$TEAM_TOKEN"}
    assert EndpointConfig(url="https://a.example", model="m", headers=allowed)
    with pytest.raises(ValidationError, match=reason):
        EndpointConfig(url="https://a.example", model="m", headers=headers)
