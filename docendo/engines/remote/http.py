"""One question to an OpenAI-compatible server, with retries. Whatever a server does is a result, not a crash."""

import asyncio
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from math import inf, isnan
from typing import TYPE_CHECKING, Any, NamedTuple

from docendo.engines.remote.rate_limit import RateLimit
from docendo.errors import RunError
from docendo.seeds import seed_for

if TYPE_CHECKING:
    import httpx2

__all__ = [
    "MAX_BYTES",
    "ChatClient",
    "Failure",
    "Question",
    "Reply",
    "ReplyParser",
    "find_error",
    "parse_prompt_logprobs",
    "parse_reply",
    "parse_retry_after",
]

MAX_BYTES = 4 * 2**20
"""No more of a reply is read: a server could send for ever."""
_TRANSIENT = frozenset({408, 409, 425, 429})
_MAX_BACKOFF = 60.0
_MAX_WAIT = 300.0
"""Seconds; a server that asks for a longer pause is as good as gone."""
_MAX_COUNT = 2**40
_MAX_MESSAGE = 200
_NEWER_NAME = "max_completion_tokens"


class Reply(NamedTuple):
    text: str
    prompt_tokens: int | None
    """None where the server did not say."""
    tokens: int | None
    cut: bool = False
    """Whether the limit of tokens ended it."""
    logprobs: tuple[Mapping[int, float], ...] = ()
    """Of a labelled text: log-probabilities of some tokens at each place, none at the first."""


class Failure(NamedTuple):
    kind: str
    """One word for counting: timeout, connection, garbage, large, or status-500 and its like."""
    message: str
    """The server's own words, shortened."""
    retry_after: float | None = None
    """Seconds that the server asked to wait."""

    @property
    def status(self) -> int:
        """The HTTP status; 0 where none came."""
        prefix, _, number = self.kind.partition("-")
        return int(number) if prefix == "status" else 0

    @property
    def is_transient(self) -> bool:
        """Whether another try may succeed."""
        return not self.status or self.status in _TRANSIENT or self.status >= 500

    @property
    def is_refusal(self) -> bool:
        """Whether the server understood the request, and will not answer it."""
        return 400 <= self.status < 500 and not self.is_transient


ReplyParser = Callable[[bytes, Callable[[str], str]], Reply | None]
"""From a server's document and what cleans its texts to the reply; None where there is none."""


class Question(NamedTuple):
    """What is posted."""

    payload: Mapping[str, Any]
    tokens: int
    """What the rate limit counts."""
    seed: int
    """Varies the pauses between tries, so that many questions do not try again at the same time."""


@dataclass
class ChatClient:
    """Posts to one address. Each try has a time limit of its own."""

    client: "httpx2.AsyncClient"
    url: str
    timeout: float
    """Seconds that one try may take in all."""
    retries: int
    rate_limit: RateLimit
    parse: ReplyParser
    secrets: tuple[str, ...] = field(default=(), repr=False)
    """Texts that are blotted out wherever a server repeats them."""
    first_pause: float = 0.5
    """Seconds before the second try; each further pause is twice as long, up to a minute."""
    has_answered: bool = False
    """Whether the server answered before: a refusal is a failure then, and no wrong setting."""
    has_newer_name: bool = False
    """Whether the server calls the limit of an answer ``max_completion_tokens``, not ``max_tokens``."""

    async def ask(self, question: Question) -> Reply | Failure:
        """The reply of the first try that has one, or why the last one failed.

        Raises RunError where a server that never answered refuses the key (401, 403) or knows no
        such model or place (404, 405, 3xx).
        """
        for attempt in range(self.retries + 1):
            await asyncio.sleep(self.rate_limit.delay(question.tokens))
            result = await self._try_names(question.payload)
            if isinstance(result, Reply):
                return result

            if not self.has_answered:
                self._check_settings(result)
            pause = self._pause_after(result, attempt, question.seed)
            if not result.is_transient or pause > _MAX_WAIT or attempt == self.retries:
                break
            await asyncio.sleep(pause)
        return result

    def _pause_after(self, failure: Failure, attempt: int, seed: int) -> float:
        retry_after = failure.retry_after or 0.0
        if 0 < retry_after <= _MAX_WAIT:
            # The wish is not about this request alone: nobody asks before.
            self.rate_limit.pause(retry_after)
        jitter = 0.5 + seed_for(seed, "retry", attempt) / 2**64
        backoff = min(_MAX_BACKOFF, self.first_pause * 2.0**attempt)
        return max(retry_after, jitter * backoff)

    def _check_settings(self, failure: Failure) -> None:
        message = f": {failure.message}" if failure.message else ""
        if failure.status in (401, 403):
            raise RunError(f"{self.url} refuses the key ({failure.status}){message}")
        # A redirect is not followed: nobody is sent elsewhere with the key.
        if failure.status in (404, 405) or 300 <= failure.status < 400:
            raise RunError(
                f"{self.url} has no such model or place ({failure.status}){message}"
            )

    async def _try_names(self, payload: Mapping[str, Any]) -> Reply | Failure:
        """A try; where the server says that the limit has a newer name, another one with that."""
        newer = {_NEWER_NAME if k == "max_tokens" else k: v for k, v in payload.items()}
        result = await self._try_once(newer if self.has_newer_name else payload)
        if isinstance(result, Reply) or not result.is_refusal or self.has_newer_name:
            return result
        if _NEWER_NAME not in result.message:
            return result

        result = await self._try_once(newer)
        # a server that says the limit is too large may name it, too
        self.has_newer_name = isinstance(result, Reply)
        return result

    async def _try_once(self, payload: Mapping[str, Any]) -> Reply | Failure:
        import httpx2

        try:
            # In all: a server that drips a byte now and then never runs into the client's own limits.
            async with asyncio.timeout(self.timeout):
                status, headers, body = await self._post(json.dumps(payload).encode())
        except (TimeoutError, httpx2.TimeoutException):
            return Failure("timeout", f"no reply within {self.timeout:g} s")
        except httpx2.HTTPError as error:
            return Failure("connection", self._shorten(str(error) or type(error).__name__))

        if len(body) > MAX_BYTES:
            return Failure("large", f"a reply of more than {MAX_BYTES} bytes")
        if status != 200:
            message = self._shorten(find_error(body))
            retry_after = parse_retry_after(headers.get("retry-after"))
            return Failure(f"status-{status}", message, retry_after)

        reply = self.parse(body, self._blot_secrets)
        return reply or Failure("garbage", self._shorten(_decode(body)))

    async def _post(self, body: bytes) -> tuple[int, Mapping[str, str], bytes]:
        """Status, headers and at most a byte more than is allowed. Raises httpx2.HTTPError."""
        content = bytearray()
        async with self.client.stream("POST", self.url, content=body) as response:
            # Raw: a few compressed bytes could unpack to more than the memory holds.
            async for chunk in response.aiter_raw():
                content += chunk
                if len(content) > MAX_BYTES:
                    break
            return response.status_code, response.headers, bytes(content[: MAX_BYTES + 1])

    def _blot_secrets(self, text: str) -> str:
        for secret in self.secrets:
            text = text.replace(secret, "[key]")
        return text

    def _shorten(self, text: str) -> str:
        """A server's words as a few of one line."""
        line = " ".join(self._blot_secrets(text).split())
        return line if len(line) <= _MAX_MESSAGE else line[: _MAX_MESSAGE - 3] + "..."


