"""A real server on this machine: what clients get, and who gets nothing."""

import json
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from typing import Any

import httpx2
import pytest

from docendo.engines.local.engine import LocalEngine
from docendo.records import Message, Request
from docendo.seeds import seed_for
from tests.engines.toys import AGENTS, ANN, vary
from tests.serving.toys import TOKEN, Served, chat, served


def events(server: Served, **body: object) -> list[Any]:
    text = server.ask(stream=True, **body).text
    assert text.endswith("data: [DONE]\n\n")
    return [
        json.loads(e.removeprefix("data: "))
        for e in text.split("\n\n")
        if e and e != "data: [DONE]"
    ]


def idle(server: Served) -> bool:
    """Whether nothing is computed a while after everybody left: then a new answer is alone."""
    for _ in range(200):
        if not server.scheduler.unfinished:
            return True
        time.sleep(0.02)
    return False


def test_the_agents_are_listed_as_models(server: Served) -> None:
    with server.client() as client:
        listed = client.get("/v1/models").json()
        one = client.get("/v1/models/bob").json()
        missing = client.get("/v1/models/bop")
    assert [m["id"] for m in listed["data"]] == ["base", *AGENTS]
    assert one == {"id": "bob", "object": "model", "created": 7, "owned_by": "toys"}
    assert missing.status_code == 404
    assert "did you mean 'bob'?" in missing.json()["error"]["message"]


def test_an_answer_is_what_the_engine_samples(server: Served, engine: LocalEngine) -> None:
    found = server.ask(seed=5, n=2).json()
    messages = (Message("system", "Be ann."), Message("user", "two and two?"))
    alike = engine.sample(
        [Request(ANN, messages, seed_for(5, "choice", i), 8) for i in range(2)]
    )
    assert [c["message"]["content"] for c in found["choices"]] == [c.text for c in alike]
    assert found["usage"]["completion_tokens"] == sum(len(c.tokens) for c in alike)
    assert found["usage"]["prompt_tokens"] == len(alike[0].prompt_tokens)
    assert found["model"] == "ann"
    assert {c["finish_reason"] for c in found["choices"]} <= {"stop", "length"}


def test_a_system_message_of_the_client_replaces_that_of_the_agent(
    server: Served,
) -> None:
    mine = [
        {"role": "system", "content": "Be ann."},
        {"role": "user", "content": "two and two?"},
    ]
    assert server.ask(messages=mine).json()["choices"] == server.ask().json()["choices"]
    mine[0]["content"] = "Be somebody."
    assert server.ask(messages=mine).json()["choices"] != server.ask().json()["choices"]


def test_the_same_seed_gives_the_same_answer_and_no_seed_another(server: Served) -> None:
    texts = [
        server.ask(seed=seed, max_tokens=60, temperature=2).json()["choices"][0]["message"][
            "content"
        ]
        for seed in (3, 3, None, None)
    ]
    assert texts[0] == texts[1]
    assert len(set(texts)) == 3
    cold = [server.ask(seed=None, temperature=0).json()["choices"] for _ in range(2)]
    assert cold[0] == cold[1]


def test_a_stream_is_the_same_answer_in_pieces(server: Served) -> None:
    whole = server.ask(n=2, max_tokens=20).json()
    found = events(server, n=2, max_tokens=20, stream_options={"include_usage": True})
    *pieces, counts = found
    assert counts["choices"] == []
    assert counts["usage"] == whole["usage"]
    for i, choice in enumerate(whole["choices"]):
        mine = [e["choices"][0] for e in pieces if e["choices"][0]["index"] == i]
        assert mine[0]["delta"]["role"] == "assistant"
        assert (
            "".join(c["delta"].get("content", "") for c in mine)
            == choice["message"]["content"]
        )
        assert [c["finish_reason"] for c in mine if c["finish_reason"]] == [
            choice["finish_reason"]
        ]
    assert len({e["id"] for e in found}) == 1


def test_a_stop_text_ends_an_answer_and_is_not_in_it(server: Served) -> None:
    how = {"max_tokens": 60, "temperature": 0.5, "seed": 3}
    text = server.ask(**how).json()["choices"][0]["message"]["content"]
    stop = next(letter for letter in text if letter not in "\n\ufffd")
    wanted = text[: text.index(stop)]
    found = server.ask(**how, stop=stop).json()
    assert found["choices"][0]["message"]["content"] == wanted
    assert found["choices"][0]["finish_reason"] == "stop"
    assert found["usage"]["completion_tokens"] < 60
    assert (
        "".join(
            e["choices"][0]["delta"].get("content", "")
            for e in events(server, **how, stop=stop)
        )
        == wanted
    )


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({"model": "anna"}, 404, "model_not_found"),
        ({"model": "x" * 10_000}, 404, "model_not_found"),
        ({"temperature": 9}, 400, "invalid_value"),
        ({"max_tokens": 100_000}, 400, "context_length_exceeded"),
        (
            {"messages": [{"role": "user", "content": "a" * 5000}]},
            400,
            "context_length_exceeded",
        ),
        ({"messages": [{"role": "user", "content": "a" * (2**20)}]}, 413, "too_large"),
    ],
)
def test_errors_are_in_openai_s_form(
    server: Served, body: dict[str, object], status: int, code: str
) -> None:
    for stream in (False, True):
        got = server.ask(**body, stream=stream)
        assert (got.status_code, got.json()["error"]["code"]) == (status, code)
        assert len(got.text) < 500


