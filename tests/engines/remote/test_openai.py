"""Whatever a server does costs an attempt at the most, and no key is ever seen."""

import asyncio
import time
from dataclasses import replace
from typing import Any

import pytest

from docendo.engines.remote.http import Reply, parse_reply
from docendo.engines.remote.openai import Endpoint, Service
from docendo.engines.remote.rate_limit import RateLimit
from docendo.errors import RunError, UserError
from docendo.records import AgentId, Completion, Grammar, Message, Request, Usage
from tests.engines.servers import Unreliable, serving

ADA = AgentId("ada")


def ask(text: str = "one two", seed: int = 0, max_tokens: int = 16) -> Request:
    return Request(
        ADA,
        (Message("system", "Be brief."), Message("user", text)),
        seed,
        max_tokens,
        0.5,
        "attempt",
    )


def service_at(url: str, **changes: Any) -> Service:
    usual = {"timeout": 60.0, "retries": 3, "concurrency": 8, "first_pause": 0.01}
    return Service(url, "small", **{**usual, **changes})


def at(server: Unreliable, **changes: object) -> Endpoint:
    service = service_at(server.url, timeout=10.0, retries=2)
    return Endpoint("hub", replace(service, **changes))  # type: ignore[arg-type]


def test_answers_come_in_order_without_token_ids_and_their_tokens_are_counted() -> None:
    with serving() as server:
        endpoint = at(server, price_in=2.0, price_out=10.0)
        assert endpoint.sample([ask("a b"), ask("c d e")]) == [
            Completion("b a"),
            Completion("e d c"),
        ]
        assert (
            endpoint.pop_usage()
            == [Usage(ADA, "attempt", 7, 0.0, (5 * 2 + 2 * 10) / 1e6)] * 2
        )
        assert endpoint.pop_usage() == []
        assert endpoint.pop_metrics() == {"endpoint/hub/answered": 2.0}
        assert endpoint.pop_metrics() == {}
        assert endpoint.sample([]) == []


def test_the_request_sent_has_the_model_messages_and_sampling_settings() -> None:
    with serving() as server:
        at(server, headers={"x-team": "blue"}).sample(
            [replace(ask(seed=2**62 + 7), top_p=0.5, stop=("\n",))]
        )
        (asked,) = server.asked
    assert asked.path == "/v1/chat/completions"
    assert asked.headers["x-team"] == "blue"
    assert "authorization" not in asked.headers
    assert asked.body == {
        "model": "small",
        "messages": [
            {"role": "system", "content": "Be brief."},
            {"role": "user", "content": "one two"},
        ],
        "max_tokens": 16,
        "temperature": 0.5,
        "seed": 7,
        "top_p": 0.5,
        "stop": ["\n"],
    }


@pytest.mark.parametrize(
    "bad",
    [
        "500",
        "503",
        "429",
        "408",
        "reset",
        "garbage",
        "truncated",
        "no choices",
        "no text",
        "deep",
        "huge",
    ],
)
def test_a_passing_failure_is_retried(bad: str) -> None:
    with serving(bad, "ok") as server:
        assert at(server).sample([ask()]) == [Completion("two one")]
        assert len(server.asked) == 2


@pytest.mark.parametrize(
    ("bad", "kind"),
    [
        ("500", "status-500"),
        ("reset", "connection"),
        ("garbage", "garbage"),
        ("truncated", "garbage"),
        ("huge", "large"),
        ("hang", "timeout"),
        ("drip", "timeout"),
    ],
)
def test_a_permanent_failure_is_an_empty_answer_that_is_counted(
    bad: str, kind: str
) -> None:
    with serving(bad) as server:
        endpoint = at(server, timeout=0.15 if kind == "timeout" else 2.0, retries=1)
        assert endpoint.sample([ask()]) == [Completion("")]
        assert endpoint.pop_metrics() == {
            "endpoint/hub/failed": 1.0,
            f"endpoint/hub/failed/{kind}": 1.0,
        }
        assert endpoint.pop_usage() == []
        assert len(server.asked) == 2


@pytest.mark.parametrize("status", ["400", "402", "413", "422"])
def test_a_server_that_refuses_every_request_ends_the_run_with_its_own_sentence(
    status: str,
) -> None:
    message = (
        rf"\[endpoints\.hub\] http://.* refuses every request \({status}\): please not now$"
    )
    with serving(status) as server, pytest.raises(RunError, match=message):
        at(server).sample([ask(seed=i) for i in range(5)])
    assert len(server.asked) == 5


def test_one_refused_request_is_an_empty_answer_that_is_counted() -> None:
    with serving("400", "ok") as server:
        endpoint = at(server, concurrency=1)
        assert endpoint.sample([ask(), ask()]) == [Completion(""), Completion("two one")]
    assert endpoint.pop_metrics()["endpoint/hub/failed/status-400"] == 1


def test_a_server_that_answered_may_refuse_some_requests_and_not_all_that_follow() -> None:
    with serving("ok", "400") as server:
        endpoint = at(server)
        endpoint.sample([ask()])
        for _ in range(4):
            assert endpoint.sample([ask()] * 8) == [Completion("")] * 8
        with pytest.raises(RunError, match="refuses every request"):
            endpoint.sample([ask()])


def test_a_server_that_wants_max_completion_tokens_gets_them_from_then_on() -> None:
    with serving("newer") as server:
        endpoint = at(server)
        for _ in range(2):
            assert endpoint.sample([ask()]) == [Completion("two one")]
    names = [{"max_tokens", "max_completion_tokens"} & set(a.body) for a in server.asked]
    assert names == [{"max_tokens"}, *[{"max_completion_tokens"}] * 2]
    assert server.asked[-1].body["max_completion_tokens"] == 16


