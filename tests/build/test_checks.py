"""What the sections of a config must agree on."""

from typing import Any

import pytest

from docendo.build.checks import check_config, check_roles
from docendo.config.load import Config, parse_config
from docendo.errors import UserError

AGENTS = {"ann": {"domain": "mathematics"}, "bob": {}}


def config(**table: Any) -> Config:
    default = {"domains": {"mathematics": {}}, "agents": AGENTS}
    return parse_config({**default, **table}, "run.toml")


@pytest.mark.parametrize(
    ("table", "reason"),
    [
        (
            {"agents": {"ann": {"domain": "mathematic"}, "bob": {}}},
            r"\[agents\.ann\]: no domain 'mathematic'; did you mean 'mathematics'",
        ),
        (
            {
                "agents": {
                    "ann": {"domain": "mathematics"},
                    "bob": {"practice_domains": ["physics"]},
                }
            },
            r"\[agents\.bob\]: no domain 'physics'",
        ),
        (
            {"domains": {"mathematics": {"evaluate_only": True}}},
            r"\[agents\.ann\]: domain 'mathematics' is evaluate_only",
        ),
        (
            {"domains": {"mathematics": {}, "biology": {}}},
            "domain 'biology' has no teacher: give an agent domain = 'biology'",
        ),
        (
            {"agents": {"ann": {"domain": "mathematics"}}},
            "domain 'mathematics' has no student: 'ann' is its only agent",
        ),
    ],
)
def test_every_domain_needs_a_teacher_and_a_student(
    table: dict[str, Any], reason: str
) -> None:
    with pytest.raises(UserError, match=reason):
        check_roles(config(**table))


def test_a_single_agent_may_be_on_its_own_where_nobody_teaches() -> None:
    alone = config(agents={"ann": {"domain": "mathematics"}}, teaching={"matches": 0})
    check_roles(alone)
    assert alone.learner_ids == ["ann"]


def test_a_domain_that_is_only_evaluated_needs_no_teacher() -> None:
    domains = {"mathematics": {}, "biology": {"evaluate_only": True}}
    evaluated = config(domains=domains)
    check_roles(evaluated)
    assert evaluated.domains["biology"].evaluate_only


@pytest.mark.parametrize(
    ("table", "reason"),
    [
        ({"people": {"eva": {"tastes": {"rigth": 1.0}}}}, "people.eva"),
        ({"agents": {"ann": {"domain": "mathematics", "tools": ["abacus"]}}}, "abacus"),
        (
            {"domains": {"mathematics": {"evaluator": "judge"}}},
            "judge",
        ),
        (
            {"agents": {**AGENTS, "far": {"policy": "endpoint", "endpoint": "hub"}}},
            "hub",
        ),
    ],
)
def test_every_section_is_checked_before_anything_is_opened(
    table: dict[str, Any], reason: str
) -> None:
    with pytest.raises(UserError, match=reason):
        check_config(config(**table))
