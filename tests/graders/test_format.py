"""The form of an answer: a pattern or a JSON schema."""

import sys
from collections.abc import Iterator

import pytest

from docendo.errors import UserError
from docendo.graders.answer import per_answer
from docendo.graders.format import FormatGrader
from docendo.records import AgentId, Answer, Problem
from docendo.sandbox.worker import CallError

PROBLEM = Problem("d", "f", 1, "Where is Qaanaaq?", "north")


def test_a_format_pattern_must_match_the_whole_answer() -> None:
    number = FormatGrader(pattern=r"(?s).*Answer: -?\d+")
    assert number(PROBLEM, "1 + 1\nAnswer: 2 ").score == 1
    assert number(PROBLEM, "Answer: two").score == 0
    with pytest.raises(UserError, match="wrong at 0: unterminated character set"):
        FormatGrader(pattern="[a")


SCHEMA = """{"type": ["object", "null"], "required": ["n"], "additionalProperties": false,
 "properties": {"n": {"type": "integer", "minimum": 0, "maximum": 9}, "s": {"type": "array", "maxItems": 1,
 "items": {"enum": ["a", "b"]}}}}"""


@pytest.fixture(scope="module")
def by_schema() -> Iterator[FormatGrader]:
    pytest.importorskip("jsonschema")
    grade = FormatGrader(schema=SCHEMA)
    yield grade
    grade._validator.end()


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ('{"n": 3}', "of the expected form"),
        ('{"n": 3, "s": ["a"]}', "of the expected form"),
        ('{"n": 10}', "$.n: 10 is greater than the maximum of 9"),
        ('{"n": true}', "$.n: True is not of type 'integer'"),
        ("{}", "$: 'n' is a required property"),
        ('{"n": 1, "s": ["c"]}', "$.s[0]: 'c' is not one of ['a', 'b']"),
        ("[]", "$: [] is not of type 'object', 'null'"),
        ("null", "of the expected form"),
        ("NaN", "not JSON"),
        ('{"n": ' + " " * 20_000 + "1}", "longer than 20000 characters"),
        ("{", "not JSON"),
        ("[" * 5000, "not JSON"),
    ],
)
def test_json_answers_fit_their_schema_or_the_reason_names_the_place(
    text: str, reason: str, by_schema: FormatGrader
) -> None:
    assert by_schema(PROBLEM, text).reason == reason


@pytest.mark.parametrize(
    ("schema", "said"),
    [
        ("{", "the schema is not JSON: .* at column 2"),
        ("[]", r"no JSON schema: \$: \[\] is not of type"),
        ('{"type": "strin"}', r"no JSON schema: \$.type: 'strin' is not valid"),
        ('{"items": 3}', r"no JSON schema: \$.items"),
    ],
)
def test_what_is_no_schema_is_refused(schema: str, said: str) -> None:
    pytest.importorskip("jsonschema")
    with pytest.raises(UserError, match=said):
        FormatGrader(schema=schema)


def test_without_jsonschema_the_error_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "jsonschema", None)
    with pytest.raises(UserError, match=r"pip install 'docendo\[judging\]'"):
        FormatGrader(schema='{"title": "none that was read before"}')


def test_a_failed_match_is_slow_only_where_it_took_too_long(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    grade = FormatGrader(pattern="a+")
    monkeypatch.setattr(grade._matcher, "_exchange", _raise)
    assert grade(PROBLEM, "aa") == (0.0, "grader failed: f ended its process")


def _raise(*_: object) -> None:
    raise CallError("f ended its process")


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
