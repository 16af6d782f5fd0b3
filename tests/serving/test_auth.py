"""The guard, called as an ASGI application without a server; with one in test_app.py."""

import asyncio
import json

import pytest

from docendo.serving.auth import Guard

TOKEN = "a-token-for-tests-only"  # noqa: S105


def call(kind: str = "http", **headers: str) -> list[dict]:
    """What a server on box.local answers to the right token and host, but for `headers`."""
    sent: list[dict] = []
    headers = {"authorization": f"Bearer {TOKEN}", "host": "127.0.0.1:8000"} | headers
    pairs = [(name.encode(), value.encode("latin-1")) for name, value in headers.items()]

    async def send(message: dict) -> None:
        sent.append(message)

    async def app(scope, receive, send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})

    scope = {"type": kind, "headers": pairs}
    asyncio.run(Guard(app, TOKEN, "box.local")(scope, None, send))  # type: ignore[arg-type]
    return sent


def test_the_right_token_is_passed_on_and_no_browser_may_sniff_the_answer() -> None:
    (start,) = call()
    assert start["status"] == 200
    assert (b"x-content-type-options", b"nosniff") in start["headers"]


def test_a_wrong_token_is_answered_with_401_as_json() -> None:
    start, body = call(authorization="Bearer wrong")
    assert start["status"] == 401
    assert dict(start["headers"])[b"www-authenticate"] == b"Bearer"
    assert json.loads(body["body"])["error"]["code"] == "invalid_api_key"
    assert int(dict(start["headers"])[b"content-length"]) == len(body["body"])


@pytest.mark.parametrize(
    "host", ["rebound.example", "rebound.example:8000", "127.0.0.1.nip.io", ""]
)
def test_a_name_that_is_not_its_own_is_refused(host: str) -> None:
    start, body = call(host=host)
    assert start["status"] == 403
    assert json.loads(body["body"])["error"]["code"] == "wrong_host"


@pytest.mark.parametrize(
    "host", ["box.local:8000", "BOX.local", "[::1]:8000", "10.0.0.7", "localhost"]
)
def test_addresses_localhost_and_the_name_it_listens_on_are_its_own(host: str) -> None:
    (start,) = call(host=host)
    assert start["status"] == 200


def test_a_page_of_another_origin_is_refused_with_the_right_token() -> None:
    start, body = call(origin="https://evil.example")
    assert start["status"] == 403
    assert json.loads(body["body"])["error"]["code"] == "wrong_origin"
    (start,) = call(origin="http://127.0.0.1:8000")
    assert start["status"] == 200


def test_websockets_are_closed_and_the_lifespan_is_passed_on() -> None:
    assert call("websocket") == [{"type": "websocket.close", "code": 1008}]
    assert [message["status"] for message in call("lifespan", host="")] == [200]
