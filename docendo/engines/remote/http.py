"""One question to an OpenAI-compatible server, and what became of it. Whatever a server does is a result, not a crash.

A try has a time limit of its own and reads no more than `MOST_BYTES`. What may pass by itself is tried again: a broken
or refused connection, silence, a reply that is no such reply, and the statuses 408, 409, 425, 429 and 5xx.
"""

import asyncio
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any, NamedTuple

from docendo.engines.remote.rate_limit import Pace
from docendo.errors import RunError
from docendo.seeds import seed_for

if TYPE_CHECKING:
    import httpx

__all__ = ["MOST_BYTES", "Exchange", "Failure", "Reply"]

MOST_BYTES = 4 * 2**20
_AGAIN = frozenset({408, 409, 425, 429})
_LONGEST_PAUSE = 60.0
_MOST_PATIENCE = 300.0
"""Seconds; a server that asks for a longer pause is as good as gone."""


class Reply(NamedTuple):
    text: str
    prompt_tokens: int | None
    """None where the server did not say."""
    tokens: int | None


class Failure(NamedTuple):
    kind: str
    """One word for counting: timeout, connection, garbage, large, or status-500 and its like."""
    told: str
    """The server's own words, shortened."""
    after: float | None = None
    """Seconds that the server asked to wait."""

    @property
    def passing(self) -> bool:
        """Whether another try may succeed."""
        status = (
            int(self.kind.removeprefix("status-")) if self.kind.startswith("status-") else 0
        )
        return not status or status in _AGAIN or status >= 500


@dataclass(frozen=True)
class Exchange:
    client: "httpx.AsyncClient"
    url: str
    timeout: float
    """Seconds that one try may take in all."""
    retries: int
    pace: Pace
    secrets: tuple[str, ...] = field(default=(), repr=False)
    """Texts that are blotted out wherever a server repeats them."""
    first_pause: float = 0.5
    """Seconds before the second try; each further pause is twice as long, up to a minute."""
    known: bool = False
    """Whether the server answered before: what it refuses is a failure then, and no wrong setting."""

    async def ask(
        self, payload: Mapping[str, Any], tokens: int, seed: int
    ) -> Reply | Failure:
        """The reply of the first try that has one, or why the last one failed.

        `tokens` is what the pace counts; `seed` shakes the pauses, so that many do not try again at the same time.
        Raises RunError where a server that never answered refuses the key (401, 403) or knows no such model or place
        (404, 405, 3xx). Nobody is sent elsewhere with the key.
        """
        for attempt in range(self.retries + 1):
            await asyncio.sleep(self.pace.delay(tokens))
            found = await self._once(payload)
            if isinstance(found, Reply):
                return found
            if not self.known:
                self._refuse(found)
            pause = self._pause(found, attempt, seed)
            if not found.passing or pause > _MOST_PATIENCE or attempt == self.retries:
                break
            await asyncio.sleep(pause)
        return found

    def _pause(self, failure: Failure, attempt: int, seed: int) -> float:
        if failure.after is not None and failure.after <= _MOST_PATIENCE:
            self.pace.hold(failure.after)
        share = 0.5 + seed_for(seed, "retry", attempt) / 2**64
        return max(
            failure.after or 0.0,
            share * min(_LONGEST_PAUSE, self.first_pause * 2.0**attempt),
        )

    def _refuse(self, failure: Failure) -> None:
        told = f": {failure.told}" if failure.told else ""
        if failure.kind in {"status-401", "status-403"}:
            raise RunError(
                f"{self.url} refuses the key ({failure.kind.removeprefix('status-')}){told}"
            )
        if failure.kind in {"status-404", "status-405"} or failure.kind.startswith(
            "status-3"
        ):
            raise RunError(
                f"{self.url} has no such model or place ({failure.kind.removeprefix('status-')}){told}"
            )

    async def _once(self, payload: Mapping[str, Any]) -> Reply | Failure:
        import httpx

        try:
            async with asyncio.timeout(self.timeout):
                status, headers, body = await self._post(json.dumps(payload).encode())
        except (TimeoutError, httpx.TimeoutException):
            return Failure("timeout", f"no reply within {self.timeout:g} s")
        except httpx.HTTPError as error:
            return Failure("connection", self._shown(str(error) or type(error).__name__))
        if len(body) > MOST_BYTES:
            return Failure("large", f"a reply of more than {MOST_BYTES} bytes")
        if status != 200:
            return Failure(
                f"status-{status}",
                self._shown(_error(body)),
                _after(headers.get("retry-after")),
            )
        return _reply(body, self._blotted) or Failure(
            "garbage", self._shown(_decoded(body))
        )

    async def _post(self, body: bytes) -> tuple[int, Mapping[str, str], bytes]:
        """Status, headers and at most a byte more than is allowed. Raises httpx.HTTPError."""
        read = bytearray()
        async with self.client.stream("POST", self.url, content=body) as response:
            async for chunk in response.aiter_raw():
                read += chunk
                if len(read) > MOST_BYTES:
                    break
            return response.status_code, response.headers, bytes(read[: MOST_BYTES + 1])

    def _blotted(self, text: str) -> str:
        for secret in self.secrets:
            text = text.replace(secret, "[key]")
        return text

    def _shown(self, text: str) -> str:
        """A server's words as a few of one line."""
        words = " ".join(self._blotted(text).split())
        return words if len(words) <= 200 else words[:197] + "..."


def _decoded(body: bytes) -> str:
    return body[:2000].decode("utf-8", "replace")


def _json(body: bytes) -> Any:
    """The document; None where there is none."""
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        return None


def _reply(body: bytes, blotted: Callable[[str], str]) -> Reply | None:
    document = _json(body)
    try:
        content = document["choices"][0]["message"]["content"]
    except (TypeError, KeyError, IndexError):
        return None
    if content is not None and not isinstance(content, str):
        return None
    usage = document.get("usage")
    counts = usage if isinstance(usage, dict) else {}
    text = blotted((content or "").encode("utf-8", "replace").decode())
    return Reply(
        text, _count(counts.get("prompt_tokens")), _count(counts.get("completion_tokens"))
    )


def _count(value: object) -> int | None:
    return (
        value
        if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 2**40
        else None
    )


def _error(body: bytes) -> str:
    """What a server says is wrong, in OpenAI's form or in its own."""
    document = _json(body)
    told = document.get("error") if isinstance(document, dict) else None
    message = told.get("message") if isinstance(told, dict) else told
    return message if isinstance(message, str) else _decoded(body)


def _after(header: str | None) -> float | None:
    """Seconds to wait, from a number or a date; None where it is neither."""
    if header is None:
        return None
    try:
        seconds = float(header)
    except ValueError:
        try:
            seconds = (parsedate_to_datetime(header) - datetime.now(UTC)).total_seconds()
        except (TypeError, ValueError):
            return None
    return max(0.0, seconds) if seconds == seconds else None
