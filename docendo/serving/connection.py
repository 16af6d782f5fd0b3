"""A client's connection: its body with limits, its hanging up, and server-sent events."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable
from contextlib import aclosing
from dataclasses import dataclass
from typing import Any, TypeVar

from starlette.requests import ClientDisconnect, Request
from starlette.responses import StreamingResponse
from starlette.types import Receive, Scope, Send

from docendo.serving.api_errors import ApiError

__all__ = ["EventStream", "read_body", "run_unless_disconnected"]

_Result = TypeVar("_Result")


async def read_body(request: Request, max_bytes: int, timeout: float) -> bytes:
    """The body. Raises ApiError: 413 where it is too large, 408 after `timeout` seconds."""
    # the time limit is for the whole body: a client that sends a byte a minute holds a connection
    body = bytearray()
    try:
        async with asyncio.timeout(timeout):
            async for part in request.stream():
                body += part
                # counted here, since a Content-Length header may lie
                if len(body) > max_bytes:
                    raise ApiError(
                        413, f"the body has more than {max_bytes} bytes", "too_large"
                    )
    except TimeoutError as error:
        raise ApiError(408, "the body did not come in time", "timeout") from error
    return bytes(body)


async def run_unless_disconnected(request: Request, work: Awaitable[_Result]) -> _Result:
    """What the work returns. Cancels it and raises ClientDisconnect where the client hangs up."""
    # once the body was read, the next message of the connection is that it ended
    task = asyncio.ensure_future(work)
    disconnect = asyncio.ensure_future(request.receive())
    try:
        await asyncio.wait({task, disconnect}, return_when=asyncio.FIRST_COMPLETED)
        if not task.done():
            raise ClientDisconnect
        return task.result()
    finally:
        task.cancel()
        disconnect.cancel()
        # Waits until both have ended, so that no work runs on behind the response.
        await asyncio.gather(task, disconnect, return_exceptions=True)


@dataclass(frozen=True)
class EventStream:
    """A response of server-sent events, which are closed when the client hangs up."""

    events: AsyncGenerator[str, None]
    source: AsyncGenerator[Any, None]
    """What the events are made of. It is closed even where no event was sent."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = {"cache-control": "no-store"}
        async with aclosing(self.source), aclosing(self.events):
            response = StreamingResponse(self.events, 200, headers, "text/event-stream")
            await response(scope, receive, send)
