"""An engine whose answers come from an OpenAI-compatible server. There are no token ids, so nothing is trained."""

import asyncio
import os
from collections import Counter
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from docendo.engines.remote.http import (
    ChatClient,
    Failure,
    Question,
    Reply,
    ReplyParser,
    parse_reply,
)
from docendo.engines.remote.rate_limit import RateLimit
from docendo.errors import RunError, UserError, require_package
from docendo.records import AgentId, Completion, Request, Usage
from docendo.urls import is_loopback

__all__ = ["Endpoint", "Service", "read_secret"]

_CHARACTERS_PER_TOKEN = 4
"""Where a server does not count."""
_MAX_CHARACTERS_PER_TOKEN = 32
"""A longer text comes from a server that does not keep to `max_tokens`."""
_MAX_REFUSALS = 32
"""In a row; a server that answered before may refuse some requests, such as long ones."""
_MESSAGE_TOKENS = 4
"""Tokens around each message of a chat, in an estimate."""
_HEADERS = {
    "content-type": "application/json",
    "accept": "application/json",
    "accept-encoding": "identity",
}


@dataclass(frozen=True)
class Service:
    """Where a server is, and how it is used."""

    url: str
    """Without ``/chat/completions``."""
    model: str
    timeout: float
    retries: int
    concurrency: int
    key: str = ""
    """Name of the environment variable that holds the key; empty: the server needs none."""
    headers: Mapping[str, str] = field(default_factory=dict)
    """Further headers, by names in lower case; ``$NAME`` is a variable of the environment."""
    price_in: float = 0.0
    """Price of a million prompt tokens."""
    price_out: float = 0.0
    """Price of a million answer tokens."""
    rate_limit: RateLimit = field(default_factory=RateLimit)
    first_pause: float = 0.5


