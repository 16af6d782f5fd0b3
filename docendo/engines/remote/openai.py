"""An engine whose answers come from an OpenAI-compatible server. There are no token ids: nobody here can be trained."""

import asyncio
import os
from collections import Counter
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from importlib.util import find_spec
from typing import Any, NamedTuple

from docendo.engines.remote.http import Exchange, Failure, Reply
from docendo.engines.remote.rate_limit import Pace
from docendo.errors import RunError, UserError
from docendo.records import Completion, Request, Usage
from docendo.urls import is_loopback

__all__ = ["Endpoint", "Service", "secret"]

_LETTERS = 4
"""Of a token, where a server does not count."""
_MOST_LETTERS = 32
"""Of a token; what is longer comes from a server that does not keep to `max_tokens`."""
_PLAIN = {
    "content-type": "application/json",
    "accept": "application/json",
    "accept-encoding": "identity",
}


@dataclass(frozen=True)
class Service:
    """Where a server is, and how it is used."""

    url: str
    """Up to and without ``/chat/completions``."""
    model: str
    key: str = ""
    """The name of the environment's variable that holds the key; empty: the server wants none."""
    headers: Mapping[str, str] = field(default_factory=dict)
    """More of them, by names in lower case; ``$NAME`` is a variable of the environment."""
    timeout: float = 60.0
    retries: int = 3
    concurrency: int = 8
    price_in: float = 0.0
    """Of a million tokens of prompts."""
    price_out: float = 0.0
    """Of a million tokens of answers."""
    pace: Pace = field(default_factory=Pace)
    first_pause: float = 0.5


@dataclass
class Endpoint:
    """Asks for many answers at once. One that fails for good is an empty text, and is counted.

    The key is read from the environment whenever answers are wanted, and is kept nowhere.
    """

    name: str
    service: Service
    work: list[Usage] = field(default_factory=list)
    tally: Counter[str] = field(default_factory=Counter)
    known: bool = False
    """Whether it ever answered: its settings are right, and what it refuses from then on costs attempts."""

    def sample(self, requests: Sequence[Request]) -> list[Completion]:
        """One completion per request, in order, without tokens; empty where the server gave none.

        Asked again, the same request may be answered otherwise: that is the server's. Raises UseError where the
        environment has no key, RunError where the server refuses it or does not know the model from the start.
        """
        if not requests:
            return []
        access = self._access()
        try:
            asyncio.get_running_loop()
        except RuntimeError:
            found = asyncio.run(self._ask(requests, access))
        else:  # as in a notebook: a loop cannot run inside another
            with ThreadPoolExecutor(1) as aside:
                found = aside.submit(asyncio.run, self._ask(requests, access)).result()
        return [self._completion(r, f) for r, f in zip(requests, found, strict=True)]

    def pop_usage(self) -> list[Usage]:
        """The tokens since the last call, as the server counted them, and what they cost; no operations."""
        work, self.work = self.work, []
        return work

    def pop_metrics(self) -> dict[str, float]:
        """Answers and failures since the last call: ``endpoint/NAME/answered``, ``endpoint/NAME/failed``, and of the
        failures each kind."""
        found = {
            f"endpoint/{self.name}/{what}": float(count)
            for what, count in sorted(self.tally.items())
        }
        self.tally.clear()
        return found

    async def _ask(
        self, requests: Sequence[Request], access: "_Access"
    ) -> list[Reply | Failure]:
        import httpx

        service, turn = self.service, asyncio.Semaphore(self.service.concurrency)
        client = httpx.AsyncClient(
            headers=access.headers,
            timeout=httpx.Timeout(service.timeout, connect=min(10.0, service.timeout)),
            limits=httpx.Limits(max_connections=service.concurrency),
            trust_env=not is_loopback(
                service.url
            ),  # no proxy between this machine and itself
        )
        where, manner = (
            service.url.rstrip("/") + "/chat/completions",
            (service.timeout, service.retries, service.pace),
        )
        exchange = Exchange(
            client, where, *manner, access.secrets, service.first_pause, self.known
        )

        async def one(request: Request) -> Reply | Failure:
            async with turn:
                return await exchange.ask(
                    self._payload(request),
                    _estimate(request) + request.max_tokens,
                    request.seed,
                )

        async with client:
            try:
                return await asyncio.gather(*map(one, requests))
            except RunError as error:
                raise RunError(f"[endpoints.{self.name}] {error}") from None

    def _access(self) -> "_Access":
        service, where = self.service, f"[endpoints.{self.name}]"
        if find_spec("httpx") is None:
            raise UserError(f"{where} needs httpx: pip install 'docendo[endpoint]'")
        named = {n: v[1:] for n, v in service.headers.items() if v.startswith("$")}
        hidden = {
            name: secret(value, f"{where} headers.{name}") for name, value in named.items()
        }
        headers, secrets = {**_PLAIN, **service.headers, **hidden}, list(hidden.values())
        if service.key:
            secrets.append(secret(service.key, f"{where} key"))
            headers["authorization"] = f"Bearer {secrets[-1]}"
        return _Access(headers, tuple(secrets))

    def _payload(self, request: Request) -> dict[str, Any]:
        payload: dict[str, Any] = {
            "model": self.service.model,
            "messages": [{"role": m.role, "content": m.content} for m in request.messages],
            "max_tokens": request.max_tokens,
            "temperature": request.temperature,
            "seed": request.seed % 2**31,
        }
        payload |= {"top_p": request.top_p} if request.top_p < 1 else {}
        return payload | ({"stop": list(request.stop)} if request.stop else {})

    def _completion(self, request: Request, found: Reply | Failure) -> Completion:
        if isinstance(found, Failure):
            self.tally.update(("failed", f"failed/{found.kind}"))
            return Completion("")
        self.tally["answered"] += 1
        self.known = True
        read = _estimate(request) if found.prompt_tokens is None else found.prompt_tokens
        text = found.text[: _MOST_LETTERS * request.max_tokens]
        written = -(-len(text) // _LETTERS) if found.tokens is None else found.tokens
        cost = (read * self.service.price_in + written * self.service.price_out) / 1e6
        self.work.append(Usage(request.agent, request.purpose, read + written, 0.0, cost))
        return Completion(text)


class _Access(NamedTuple):
    headers: Mapping[str, str]
    secrets: tuple[str, ...]


def _estimate(request: Request) -> int:
    return sum(-(-len(m.content) // _LETTERS) + 4 for m in request.messages)


def secret(name: str, where: str) -> str:
    """What the environment has under the name. Raises UseError, which never shows it."""
    value = os.environ.get(name, "").strip()
    if not value:
        raise UserError(f"{where}: the environment has no {name}; export {name}=...")
    if not value.isascii() or not value.isprintable() or " " in value:
        raise UserError(
            f"{where}: {name} holds what cannot be a key: wanted printable ASCII without spaces"
        )
    return value