def parse_reply(body: bytes, clean: Callable[[str], str]) -> Reply | None:
    """The reply in a server's document, its text as `clean` returns it; None where there is none."""
    document = _load_json(body)
    try:
        choice = document["choices"][0]
        content = choice["message"]["content"]
    except (TypeError, KeyError, IndexError):
        return None

    content = _join_parts(content)
    if content is None:
        return None

    # JSON may hold half of a surrogate pair, which no file and no tokenizer takes.
    text = clean(content.encode("utf-8", "replace").decode())
    is_cut = choice.get("finish_reason") == "length"
    return Reply(text, *_read_usage(document), is_cut)


def parse_prompt_logprobs(body: bytes, clean: Callable[[str], str]) -> Reply | None:
    """The log-probabilities of a prompt's tokens in a document of vLLM's; None where there are none.

    They are ``choices[0].prompt_logprobs``: for each token null, or an object with an entry for
    each of the likeliest tokens and its own, as ``{"7": {"logprob": -0.5}}``.
    """
    document = _load_json(body)
    try:
        logprobs = []
        for entry in document["choices"][0]["prompt_logprobs"]:
            named = {int(token): place["logprob"] for token, place in (entry or {}).items()}
            # -inf and NaN are no JSON, but Python reads them; rounding may leave more than 0
            if not all(
                isinstance(x, float | int) and -inf < x < 0.01 for x in named.values()
            ):
                return None
            logprobs.append({token: min(0.0, float(x)) for token, x in named.items()})
    except (TypeError, KeyError, IndexError, ValueError, AttributeError):
        return None
    return Reply("", *_read_usage(document), logprobs=tuple(logprobs))


def _read_usage(document: Any) -> tuple[int | None, int | None]:
    """Tokens of the prompt and of the answer, as the server counted them."""
    usage = document.get("usage")
    if not isinstance(usage, dict):
        usage = {}
    return _read_count(usage.get("prompt_tokens")), _read_count(
        usage.get("completion_tokens")
    )


def _join_parts(content: object) -> str | None:
    """The text of a message: a text, parts of it, or nothing; None where it is something else.

    Thinking is no part of it, be it a part of its own or a field beside the content.
    """
    if not isinstance(content, list):
        content = [{"type": "text", "text": "" if content is None else content}]
    text = ""
    for part in content:
        if not isinstance(part, dict):
            return None
        if part.get("type") == "text":
            piece = part.get("text")
            if not isinstance(piece, str):
                return None
            text += piece
    return text


def parse_retry_after(header: str | None) -> float | None:
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
    return None if isnan(seconds) else max(0.0, seconds)


def _decode(body: bytes) -> str:
    return body[:2000].decode("utf-8", "replace")


def _load_json(body: bytes) -> Any:
    """The document; None where there is none, or one that is nested too deep to be read."""
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        return None


def _read_count(value: object) -> int | None:
    # It is booked in the ledger, where a negative or huge count would spoil every sum.
    if isinstance(value, bool) or not isinstance(value, int):
        return None
    return value if 0 <= value < _MAX_COUNT else None


def find_error(body: bytes) -> str:
    """What a server says is wrong: in OpenAI's form, in FastAPI's, or whatever else it sent."""
    document = _load_json(body)
    # {"error": {"message": ...}}, {"message": ...}, {"detail": ...} or {"detail": [{"msg": ...}]}
    for key in ("error", "message", "detail", 0, "msg"):
        try:
            document = document[key]
        except (TypeError, KeyError, IndexError):
            continue
        if isinstance(document, str):
            return document
    return _decode(body)
