"""The form of an answer: a pattern or a JSON schema."""

from typing import Any

import pytest

from docendo.errors import UserError
from docendo.graders.answer import per_answer
from docendo.graders.format import FormatGrader, json_schema_error
from docendo.records import AgentId, Answer, Problem

PROBLEM = Problem("d", "f", 1, "Where is Qaanaaq?", "north")


def test_a_format_pattern_must_match_the_whole_answer() -> None:
    number = FormatGrader(pattern=r"(?s).*Answer: -?\d+")
    assert number(PROBLEM, "1 + 1\nAnswer: 2 ").score == 1
    assert number(PROBLEM, "Answer: two").score == 0
    with pytest.raises(UserError, match="wrong at 0: unterminated character set"):
        FormatGrader(pattern="[a")
    with pytest.raises(UserError, match=r"not JSON: .* at column 2"):
        FormatGrader(schema="{")


SCHEMA = """{"type": "object", "required": ["n"], "additionalProperties": false,
 "properties": {"n": {"type": "integer", "minimum": 0, "maximum": 9}, "s": {"type": "array", "maxItems": 1,
 "items": {"enum": ["a", "b"]}}}}"""


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ('{"n": 3}', "of the expected form"),
        ('{"n": 3, "s": ["a"]}', "of the expected form"),
        ('{"n": 10}', "$.n is not between 0 and 9"),
        ('{"n": true}', "$.n is no integer"),
        ("{}", "$ has no 'n'"),
        ('{"n": 1, "m": 2}', "$ has 'm', which is not expected"),
        ('{"n": 1, "s": ["c"]}', "$.s[0] is none of ['a', 'b']"),
        ('{"n": 1, "s": ["a", "b"]}', "$.s has a wrong number of items"),
        ("[]", "$ is no object"),
        ("{", "not JSON"),
        ("[" * 5000, "not JSON"),
    ],
)
def test_json_answers_fit_their_schema_or_the_reason_names_the_place(
    text: str, reason: str
) -> None:
    assert FormatGrader(schema=SCHEMA)(PROBLEM, text).reason == reason


@pytest.mark.parametrize(
    ("value", "schema", "fits"),
    [
        ("ab", {"type": "string", "maxLength": 1}, False),
        (1, {"const": 1}, True),
        (2, {"const": 1}, False),
        (None, {}, True),
    ],
)
def test_every_schema_keyword_accepts_and_rejects(
    value: Any, schema: Any, fits: bool
) -> None:
    assert (json_schema_error(value, schema) == "") is fits


def answers(*texts: str) -> list[Answer]:
    return [
        Answer(Problem("d", "f", 1, "q", "4"), text, AgentId("ann"), 0) for text in texts
    ]


def test_a_regex_that_takes_too_long_is_cut_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("docendo.graders.format._SECONDS", 0.25)
    judge = per_answer(FormatGrader(pattern="(a+)+b"))
    verdicts = judge(answers("aab", "a" * 60, "b", "ab"))
    assert [v.score for v in verdicts] == [1, 0, 0, 1]
    assert verdicts[1].reason == "matching it took more than 0.25 seconds"
