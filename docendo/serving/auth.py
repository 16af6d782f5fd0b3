"""Who may ask at all: programs on this machine, or on those that it was opened to, that know the token.

A page of the web that is open in a browser on this machine can send requests to it, under a name of its own choosing
(DNS rebinding). It does not know the token; and it is turned away before that, by the name and by its origin.
"""

import hmac
import json
from collections.abc import Mapping
from dataclasses import dataclass
from ipaddress import ip_address
from typing import TYPE_CHECKING

from docendo.serving.api_errors import ApiError

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

__all__ = ["Guard"]


@dataclass(frozen=True)
class Guard:
    """An ASGI application around another."""

    app: "ASGIApp"
    token: str
    host: str
    """Where the server listens: a name that clients may use for it, beside addresses and localhost."""

    async def __call__(self, scope: "Scope", receive: "Receive", send: "Send") -> None:
        """Passes on what may pass; answers 401 or 403 to the rest."""
        if scope["type"] == "lifespan":
            await self.app(scope, receive, send)
            return
        headers = {name.lower(): value for name, value in scope["headers"]}
        fault = self._fault(headers)
        if fault is None and scope["type"] == "http":
            await self.app(scope, receive, _named(send))
        elif scope["type"] == "http":
            await _answer(fault or ApiError(400, "only HTTP is spoken here"), _named(send))
        else:
            await send({"type": "websocket.close", "code": 1008})

    def _fault(self, headers: Mapping[bytes, bytes]) -> ApiError | None:
        host = headers.get(b"host", b"").decode("latin-1")
        if not self._known(host):
            return ApiError(
                403, "the Host header is no address of this server", "wrong_host"
            )
        origin = headers.get(b"origin")
        if origin is not None and origin.decode("latin-1") != f"http://{host}":
            return ApiError(403, "requests of web pages are not answered", "wrong_origin")
        kind, _, given = headers.get(b"authorization", b"").partition(b" ")
        if kind.lower() != b"bearer" or not hmac.compare_digest(
            given.strip(), self.token.encode()
        ):
            return ApiError(
                401, "a token is wanted: Authorization: Bearer TOKEN", "invalid_api_key"
            )
        return None

    def _known(self, host: str) -> bool:
        """Names can be made to lead anywhere; addresses cannot."""
        name, colon, port = host.rpartition(":")
        bare = (name if colon and port.isdigit() else host).lower()
        if bare in {"localhost", self.host.lower()}:
            return True
        try:
            return bool(ip_address(bare.removeprefix("[").removesuffix("]")))
        except ValueError:
            return False


def _named(send: "Send") -> "Send":
    """Sends replies that no browser takes for something else than they say they are: for a page, say."""

    async def sent(message: "Message") -> None:
        if message["type"] == "http.response.start":
            message = {
                **message,
                "headers": [*message["headers"], (b"x-content-type-options", b"nosniff")],
            }
        await send(message)

    return sent


async def _answer(fault: ApiError, send: "Send") -> None:
    """Sends a fault as a whole reply."""
    body = json.dumps(fault.document).encode()
    given = {
        "content-type": "application/json",
        "content-length": str(len(body)),
        **fault.headers,
    }
    headers = [(name.encode(), value.encode()) for name, value in given.items()]
    await send({"type": "http.response.start", "status": fault.status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
