"""What serving needs of a backend besides `Backend`: requests that come and go while others run."""

from collections.abc import Sequence
from typing import Any, Protocol, runtime_checkable

from docendo.backend import Backend
from docendo.records import Message, Request

__all__ = ["GrowingAnswer", "PreparedRequest", "StreamBatch", "StreamingBackend"]


class PreparedRequest(Protocol):
    """A request in token ids."""

    @property
    def request(self) -> Request: ...

    @property
    def prompt(self) -> tuple[int, ...]: ...

    @property
    def slot(self) -> int:
        """The number of the agent's adapter."""
        ...


class GrowingAnswer(Protocol):
    """An answer that is being sampled."""

    @property
    def tokens(self) -> list[int]:
        """The tokens so far."""
        ...

    @property
    def non_finite(self) -> bool:
        """Whether it ended because the agent's logits were not finite."""
        ...


class StreamBatch(Protocol):
    """The requests of one thread, by id."""

    @property
    def is_idle(self) -> bool:
        """Whether no request waits or runs."""
        ...

    def add_request(self, request_id: int, request: Any) -> None:
        """A prepared request joins with the next step, or as soon as there is room."""
        ...

    def abort_request(self, request_id: int) -> None:
        """Gives up a request. One that is finished or unknown changes nothing."""
        ...

    def step(self) -> Sequence[tuple[int, GrowingAnswer, bool]]:
        """One more token for every running answer: (request id, answer, whether it is finished)."""
        ...


@runtime_checkable
class StreamingBackend(Backend, Protocol):
    """A backend that can be served."""

    @property
    def stream_workers(self) -> int:
        """Threads that sample at the same time, each with a batch of its own."""
        ...

    @property
    def end_tokens(self) -> frozenset[int]:
        """The tokens that end an answer."""
        ...

    def decode(self, tokens: Sequence[int]) -> str:
        """The text of tokens."""
        ...

    def count_prompt_tokens(self, messages: Sequence[Message]) -> int:
        """Tokens of a conversation up to where the next answer starts."""
        ...

    def prepare(self, request: Request) -> PreparedRequest:
        """The request in token ids. Raises UserError where it does not fit the model."""
        ...

    def open_stream(self) -> StreamBatch:
        """A batch for the thread that calls it."""
        ...