def test_unknown_paths_and_methods_have_errors_in_the_same_form(server: Served) -> None:
    with server.client() as client:
        for got, status in (
            (client.get("/v1/nothing"), 404),
            (client.get("/v1/chat/completions"), 405),
        ):
            assert got.status_code == status
            assert "POST /v1/chat/completions" in got.json()["error"]["message"]


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"authorization": ""}, 401),
        ({"authorization": "Bearer"}, 401),
        ({"authorization": f"Bearer {TOKEN}x"}, 401),
        ({"authorization": f"Basic {TOKEN}"}, 401),
        ({"authorization": b"Bearer \xff\xfe"}, 401),
        ({"host": "evil.example"}, 403),
        ({"host": "127.0.0.1.evil.example:80"}, 403),
        ({"host": ""}, 403),
        ({"origin": "https://evil.example"}, 403),
        ({"origin": "null"}, 403),
        ({"host": "localhost:8317"}, 200),
        ({"host": "[::1]:8317"}, 200),
    ],
)
def test_requests_need_the_right_token_host_and_origin(
    server: Served, headers: dict[str, Any], status: int
) -> None:
    with server.client() as client:
        got = client.get("/v1/models", headers=headers)
    assert got.status_code == status
    assert TOKEN not in got.text
    assert (got.headers.get("www-authenticate") == "Bearer") == (status == 401)


def test_a_page_of_the_same_origin_may_send_requests(server: Served) -> None:
    with server.client() as client:
        assert client.get("/v1/models", headers={"origin": server.url}).status_code == 200


def test_concurrent_requests_get_the_answers_of_each_alone(server: Served) -> None:
    asked = [
        {"model": AGENTS[i % 3], "seed": i, "max_tokens": 1 + i % 25, "stream": i % 4 == 0}
        for i in range(32)
    ]
    with ThreadPoolExecutor(32) as pool:
        together = list(pool.map(lambda body: server.ask(**body).text, asked))
    for body, text in list(zip(asked, together, strict=True))[::5]:
        if body["stream"]:
            found = [
                json.loads(e[6:]) for e in text.split("\n\n") if e and "[DONE]" not in e
            ]
            mine = "".join(e["choices"][0]["delta"].get("content", "") for e in found)
        else:
            mine = json.loads(text)["choices"][0]["message"]["content"]
        assert (
            mine
            == server.ask(**body | {"stream": False}).json()["choices"][0]["message"][
                "content"
            ]
        )


def test_requests_over_the_queue_limit_are_refused_and_earlier_ones_answered(
    engine: LocalEngine,
) -> None:
    with served(engine, max_answers=2) as small, small.client() as client:
        with client.stream(
            "POST", "/v1/chat/completions", json=chat(stream=True, n=2, max_tokens=800)
        ) as first:
            lines = first.iter_lines()
            next(lines)
            got = small.ask()
            assert (got.status_code, got.json()["error"]["type"]) == (
                429,
                "rate_limit_error",
            )
            assert got.headers["retry-after"] == "1"
        assert idle(small)
        assert small.ask().status_code == 200


@pytest.mark.parametrize("stream", [True, False])
def test_a_client_that_disconnects_frees_its_slot(
    engine: LocalEngine, stream: bool
) -> None:
    with served(engine) as mine:
        body = chat(stream=stream, n=4, max_tokens=900)
        with mine.client() as client, suppress(httpx2.ReadTimeout):
            with client.stream(
                "POST", "/v1/chat/completions", json=body, timeout=0.3
            ) as got:
                next(got.iter_bytes())
            assert stream
        assert idle(mine)
        assert mine.ask().status_code == 200


def test_a_server_ends_while_answers_are_under_way(engine: LocalEngine) -> None:
    with ThreadPoolExecutor(2) as pool:
        with served(engine) as mine:
            late = [
                pool.submit(mine.ask, n=8, max_tokens=900, stream=stream)
                for stream in (True, False)
            ]
            while mine.scheduler.unfinished < 16:
                time.sleep(0.01)
        streamed, whole = (one.result(20) for one in late)
    assert json.loads(streamed.text.split("data: ")[-1])["error"]["code"] == "ending"
    assert (whole.status_code, whole.json()["error"]["code"]) == (503, "ending")


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
@pytest.mark.parametrize("error", [RuntimeError("out of memory"), IndexError("a bug")])
def test_an_engine_failure_is_reported_and_the_next_request_is_answered(
    engine: LocalEngine, error: Exception
) -> None:
    broken = vary(engine)
    calls = iter(range(1000))

    def sample_tokens(*given: Any) -> Any:
        if next(calls) == 3:
            raise error
        return engine.network.sample_tokens(*given)

    broken.model.network = replace(engine.network, sample_tokens=sample_tokens)
    with served(broken) as mine:
        got = mine.ask()
        assert (got.status_code, got.json()["error"]["type"]) == (503, "server_error")
        assert mine.ask().status_code == 200


def test_requests_at_the_lower_limits_are_answered(server: Served) -> None:
    for least in (
        {"top_p": 0},
        {"temperature": 0},
        {"max_tokens": 1},
        {"top_p": 1e-30, "temperature": 1e-30},
    ):
        assert server.ask(**least).status_code == 200
