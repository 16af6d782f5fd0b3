"""What is wrong with a grammar, and where."""

import pytest

from docendo.engines.constrained.grammars import grammar_error, min_bytes
from docendo.engines.constrained.logits import Guides
from docendo.errors import RunError, UserError
from docendo.records import Grammar, Request
from tests.engines.toys import fresh

RIGHT = [
    Grammar("regex", "[0-9]{1,3}"),
    Grammar("regex", "a/b\nc", free_tokens=3),
    Grammar("choice", '["a/b", "c\\"d"]', free_tokens=3),
    Grammar("json", '{"type":"object"}'),
    Grammar("lark", 'start: "a" b\nb: /[a-z]+/'),
]


@pytest.mark.parametrize(
    ("grammar", "said"),
    [
        (Grammar("regex", "[0-9"), "unclosed character class, at character 1 of '[0-9'"),
        (
            Grammar("regex", "ab|c)", free_tokens=9),
            "unopened group, at character 5 of 'ab|c)'",
        ),
        (
            Grammar("regex", "ab(?=c)"),
            "look-around, including look-ahead and look-behind, is not supported, at character 3",
        ),
        (Grammar("regex", "ab\\"), "an escape without its character, at character 3 of"),
        (
            Grammar("lark", "start: a\na: number"),
            'line 2, column 4: unknown name: "number"',
        ),
        (Grammar("lark", "start a"), "line 1, column 7: Expected token ':'"),
        (
            Grammar("lark", "start: /ab[/"),
            "line 1, column 8: unclosed character class, at character 3 of 'ab['",
        ),
        (Grammar("json", '{"type": '), "line 1 column"),
        (Grammar("json", '{"type": "strin"}'), "Invalid type: strin"),
        (
            Grammar("choice", '["a"'),
            "not a JSON list of texts: Expecting ',' delimiter at column 5",
        ),
        (Grammar("choice", "[]"), "not a JSON list of texts"),
    ],
)
def test_a_wrong_grammar_is_refused_with_its_position_in_one_line(
    grammar: Grammar, said: str
) -> None:
    assert said in grammar_error(grammar)
    assert "\n" not in grammar_error(grammar)


@pytest.mark.parametrize("grammar", RIGHT)
def test_a_correct_grammar_has_no_error(grammar: Grammar) -> None:
    assert grammar_error(grammar) == ""


@pytest.mark.parametrize(
    ("grammar", "count"),
    [
        (Grammar("regex", "[0-9]{3,9}"), 4),
        (Grammar("regex", "[0-9]", free_tokens=5), 11),
        (Grammar("choice", '["yes", "perhaps"]'), 8),
        (Grammar("choice", '["yes"]', free_tokens=5), 13),
        (Grammar("json", '{"type":"array","items":{"type":"number"}}'), 3),
        (Grammar("json", '{"type":"string","minLength":5}'), 8),
        (Grammar("regex", "[a&&b]"), 0),
    ],
)
def test_the_shortest_answer_of_a_grammar_is_counted_in_bytes_plus_its_end(
    grammar: Grammar, count: int
) -> None:
    assert min_bytes(grammar) == count


def test_a_grammar_that_cannot_be_satisfied_is_refused_with_the_request() -> None:
    guides: Guides = fresh().model.guides
    for grammar, said in (
        (Grammar("regex", "(a"), "unclosed group"),
        (Grammar("regex", "[0-9]{9}"), "within 9 tokens"),
    ):
        with pytest.raises(UserError, match=said):
            guides.guide_for(Request("base", (), 0, max_tokens=9, grammar=grammar))
    assert guides.guide_for(
        Request("base", (), 0, max_tokens=10, grammar=Grammar("regex", "[0-9]{9}"))
    )


def test_a_token_outside_a_grammar_stops_the_run() -> None:
    guides = fresh().model.guides
    with pytest.raises(RunError, match="a grammar failed: Parser Error"):
        guides.walk(Grammar("regex", "[0-9]+"), guides.tokenizer("ax")["input_ids"])
