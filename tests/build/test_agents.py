"""Settings of agents become the way they answer."""

from typing import Any

import pytest

from docendo.build.agents import (
    check_agents,
    sampling_params_by_agent,
    with_sampling_params,
)
from docendo.build.catalog import read_catalog
from docendo.config.load import Config, parse_config
from docendo.engines.wrappers.sampling_params import SamplingParams, WithSamplingParams
from docendo.engines.wrappers.scripted import Scripted
from docendo.errors import UserError
from docendo.records import AgentId, Grammar, Message, Request

NUMBER = {"regex": "-?[0-9]{1,6}", "free_tokens": 30}


def config(**emmy: Any) -> Config:
    agents = {"emmy": {"domain": "mathematics", **emmy}, "ada": {"domain": "programming"}}
    domains = {"mathematics": {}, "programming": {}}
    return parse_config({"agents": agents, "domains": domains}, "run.toml")


def asked(agent: str, temperature: float = 1.0) -> Request:
    return Request(AgentId(agent), (Message("user", "why"),), 0, 48, temperature)


def test_without_sampling_settings_the_engine_is_not_wrapped() -> None:
    engine = Scripted(lambda r: "")
    assert with_sampling_params(engine, config()) is engine


def test_an_agents_sampling_settings_apply_to_its_requests_and_to_its_snapshots() -> None:
    seen: list[Request] = []
    engine = WithSamplingParams(
        Scripted(lambda r: seen.append(r) or ""),
        sampling_params_by_agent(
            config(temperature=0.5, max_tokens=47, top_p=0.9, grammar=NUMBER)
        ),
    )
    engine.sample(
        [asked("emmy"), asked("emmy@3"), asked("ada"), asked("emmy", temperature=0.0)]
    )
    own = (0.5, 47, 0.9, Grammar("regex", "-?[0-9]{1,6}", 30))
    assert [(r.temperature, r.max_tokens, r.top_p, r.grammar) for r in seen] == [
        own,
        own,
        (1.0, 48, 1.0, None),
        (0.0, *own[1:]),
    ]
    assert {r.seed for r in seen} == {0}


def test_only_agents_with_sampling_settings_have_sampling_params() -> None:
    assert sampling_params_by_agent(config(top_p=0.5)) == {
        "emmy": SamplingParams(top_p=0.5)
    }


@pytest.mark.parametrize(
    ("grammar", "said"),
    [
        (
            {"regex": "[0-9"},
            r"\[agents.emmy.grammar\]: unclosed character class, at character 1 of '\[0-9'",
        ),
        ({"regex": "ab(c", "free_tokens": 3}, r"unclosed group, at character 3 of 'ab\(c'"),
        ({"lark": "start: a\na: x"}, 'line 2, column 4: unknown name: "x"$'),
        (
            {"lark": "start: /a[/"},
            r"line 1, column 8: unclosed character class, at character 2 of 'a\['",
        ),
        ({"json_schema": "{"}, "EOF while parsing an object at line 1 column 1"),
        (
            {"json_schema": '{"type":"integer","minimum":5,"maximum":3}'},
            "Unsatisfiable schema",
        ),
        ({"regex": "[a&&b]"}, "no answer in it was found"),
        ({"lark": 'start: "a" start'}, "no answer in it was found"),
        ({"regex": "[0-9]{48}"}, "may take 49 tokens, more than its max_tokens = 48"),
        ({"regex": "[0-9]", "free_tokens": 40}, "may take 51 tokens"),
        ({"choice": ["yes", "no" * 30]}, "may take 61 tokens"),
        ({"json_schema": '{"type":"string","minLength":50}'}, "may take 53 tokens"),
    ],
)
def test_a_grammar_too_long_for_the_token_limit_is_refused_before_the_run(
    grammar: dict[str, Any], said: str
) -> None:
    with pytest.raises(UserError, match=said):
        check_agents(config(grammar=grammar))
    with pytest.raises(UserError, match=said):
        read_catalog(config(grammar=grammar))


@pytest.mark.parametrize(
    "grammar",
    [
        {"regex": "[0-9]{47}"},
        {"regex": "[^z]*z"},
        {"choice": ["yes", "no"]},
        NUMBER,
        {"lark": 'start: "(" start ")" | "a"'},
        {"json_schema": '{"type":"array","items":{"type":"number"}}'},
    ],
)
def test_a_grammar_that_fits_into_the_token_limit_is_accepted(
    grammar: dict[str, Any],
) -> None:
    given = config(grammar=grammar)
    assert list(read_catalog(given).sources) == ["mathematics", "programming"]
    assert sampling_params_by_agent(given)["emmy"].grammar is not None


@pytest.mark.parametrize(
    ("grammar", "said"),
    [
        ({}, "wanted one of regex, choice, json_schema and lark, got none"),
        ({"regex": "a", "lark": "b"}, "got regex and lark"),
        ({"lark": "b", "free_tokens": 3}, "free text goes before a regex or a choice"),
        ({"choice": ["a", "a"]}, "wanted different choices"),
        (
            {"regx": "a"},
            r"run.toml \[agents.emmy.grammar\]: no setting 'regx'; did you mean 'regex'",
        ),
    ],
)
def test_a_wrong_grammar_table_is_refused_with_what_was_expected(
    grammar: dict[str, Any], said: str
) -> None:
    with pytest.raises(UserError, match=said):
        config(grammar=grammar)


def test_a_grammar_is_refused_for_agents_that_the_local_model_does_not_play() -> None:
    with pytest.raises(UserError, match="not policy = 'oracle'"):
        check_agents(config(policy="oracle", grammar=NUMBER))
