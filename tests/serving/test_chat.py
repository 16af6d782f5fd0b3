"""What is wrong with a request is told by its parameter, and never crashes."""

import json
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from docendo.records import Message
from docendo.serving.api_errors import ApiError
from docendo.serving.chat import (
    ChatRequest,
    ChoiceDelta,
    TokenUsage,
    chunk,
    completion,
    read_chat,
)

HELLO = [{"role": "user", "content": "hello"}]


def read(**body: object) -> ChatRequest:
    return read_chat(json.dumps({"model": "ann", "messages": HELLO} | body).encode())


def test_a_minimal_request_gets_the_default_settings() -> None:
    assert read() == ChatRequest("ann", (Message("user", "hello"),))


def test_every_request_setting_is_read() -> None:
    asked = read(
        n=3,
        max_completion_tokens=9,
        max_tokens=7,
        temperature=0,
        top_p=0.5,
        seed=-4,
        stop=["a", "b"],
        stream=True,
        stream_options={"include_usage": True},
        user="someone",
        logprobs=False,
        tools=None,
        response_format={"type": "text"},
    )
    assert asked == ChatRequest(
        "ann", (Message("user", "hello"),), 3, 9, 0.0, 0.5, -4, ("a", "b"), True, True
    )


def test_messages_may_have_parts_and_the_developer_role_is_the_system_role() -> None:
    parts = [{"type": "text", "text": "one "}, {"type": "text", "text": "two"}]
    asked = read(
        messages=[
            {"role": "developer", "content": "brief"},
            {"role": "user", "content": parts},
        ]
    )
    assert asked.messages == (Message("system", "brief"), Message("user", "one two"))


@pytest.mark.parametrize(
    ("body", "param"),
    [
        ({"model": None}, "model"),
        ({"model": 3}, "model"),
        ({"model": "\ud800"}, "model"),
        ({"messages": []}, "messages"),
        ({"messages": "hello"}, "messages"),
        ({"messages": ["hello"]}, "messages[0]"),
        ({"messages": [{"role": "tool", "content": "x"}]}, "messages[0].role"),
        ({"messages": [{"role": ["user"], "content": "x"}]}, "messages[0].role"),
        ({"messages": [*HELLO, {"role": "user"}]}, "messages[1].content"),
        (
            {"messages": [{"role": "user", "content": [{"type": "image_url"}]}]},
            "messages[0].content[0].type",
        ),
        (
            {"messages": [{"role": "user", "content": "\ud800"}]},
            "messages[0].content[0].text",
        ),
        ({"n": 0}, "n"),
        ({"n": 17}, "n"),
        ({"n": True}, "n"),
        ({"max_tokens": 0}, "max_tokens"),
        ({"max_completion_tokens": 2.5}, "max_completion_tokens"),
        ({"temperature": 2.1}, "temperature"),
        ({"temperature": "hot"}, "temperature"),
        ({"temperature": True}, "temperature"),
        ({"top_p": -0.1}, "top_p"),
        ({"seed": 2**64}, "seed"),
        ({"stop": ["a"] * 5}, "stop"),
        ({"stop": [""]}, "stop[0]"),
        ({"stop": {"a": 1}}, "stop"),
        ({"stream": "yes"}, "stream"),
        ({"stream_options": 3}, "stream_options"),
        ({"tools": [{"type": "function"}]}, "tools"),
        ({"logprobs": True}, "logprobs"),
        ({"response_format": {"type": "json_object"}}, "response_format"),
        ({"presence_penalty": 1}, "presence_penalty"),
        ({"top_k": 40}, "top_k"),
        ({"min_p": 0.1}, "min_p"),
        ({"repetition_penalty": 1.1}, "repetition_penalty"),
        ({"reasoning_effort": "high"}, "reasoning_effort"),
        ({"store": True}, "store"),
        ({"tempreature": 0}, "tempreature"),
        ({"stream_options": {"include_usages": True}}, "stream_options.include_usages"),
        (
            {"messages": [{"role": "user", "content": "x", "name": "bob"}]},
            "messages[0].name",
        ),
    ],
)
def test_a_wrong_field_is_refused_by_name(body: dict[str, object], param: str) -> None:
    with pytest.raises(ApiError) as caught:
        read(**body)
    assert (caught.value.status, caught.value.param) == (400, param)
    assert caught.value.document["error"]["type"] == "invalid_request_error"