def test_a_request_with_a_grammar_or_a_prefix_is_refused_before_it_is_sent() -> None:
    with serving() as server:
        for request in (
            replace(ask(), grammar=Grammar("regex", "[0-9]")),
            replace(ask(), prefix_ids=(1,)),
        ):
            with pytest.raises(UserError, match="keeps to no grammar or prefix"):
                at(server).sample([request])
        assert not server.asked


def test_a_failed_request_does_not_affect_the_others() -> None:
    with serving("hang", "ok") as server:
        endpoint = at(server, timeout=1.0, retries=0)
        texts = [c.text for c in endpoint.sample([ask(seed=i) for i in range(6)])]
        assert sorted(texts) == ["", *["two one"] * 5]


def test_a_slow_answer_is_waited_for() -> None:
    with serving("slow 0.1") as server:
        assert at(server).sample([ask()]) == [Completion("two one")]


def test_a_server_that_is_down_gives_empty_answers() -> None:
    with serving() as server:
        gone = server.url
    endpoint = Endpoint("hub", service_at(gone, retries=1))
    assert endpoint.sample([ask()]) == [Completion("")]
    assert endpoint.pop_metrics()["endpoint/hub/failed/connection"] == 1


def test_all_requests_wait_for_the_pause_a_server_asks_for() -> None:
    with serving("429 0.3", "ok") as server:
        at(server, concurrency=1).sample([ask(seed=i) for i in range(3)])
        times = [a.at for a in server.asked]
    assert times[1] - times[0] >= 0.3


def test_a_server_that_asks_for_an_hours_pause_is_given_up() -> None:
    with serving("429 3600") as server:
        endpoint = at(server)
        assert endpoint.sample([ask()]) == [Completion("")]
        assert len(server.asked) == 1


@pytest.mark.parametrize(
    ("status", "said"), [(401, "refuses the key"), (403, "refuses"), (404, "no such model")]
)
def test_a_wrong_key_and_an_unknown_model_end_the_run_in_one_line(
    status: int, said: str
) -> None:
    with serving(str(status)) as server, pytest.raises(RunError, match=said) as caught:
        at(server).sample([ask(seed=i) for i in range(20)])
    assert str(caught.value).startswith("[endpoints.hub] http://127.0.0.1:")
    assert "\n" not in str(caught.value)
    assert "please not now" in str(caught.value)


def test_no_more_requests_run_at_once_than_configured() -> None:
    with serving("slow 0.03") as server:
        at(server, concurrency=3).sample([ask(seed=i) for i in range(9)])
        assert server.busiest == 3


def test_requests_are_spaced_by_the_rate_limit() -> None:
    with serving() as server:
        start = time.monotonic()
        at(server, rate_limit=RateLimit(requests=1200)).sample(
            [ask(seed=i) for i in range(5)]
        )
        times = sorted(a.at for a in server.asked)
    # a busy machine delays each, and lets none come earlier
    assert all(at >= start + 0.049 * place for place, at in enumerate(times))


def test_the_api_key_is_sent_and_never_printed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HUB_KEY", "sk-very-secret-1")
    monkeypatch.setenv("TEAM", "tm-very-secret-2")
    with serving("repeat", "echo 401") as server:
        endpoint = at(server, key="HUB_KEY", headers={"x-api-key": "$TEAM"})
        assert endpoint.sample([ask()]) == [Completion("Answer: Bearer [key]")]
        endpoint.has_answered = False
        with pytest.raises(RunError) as caught:
            endpoint.sample([ask()])
        assert server.asked[0].headers["authorization"] == "Bearer sk-very-secret-1"
        assert server.asked[0].headers["x-api-key"] == "tm-very-secret-2"
    assert "secret" not in str(caught.value) + repr(endpoint)


@pytest.mark.parametrize("value", ["", "  ", "two words", "clé", "a\nb"])
def test_a_missing_or_invalid_api_key_is_refused_before_anything_is_sent(
    monkeypatch: pytest.MonkeyPatch, value: str
) -> None:
    monkeypatch.setenv("HUB_KEY", value)
    with serving() as server:
        with pytest.raises(UserError, match=r"\[endpoints\.hub\] key: .*HUB_KEY") as caught:
            at(server, key="HUB_KEY").sample([ask()])
        assert server.asked == []
    assert not value.strip() or value not in str(caught.value)


def test_tokens_are_estimated_where_the_server_does_not_count_them() -> None:
    body = b'{"choices": [{"message": {"content": "four score and seven"}}], "usage": {"prompt_tokens": -3}}'
    found = parse_reply(body, str)
    assert found == Reply("four score and seven", None, None)
    endpoint = Endpoint("hub", service_at("http://127.0.0.1:1/v1", price_out=1e6))
    assert endpoint._to_completion(ask(), found) == Completion("four score and seven")
    (work,) = endpoint.pop_usage()
    assert work.cost == 5
    assert work.tokens == 5 + (3 + 4) + (2 + 4)


def test_answers_longer_than_the_token_limit_are_cut() -> None:
    endpoint = Endpoint("hub", service_at("http://127.0.0.1:1/v1"))
    assert (
        len(endpoint._to_completion(ask(max_tokens=2), Reply("x" * 10_000, 1, 1)).text)
        == 64
    )


def test_an_endpoint_works_inside_a_running_event_loop() -> None:
    async def notebook(endpoint: Endpoint) -> list[Completion]:
        return endpoint.sample([ask()])

    with serving() as server:
        assert asyncio.run(notebook(at(server))) == [Completion("two one")]
