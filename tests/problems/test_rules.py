"""Words whose rules an example shows in part, worked by hand."""

from random import Random

import pytest

from docendo.errors import UserError
from docendo.graders.answer import exact
from docendo.parts import parse_part
from docendo.problems.rules import (
    DOMAINS,
    PLACES,
    STYLES,
    Style,
    draft_rules,
    draw_rules,
    rule_source,
)
from docendo.records import Problem


@pytest.mark.parametrize(
    ("style", "lines"),
    [
        ("answer", []),
        ("pairs", ["ab", "de", "bc"]),
        ("steps", ["a>b", "d)e", "b>c"]),
        ("why", ["why a> d)", "a>b", "d)e", "b>c"]),
    ],
)
def test_each_style_of_a_solution_says_more(style: Style, lines: list[str]) -> None:
    rng = Random(0)
    rng.choices = lambda symbols, k: ["a", "d", "b"]  # type: ignore[method-assign, assignment]
    draft = draft_rules("wug", "a> d)", DOMAINS["lower"], [style], rng, 1)
    assert draft.prompt == "wug adb"
    assert draft.answer == "bec"
    assert draft.solution.splitlines() == [*lines, "Answer: bec"]


def test_any_place_of_a_group_goes_to_each_place_by_two_rules() -> None:
    assert len({*PLACES.values()}) == 6
    for place in range(3):
        images = [places[place] for places in PLACES.values()]
        assert sorted(images) == [0, 0, 1, 1, 2, 2]


def test_the_words_of_each_domain_have_two_three_four_and_six_groups() -> None:
    words = [word for domain in DOMAINS.values() for word in domain.words]
    assert len({*words}) == 16
    for domain in DOMAINS.values():
        assert all(len(group) == 3 for group in domain.groups)
        counts = [len(rules.split(" ")) for rules in domain.words.values()]
        assert counts == [2, 3, 4, 6]
        for rules in domain.words.values():
            firsts = {pair[0] for pair in rules.split(" ")}
            assert len(firsts) == len(rules.split(" "))
            assert firsts <= {group[0] for group in domain.groups}


def test_all_styles_ask_the_same_questions() -> None:
    drawn = [
        [p.prompt for p in rule_source("codes", [style]).draw("rud", 3, 30, 4, "train")]
        for style in STYLES
    ]
    mixed = rule_source("codes").draw("rud", 3, 30, 4, "train")
    assert all(prompts == [p.prompt for p in mixed] for prompts in drawn)
    assert {p.solution.startswith("why") for p in mixed} == {True, False}


def test_a_spelled_question_names_its_rules() -> None:
    (problem,) = rule_source("upper").draw("spelled", 2, 1, 0, "held-out")
    rules = problem.prompt.split(" ")[:-1]
    assert len(rules) == 4
    first = problem.solution.splitlines()[0]
    assert any(
        first[0] in group and rule == group[0] + first[1]
        for group in DOMAINS["upper"].groups
        for rule in rules
    )


@pytest.mark.parametrize("name", DOMAINS)
def test_one_wrong_symbol_makes_an_answer_wrong(name: str) -> None:
    for group in DOMAINS[name].groups:
        for symbol in group:
            problem = Problem(name, "word", 1, "?", f"{group[0]}{symbol}", "")
            scores = [exact(problem, f"Answer: {group[0]}{s}").score for s in group]
            assert scores == [float(s == symbol) for s in group]


def test_rules_are_drawn_for_different_groups() -> None:
    rules = draw_rules(DOMAINS["signs"].groups, 6, Random(1)).split(" ")
    assert {pair[0] for pair in rules} == {g[0] for g in DOMAINS["signs"].groups}


def test_the_styles_of_a_domain_are_a_setting() -> None:
    source = parse_part("domain", {"type": "lower", "styles": ["why"]}).build()
    (problem,) = source.draw("bim", 1, 1, 0, "train")
    assert problem.solution.startswith("why d( g)\n")
    with pytest.raises((UserError, ValueError), match="styles"):
        parse_part("domain", {"type": "lower", "styles": ["hint"]})
