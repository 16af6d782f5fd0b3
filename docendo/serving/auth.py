"""Who may ask at all: programs that know the token, on this machine or on those it was opened to.

A web page that is open in a browser on this machine can send requests to the server, under a
name of its own choosing (DNS rebinding). It does not know the token, and it is turned away
before that, by the name and by its origin.
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
    """An ASGI application around another, which answers 401 or 403 to who may not ask."""

    app: "ASGIApp"
    token: str
    host: str
    """Where the server listens: a name that clients may use, beside addresses and localhost."""

    async def __call__(self, scope: "Scope", receive: "Receive", send: "Send") -> None:
        if scope["type"] == "lifespan":
            await self.app(scope, receive, send)
            return
        # browsers may open a websocket to any address, without asking first as for requests
        if scope["type"] != "http":
            await send({"type": "websocket.close", "code": 1008})
            return

        error = self._find_error({name.lower(): value for name, value in scope["headers"]})
        if error is None:
            await self.app(scope, receive, _without_sniffing(send))
        else:
            await _send_error(error, _without_sniffing(send))

    def _find_error(self, headers: Mapping[bytes, bytes]) -> ApiError | None:
        # the name first: a page that reached this server by its own name is no client at all
        host = headers.get(b"host", b"").decode("latin-1")
        if not self._is_own_host(host):
            return ApiError(
                403, "the Host header is no address of this server", "wrong_host"
            )

        # browsers add the origin to what pages send, and no page can leave it out
        origin = headers.get(b"origin")
        if origin is not None and origin.decode("latin-1") != f"http://{host}":
            return ApiError(403, "requests of web pages are not answered", "wrong_origin")

        scheme, _, token = headers.get(b"authorization", b"").partition(b" ")
        # compare_digest takes as long for any wrong token, so its time tells nothing
        is_known = hmac.compare_digest(token.strip(), self.token.encode())
        if scheme.lower() != b"bearer" or not is_known:
            return ApiError(
                401, "a token is missing: Authorization: Bearer TOKEN", "invalid_api_key"
            )
        return None

    def _is_own_host(self, host: str) -> bool:
        """A name can be made to lead anywhere; an address cannot."""
        name, colon, port = host.rpartition(":")
        bare = (name if colon and port.isdigit() else host).lower()
        if bare in {"localhost", self.host.lower()}:
            return True
        try:
            return bool(ip_address(bare.removeprefix("[").removesuffix("]")))
        except ValueError:
            return False


def _without_sniffing(send: "Send") -> "Send":
    """Sends replies that no browser takes for something else, such as a page."""

    async def send_with_header(message: "Message") -> None:
        if message["type"] == "http.response.start":
            headers = [*message["headers"], (b"x-content-type-options", b"nosniff")]
            message = {**message, "headers": headers}
        await send(message)

    return send_with_header


async def _send_error(error: ApiError, send: "Send") -> None:
    body = json.dumps(error.document).encode()
    headers = {
        "content-type": "application/json",
        "content-length": str(len(body)),
        **error.headers,
    }
    pairs = [(name.encode(), value.encode()) for name, value in headers.items()]
    await send({"type": "http.response.start", "status": error.status, "headers": pairs})
    await send({"type": "http.response.body", "body": body})