def test_values_that_ask_for_nothing_and_labels_pass() -> None:
    reply = {"content": "hello", "refusal": None, "tool_calls": [], "annotations": []}
    asked = read(
        messages=[*HELLO, {"role": "assistant", **reply}],
        top_k=-1,
        min_p=0.0,
        repetition_penalty=1.0,
        presence_penalty=0,
        logit_bias={},
        tools=[],
        tool_choice="auto",
        n=None,
        store=False,
        metadata={"run": "7"},
        stream_options={"include_obfuscation": False},
    )
    expected = (Message("user", "hello"), Message("assistant", "hello"))
    assert asked == ChatRequest("ann", expected)


def test_a_refusal_says_what_was_expected_and_got_and_shows_no_text() -> None:
    with pytest.raises(ApiError, match=r"^n: expected less than or equal to 16, got 17$"):
        read(n=17)
    with pytest.raises(
        ApiError, match=r"^temperature: expected a valid number, got a str$"
    ):
        read(temperature="hot")
    with pytest.raises(ApiError, match=r"^messages is missing$") as raised:
        read(messages=None)
    assert raised.value.code == "missing_required_parameter"


def test_an_infinite_number_is_refused() -> None:
    with pytest.raises(ApiError, match="temperature"):
        read_chat(
            b'{"model": "a", "messages": [{"role": "user", "content": "b"}], "temperature": 1e999}'
        )


@pytest.mark.parametrize(
    "body", [b"", b"[]", b"\xff", b"[" * 100_000, b'{"seed": NaN}', b"1" * 5000]
)
def test_a_body_that_is_no_request_is_refused(body: bytes) -> None:
    with pytest.raises(ApiError) as caught:
        read_chat(body)
    assert caught.value.status == 400


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.text(max_size=5), inner, max_size=3)
    ),
    max_leaves=6,
)


@given(
    st.sampled_from(
        sorted({"model", "messages", "n", "stop", "seed", "top_p", "tools", "stream"})
    ),
    json_values,
)
def test_any_json_value_in_any_field_is_read_or_refused(name: str, value: object) -> None:
    with suppress(ApiError):
        assert read(**{name: value}).messages


def test_a_reply_has_all_fields_of_the_openai_format() -> None:
    made = completion(
        "c1",
        "ann",
        [ChoiceDelta(0, "four", "stop"), ChoiceDelta(1, "5", "length")],
        TokenUsage(9, 4),
    )
    assert [c["message"]["content"] for c in made["choices"]] == ["four", "5"]
    assert [c["finish_reason"] for c in made["choices"]] == ["stop", "length"]
    assert made["usage"] == {"prompt_tokens": 9, "completion_tokens": 4, "total_tokens": 13}


def test_stream_events_are_role_then_text_then_finish_reason_then_usage() -> None:
    events = [
        chunk("c1", "ann", ChoiceDelta(0, ""), first=True),
        chunk("c1", "ann", ChoiceDelta(0, "fo\nur")),
        chunk("c1", "ann", ChoiceDelta(0, "", "stop")),
        chunk("c1", "ann", None, TokenUsage(9, 4)),
    ]
    assert all(
        e.startswith("data: {") and e.endswith("}\n\n") and e.count("\n") == 2
        for e in events
    )
    first, text, last, counts = (json.loads(e.removeprefix("data: ")) for e in events)
    assert first["choices"][0]["delta"] == {"role": "assistant", "content": ""}
    assert text["choices"][0]["delta"] == {"content": "fo\nur"}
    assert (last["choices"][0]["delta"], last["choices"][0]["finish_reason"]) == (
        {},
        "stop",
    )
    assert (counts["choices"], counts["usage"]["total_tokens"]) == ([], 13)
