"""A server that answers as OpenAI's would: what it says depends on the request alone."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from tests.replay.functions import solve

__all__ = ["sage"]


@contextmanager
def sage() -> Iterator[str]:
    """The url of a server on this machine, for the block."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Sage)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/v1"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class _Sage(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, format: str, *args: Any) -> None:
        """Silent."""

    def do_POST(self) -> None:
        asked = json.loads(self.rfile.read(int(self.headers["content-length"])))
        body = json.dumps(_reply(asked)).encode()

        self.send_response(200)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


def _reply(asked: dict[str, Any]) -> dict[str, Any]:
    last = asked["messages"][-1]["content"]
    chance = sha256(json.dumps(asked, sort_keys=True).encode()).digest()
    text = (
        _question(chance)
        if "Question:" in json.dumps(asked["messages"])
        else _answer(last, chance)
    )

    message = {"role": "assistant", "content": text}
    usage = {
        "prompt_tokens": len(last),
        "completion_tokens": len(text),
        "total_tokens": len(last) + len(text),
    }
    return {"choices": [{"index": 0, "message": message}], "usage": usage}


def _question(chance: bytes) -> str:
    """A sum of its own; one in four has a wrong answer."""
    terms = [10 + part % 40 for part in chance[:3]]
    total = sum(terms) + (chance[3] % 4 == 0)
    return f"Question: What is {' + '.join(map(str, terms))}?\nAnswer: {total}"


def _answer(last: str, chance: bytes) -> str:
    """Sums are worked out, everything else is guessed."""
    return f"Answer: {solve(last) or chance[0] % 10}"
