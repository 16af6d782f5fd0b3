"""A small real HTTP server that answers as OpenAI's would, or as badly as it is told."""

import json
import socket
import struct
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from math import log
from typing import Any

__all__ = ["Asked", "Unreliable", "serving"]

_SPOILED = {
    "garbage": b"<html>it works</html>",
    "truncated": b'{"choices": [{"message": {"content": "Answ',
    "no choices": b'{"choices": []}',
    "no text": b'{"choices": [{"message": {"content": 7}}]}',
    "deep": b"[" * 100_000,
    "nan": b'{"choices": [{"message": {"content": NaN}}], "usage": {"prompt_tokens": NaN}}',
    "infinite": b'{"choices": [{"message": {"content": -Infinity}}]}',
    "long number": b'{"choices": [{"message": {"content": ' + b"9" * 10_000 + b"}}]}",
    "a list": b"[]",
    "a text": b'"Answer: 4"',
    "null": b"null",
    "binary": bytes(range(256)) * 8,
    "nothing": b"",
}


@dataclass(frozen=True)
class Asked:
    path: str
    headers: dict[str, str]
    body: dict[str, Any]
    at: float


@dataclass
class Unreliable:
    """Each request is treated by the next of the modes; the last one stays."""

    modes: Sequence[str] = ("ok",)
    asked: list[Asked] = field(default_factory=list)
    busy: int = 0
    busiest: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)
    over: threading.Event = field(default_factory=threading.Event)
    url: str = ""

    def mode(self, asked: Asked) -> str:
        with self.lock:
            self.asked.append(asked)
            return self.modes[min(len(self.asked), len(self.modes)) - 1]


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    state: Unreliable

    def log_message(self, format: str, *args: Any) -> None:
        """Silent."""

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["content-length"])))
        headers = {k.lower(): v for k, v in self.headers.items()}
        state = self.state
        mode = state.mode(Asked(self.path, headers, body, time.monotonic()))
        with state.lock:
            state.busy += 1
            state.busiest = max(state.busiest, state.busy)
        try:
            self.treat(mode, body, headers)
        except (BrokenPipeError, ConnectionResetError):
            pass
        finally:
            with state.lock:
                state.busy -= 1

    def treat(self, mode: str, body: dict[str, Any], headers: dict[str, str]) -> None:
        kind, _, rest = mode.partition(" ")
        if kind == "hang":
            self.state.over.wait(20)
        elif kind == "drip":
            self.drip()
        elif kind == "endless":
            self.endless()
        elif kind == "trickle":
            self.trickle()
        elif kind == "early":
            self.wfile.write(
                b"HTTP/1.1 200 OK\r\ncontent-length: 5000\r\n\r\n" + _SPOILED["truncated"]
            )
            self.close_connection = True
        elif kind == "babel":
            self.wfile.write(b"\x16\x03\x01 no protocol of ours\r\n\r\n")
            self.close_connection = True
        elif kind == "redirect":
            self.send_response(int(rest))
            self.send_header("location", f"{self.state.url}/elsewhere")
            self.send_header("content-length", "0")
            self.end_headers()
        elif kind == "reset":
            self.connection.setsockopt(
                socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0)
            )
            self.connection.close()
            self.close_connection = True
        elif kind == "slow":
            self.state.over.wait(float(rest))
            self.answer(200, reply(body))
        elif kind == "huge":
            self.answer(
                200,
                b'{"choices": [{"message": {"content": "' + b"a" * (5 * 2**20) + b'"}}]}',
            )
        elif mode in _SPOILED:
            self.answer(200, _SPOILED[mode])
        elif kind == "echo":
            told = {"error": {"message": f"no such key: {headers.get('authorization')}"}}
            self.answer(int(rest), json.dumps(told).encode())
        elif kind == "newer" and "max_tokens" in body:
            told = (
                "Unsupported parameter: 'max_tokens'. Use 'max_completion_tokens' instead."
            )
            self.answer(400, json.dumps({"error": {"message": told}}).encode())
        elif kind == "repeat":
            self.answer(200, reply(body, f"Answer: {headers.get('authorization')}"))
        elif kind in {"label", "shifted", "nan"}:
            self.answer(200, prompt_logprobs(body, kind))
        elif kind.isdigit():
            self.answer(int(kind), b'{"error": {"message": "please\\nnot now"}}', rest)
        else:
            self.answer(200, reply(body))

    def drip(self) -> None:
        self.wfile.write(b"HTTP/1.1 200 OK\r\nx-slow: ")
        while not self.state.over.wait(0.05):
            self.wfile.write(b"z")
            self.wfile.flush()

    def endless(self) -> None:
        """As fast as it is read, for ever."""
        self.wfile.write(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n")
        while not self.state.over.is_set():
            self.wfile.write(b"10000\r\n" + b"a" * 0x10000 + b"\r\n")

    def trickle(self) -> None:
        """A reply of which a byte comes now and then, for ever."""
        self.wfile.write(b"HTTP/1.1 200 OK\r\ncontent-length: 4000\r\n\r\n{")
        while not self.state.over.wait(0.05):
            self.wfile.write(b" ")
            self.wfile.flush()

    def answer(self, status: int, body: bytes, after: str = "") -> None:
        self.send_response(status)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(body)))
        if after:
            self.send_header("retry-after", after)
        self.end_headers()
        self.wfile.write(body)


def prompt_logprobs(body: dict[str, Any], kind: str) -> bytes:
    """vLLM's document: at each place its token, or the one after it, has half of the probability."""
    prompt = body["prompt"]
    tokens = list(map(ord, prompt)) if isinstance(prompt, str) else prompt
    half = float("nan") if kind == "nan" else log(0.5)
    places: list[dict[int, Any] | None] = [None]
    for token in tokens[1:]:
        named = {token + (kind == "shifted"): half, 9: log(0.25)}
        places.append({t: {"logprob": x, "decoded_token": "?"} for t, x in named.items()})
    usage = {"prompt_tokens": 5, "completion_tokens": 2}
    return json.dumps({"choices": [{"prompt_logprobs": places}], "usage": usage}).encode()


def reply(body: dict[str, Any], text: str | None = None) -> bytes:
    """The last message's words backwards, or the text, with five tokens read and two written."""
    words = body.get("messages", [{"content": ""}])[-1]["content"].split()
    content = " ".join(reversed(words)) if text is None else text
    message = {"role": "assistant", "content": content}
    usage = {"prompt_tokens": 5, "completion_tokens": 2, "total_tokens": 7}
    return json.dumps(
        {"choices": [{"index": 0, "message": message}], "usage": usage}
    ).encode()


class _Silent(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that hangs up in the middle of an answer is what these tests are about."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)


@contextmanager
def serving(*modes: str) -> Iterator[Unreliable]:
    """A server on this machine, for the block."""
    state = Unreliable(modes or ("ok",))
    server = _Silent(("127.0.0.1", 0), type("Handler", (_Handler,), {"state": state}))
    state.url = f"http://127.0.0.1:{server.server_port}/v1"
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield state
    finally:
        state.over.set()
        server.shutdown()
        server.server_close()
        thread.join()
