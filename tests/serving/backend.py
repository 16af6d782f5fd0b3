"""A backend whose answers are written in the request: tokens are the bytes of the last message."""

import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from types import SimpleNamespace

from docendo.records import AgentId, Message, Request

END = 256
"""The token that ends an answer."""


@dataclass
class Answer:
    tokens: list[int] = field(default_factory=list)
    non_finite: bool = False


@dataclass
class Row:
    request: Request
    slot: int = 0

    @property
    def prompt(self) -> tuple[int, ...]:
        return (0,) * len(self.request.messages)

    @property
    def script(self) -> list[int]:
        tokens = [*self.request.messages[-1].content.encode(), END]
        return tokens[: self.request.max_tokens]


def row(text: str, slot: int = 0, max_tokens: int = 99) -> Row:
    messages = (Message("user", text),)
    return Row(Request(AgentId("ann"), messages, 0, max_tokens), slot)


class Batch:
    """Gives every row a token of its script at each step.

    ``fail`` and ``nan`` go wrong, and ``hold`` never gets a second token.
    """

    def __init__(self) -> None:
        self.rows: dict[int, tuple[Row, Answer]] = {}
        self.aborted: list[int] = []

    @property
    def is_idle(self) -> bool:
        return not self.rows

    def add_request(self, request_id: int, request: Row) -> None:
        self.rows[request_id] = (request, Answer())

    def abort_request(self, request_id: int) -> None:
        self.rows.pop(request_id, None)
        self.aborted.append(request_id)

    def step(self) -> list[tuple[int, Answer, bool]]:
        updates = []
        for request_id, (request, answer) in list(self.rows.items()):
            text = request.request.messages[-1].content
            if text == "fail":
                raise RuntimeError("out of memory")
            if text == "hold" and answer.tokens:
                time.sleep(0.001)
                continue
            answer.tokens.append(request.script[len(answer.tokens)])
            answer.non_finite = text == "nan"
            finished = answer.non_finite or len(answer.tokens) == len(request.script)
            updates.append((request_id, answer, finished))
            if finished:
                del self.rows[request_id]
        return updates


class Backend:
    """Serves ann and bob with a context of 20 tokens."""

    end_tokens = frozenset([END])
    agents: Sequence[AgentId] = (AgentId("base"), AgentId("ann"), AgentId("ann@3"))

    def __init__(self, stream_workers: int = 1) -> None:
        self.stream_workers = stream_workers
        self.batches: list[Batch] = []

    def describe(self) -> SimpleNamespace:
        return SimpleNamespace(context=20)

    def decode(self, tokens: Sequence[int]) -> str:
        return bytes(token for token in tokens if token < END).decode(errors="replace")

    def count_prompt_tokens(self, messages: Sequence[Message]) -> int:
        return len(messages)

    def prepare(self, request: Request) -> Row:
        return Row(request)

    def open_stream(self) -> Batch:
        self.batches.append(Batch())
        return self.batches[-1]
