import asyncio
from collections.abc import AsyncGenerator

import pytest
from starlette.requests import ClientDisconnect, Request

from docendo.serving.api_errors import ApiError
from docendo.serving.connection import EventStream, read_body, run_unless_disconnected


def request(*parts: bytes, then_waits: bool = False) -> Request:
    """A client that sends its body in parts and then hangs up, or says nothing more."""
    messages = [
        {
            "type": "http.request",
            "body": part,
            "more_body": i < len(parts) - 1 or then_waits,
        }
        for i, part in enumerate(parts)
    ]

    async def receive() -> dict:
        if messages:
            return messages.pop(0)
        if then_waits:
            await asyncio.Event().wait()
        return {"type": "http.disconnect"}

    return Request({"type": "http", "headers": []}, receive)


def test_a_body_comes_in_parts() -> None:
    assert asyncio.run(read_body(request(b"ab", b"", b"cd"), 4, 1.0)) == b"abcd"


def test_a_body_over_the_limit_is_refused_before_all_of_it_came() -> None:
    with pytest.raises(ApiError, match="more than 3 bytes") as raised:
        asyncio.run(read_body(request(b"ab", b"cd", then_waits=True), 3, 1.0))
    assert raised.value.status == 413


def test_a_body_that_does_not_end_in_time_is_refused() -> None:
    with pytest.raises(ApiError, match="in time") as raised:
        asyncio.run(read_body(request(b"ab", then_waits=True), 10, 0.01))
    assert raised.value.status == 408


def test_work_returns_its_result_while_the_client_waits() -> None:
    async def work() -> int:
        await asyncio.sleep(0)
        return 7

    assert asyncio.run(run_unless_disconnected(request(then_waits=True), work())) == 7


def test_work_is_cancelled_where_the_client_hangs_up() -> None:
    ended = []

    async def work() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            ended.append("work")

    async def serve() -> None:
        with pytest.raises(ClientDisconnect):
            await run_unless_disconnected(request(), work())
        assert ended == ["work"], "it has ended before the response does"

    asyncio.run(serve())


def test_events_are_sent_in_order_and_their_source_is_closed() -> None:
    closed, sent = [], []

    async def source() -> AsyncGenerator[str, None]:
        try:
            yield "data: 1\n\n"
            yield "data: 2\n\n"
        finally:
            closed.append("source")

    async def send(message: dict) -> None:
        sent.append(message)

    async def receive() -> dict:
        await asyncio.Event().wait()
        raise AssertionError

    async def serve() -> None:
        events = source()
        await EventStream(events, events)({"type": "http"}, receive, send)

    asyncio.run(serve())
    headers = dict(sent[0]["headers"])
    assert headers[b"cache-control"] == b"no-store"
    assert headers[b"content-type"].startswith(b"text/event-stream")
    assert b"".join(message["body"] for message in sent[1:]) == b"data: 1\n\ndata: 2\n\n"
    assert closed == ["source"]
