"""Whatever a server sends is a reply or a failure with a name."""

import json
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from docendo.engines.remote.http import Failure, find_error, parse_reply, parse_retry_after


@given(
    st.binary(max_size=200)
    | st.recursive(st.none() | st.text(), st.lists).map(lambda x: str(x).encode())
)
def test_a_malformed_reply_is_read_as_nothing(body: bytes) -> None:
    assert parse_reply(body, str) is None


def test_lone_surrogates_in_a_reply_become_question_marks() -> None:
    found = parse_reply(b'{"choices": [{"message": {"content": "a\\ud800b"}}]}', str)
    assert found
    assert found.text == "a?b"


@pytest.mark.parametrize(
    ("message", "text"),
    [
        ({"content": [{"type": "text", "text": "a"}, {"type": "text", "text": "b"}]}, "ab"),
        (
            {
                "content": [
                    {"type": "thinking", "thinking": "?"},
                    {"type": "text", "text": "b"},
                ]
            },
            "b",
        ),
        ({"content": "a", "reasoning_content": "so"}, "a"),
        ({"content": None, "reasoning_content": "so", "refusal": "no"}, ""),
        ({"content": []}, ""),
        ({"content": [{"type": "text", "text": 3}]}, None),
        ({"content": ["a"]}, None),
        ({"content": 3}, None),
    ],
)
def test_an_answer_is_its_text_or_its_parts_of_text_without_thinking(
    message: object, text: str | None
) -> None:
    reply = parse_reply(json.dumps({"choices": [{"message": message}]}).encode(), str)
    assert (reply.text if reply else None) == text


@pytest.mark.parametrize(
    "body",
    [
        {"error": {"message": "no such model"}},
        {"error": "no such model"},
        {"object": "error", "message": "no such model"},
        {"detail": "no such model"},
        {"detail": [{"loc": ["body"], "msg": "no such model"}]},
    ],
)
def test_what_a_server_says_is_found_in_any_usual_form(body: object) -> None:
    assert find_error(json.dumps(body).encode()) == "no such model"


def test_the_retry_after_header_is_read_as_seconds_or_as_a_date() -> None:
    soon = parse_retry_after(
        format_datetime(datetime.now(UTC) + timedelta(seconds=90), usegmt=True)
    )
    assert soon is not None
    assert 80 < soon <= 90
    assert [parse_retry_after(x) for x in ("2.5", "-3", "nan", "soon", None)] == [
        2.5,
        0,
        None,
        None,
        None,
    ]


def test_timeouts_and_server_errors_are_passing_failures() -> None:
    kinds = ("timeout", "connection", "garbage", "status-429", "status-500", "status-599")
    assert all(Failure(kind, "").is_transient for kind in kinds)
    assert not any(
        Failure(kind, "").is_transient
        for kind in ("status-400", "status-413", "status-422")
    )