@dataclass
class Endpoint:
    """Asks for many answers at once. One that fails for good is an empty text, and is counted.

    The key is read from the environment for each batch of requests, and is kept nowhere.
    """

    name: str
    service: Service
    usage: list[Usage] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)
    has_answered: bool = False
    """Whether it ever answered: its settings are right, and what it refuses later costs attempts."""
    unanswered: int = 0
    """Requests since the last answer."""
    has_newer_name: bool = False
    """As in `ChatClient`."""

    def sample(self, requests: Sequence[Request]) -> list[Completion]:
        """One completion per request, in order, without tokens; empty where the server gave none.

        The same request may be answered otherwise a second time; that is the server's choice.
        Raises UserError where the environment has no key. Raises RunError where the server
        refuses all requests from the start, or so many in a row that it will go on so.
        """
        questions = []
        for request in requests:
            tokens = _estimate_tokens(request) + request.max_tokens
            questions.append(Question(self._payload(request), tokens, request.seed))
        results = self.post(questions, "/chat/completions", parse_reply)
        return list(map(self._to_completion, requests, results))

    def post(
        self, questions: Sequence[Question], path: str, parse: ReplyParser
    ) -> list[Reply | Failure]:
        """The replies, in order. Raises as `sample` does."""
        if not questions:
            return []
        headers, secrets = self._read_headers()
        ask = partial(self._ask, questions, path, parse, headers, secrets)
        try:
            asyncio.get_running_loop()
        except RuntimeError:
            results = asyncio.run(ask())
        else:
            # As in a notebook: a loop cannot run inside another.
            with ThreadPoolExecutor(1) as pool:
                results = pool.submit(lambda: asyncio.run(ask())).result()
        self._check_refusals(results)
        return results

    def pop_usage(self) -> list[Usage]:
        """The tokens since the last call, as the server counted them, and what they cost; no operations."""
        usage = self.usage
        self.usage = []
        return usage

    def pop_metrics(self) -> dict[str, float]:
        """Counts since the last call, as ``endpoint/NAME/answered``, ``.../failed`` and ``.../failed/KIND``."""
        metrics: dict[str, float] = {}
        for event, count in sorted(self.counts.items()):
            metrics[f"endpoint/{self.name}/{event}"] = float(count)
        self.counts.clear()
        return metrics

    def _check_refusals(self, results: Sequence[Reply | Failure]) -> None:
        for result in results:
            is_answered = isinstance(result, Reply)
            self.has_answered |= is_answered
            self.unanswered = 0 if is_answered else self.unanswered + 1

        refusals = [r for r in results if isinstance(r, Failure) and r.is_refusal]
        most = _MAX_REFUSALS if self.has_answered else 0
        if len(refusals) == len(results) and self.unanswered > most:
            raise RunError(
                f"[endpoints.{self.name}] {self.service.url} refuses every request "
                f"({refusals[-1].status}): {refusals[-1].message}"
            )

    async def _ask(
        self,
        questions: Sequence[Question],
        path: str,
        parse: ReplyParser,
        headers: Mapping[str, str],
        secrets: tuple[str, ...],
    ) -> list[Reply | Failure]:
        import httpx2

        service = self.service
        timeout = httpx2.Timeout(service.timeout, connect=min(10.0, service.timeout))
        client = httpx2.AsyncClient(
            headers=headers,
            timeout=timeout,
            limits=httpx2.Limits(max_connections=service.concurrency),
            # A proxy of the environment must not stand between this machine and itself.
            trust_env=not is_loopback(service.url),
        )
        chat = ChatClient(
            client=client,
            url=service.url.rstrip("/") + path,
            timeout=service.timeout,
            retries=service.retries,
            rate_limit=service.rate_limit,
            secrets=secrets,
            first_pause=service.first_pause,
            has_answered=self.has_answered,
            has_newer_name=self.has_newer_name,
            parse=parse,
        )
        # Taken before the rate limit counts: a request that waits for a place has not started.
        places = asyncio.Semaphore(service.concurrency)

        async def ask_one(question: Question) -> Reply | Failure:
            async with places:
                return await chat.ask(question)

        async with client:
            try:
                results = await asyncio.gather(*map(ask_one, questions))
            except RunError as error:
                raise RunError(f"[endpoints.{self.name}] {error}") from None
        self.has_newer_name = chat.has_newer_name
        return results

    def _read_headers(self) -> tuple[dict[str, str], tuple[str, ...]]:
        """The headers, and the secrets among them."""
        service = self.service
        where = f"[endpoints.{self.name}]"
        require_package("httpx2", where, "endpoint")

        # The fixed headers first, so that a setting can replace them.
        headers = {**_HEADERS, **service.headers}
        secrets: list[str] = []
        for name, value in service.headers.items():
            if value.startswith("$"):
                secrets.append(read_secret(value[1:], f"{where} headers.{name}"))
                headers[name] = secrets[-1]

        if service.key:
            secrets.append(read_secret(service.key, f"{where} key"))
            headers["authorization"] = f"Bearer {secrets[-1]}"

        return headers, tuple(secrets)

    def _payload(self, request: Request) -> dict[str, Any]:
        # never left out: the answers would look as if it had been kept to
        if request.grammar or request.prefix_ids:
            raise UserError(
                f"[endpoints.{self.name}]: a server keeps to no grammar or prefix"
            )
        payload: dict[str, Any] = {
            "model": self.service.model,
            "messages": [{"role": m.role, "content": m.content} for m in request.messages],
            "max_tokens": request.max_tokens,
            "temperature": request.temperature,
            "seed": request.seed % 2**31,
        }
        if request.top_p < 1:
            payload["top_p"] = request.top_p
        if request.stop:
            payload["stop"] = list(request.stop)
        return payload

    def book(
        self,
        result: Reply | Failure,
        account: tuple[AgentId, str],
        estimate: tuple[int, int],
    ) -> None:
        """Counts a result, and charges it to (agent, purpose).

        The estimate, tokens of prompt and answer, is for servers that do not count.
        """
        if isinstance(result, Failure):
            self.counts.update(("failed", f"failed/{result.kind}"))
            return

        self.counts["answered"] += 1
        prompt_tokens = (
            estimate[0] if result.prompt_tokens is None else result.prompt_tokens
        )
        tokens = estimate[1] if result.tokens is None else result.tokens
        service = self.service
        cost = (prompt_tokens * service.price_in + tokens * service.price_out) / 1e6
        self.usage.append(Usage(*account, prompt_tokens + tokens, 0.0, cost))

    def _to_completion(self, request: Request, result: Reply | Failure) -> Completion:
        most = _MAX_CHARACTERS_PER_TOKEN * request.max_tokens
        text = "" if isinstance(result, Failure) else result.text[:most]
        estimate = _estimate_tokens(request), _count_tokens(text)
        self.book(result, (request.agent, request.purpose), estimate)
        return Completion(text, cut=isinstance(result, Reply) and result.cut)


def _count_tokens(text: str) -> int:
    """About as many as the text has, rounded up."""
    return -(-len(text) // _CHARACTERS_PER_TOKEN)


def _estimate_tokens(request: Request) -> int:
    return sum(_count_tokens(m.content) + _MESSAGE_TOKENS for m in request.messages)


def read_secret(name: str, where: str) -> str:
    """What the environment has under the name. Raises UserError, which never shows it."""
    value = os.environ.get(name, "").strip()
    if not value:
        raise UserError(f"{where}: the environment has no {name}; export {name}=...")
    # It becomes a header: a line break in it would begin another one.
    if not value.isascii() or not value.isprintable() or " " in value:
        raise UserError(
            f"{where}: {name} holds what cannot be a key: expected printable ASCII without spaces"
        )

    return value
