"""Between the event loop and the threads that compute: requests go in at any time, tokens come out as they are drawn.

Every lane of the engine is one thread with its own stream: it alone touches that stream, and all that others want of it
goes through its queue.
"""

import asyncio
import threading
from collections.abc import AsyncGenerator, Callable, Sequence
from dataclasses import dataclass, field
from itertools import count
from queue import SimpleQueue
from typing import NamedTuple

import torch

from docendo.engines.local.continuous_batch import ContinuousBatch, StreamUpdate
from docendo.engines.local.decoding import DecodeRequest
from docendo.engines.local.engine import LocalEngine
from docendo.serving.api_errors import ApiError

__all__ = ["RequestScheduler", "TokenDelta"]

_ATTACHED = 4
"""Rows by which another lane must be emptier before an agent leaves its own: agents together are faster than apart."""


class TokenDelta(NamedTuple):
    """New tokens of one of the rows that were asked for."""

    row: int
    tokens: tuple[int, ...]
    over: bool


class _Told(NamedTuple):
    ticket: int
    tokens: tuple[int, ...]
    over: bool
    failed: bool = False


class _Entry(NamedTuple):
    ticket: int
    row: DecodeRequest | None
    """None: it is wanted no more."""
    eager: bool = False
    """Whether tokens are told one by one, or all when it is over."""


@dataclass
class _Lane:
    make: Callable[[], ContinuousBatch]
    threads: int
    tell: Callable[[list[_Told]], None]
    entries: SimpleQueue[_Entry | None] = field(default_factory=SimpleQueue)
    load: int = 0
    """Rows that the event loop counts here."""
    over: threading.Event = field(default_factory=threading.Event)
    eager: dict[int, bool] = field(default_factory=dict)
    told: dict[int, int] = field(default_factory=dict)
    """Tokens of each row in flight that were told."""

    @property
    def alive(self) -> bool:
        """Whether what is put into the queue is done."""
        return not self.over.is_set()

    def run(self) -> None:
        """Until None is in the queue."""
        torch.set_num_threads(self.threads)
        try:
            while self._serve(self.make()):
                pass
        finally:
            self.over.set()
            while not self.entries.empty():
                entry = self.entries.get()
                if entry and entry.row:
                    self.told[entry.ticket] = 0
            self._fail()

    def _serve(self, stream: ContinuousBatch) -> bool:
        """Whether to go on with a new stream: this one failed, as where memory ran out."""
        try:
            while self._receive(stream):
                self._tell(stream.step())
        except (RuntimeError, MemoryError):
            self._fail()
            return True
        return False

    def _receive(self, stream: ContinuousBatch) -> bool:
        """Takes what is in the queue, and waits for something where there is nothing else to do."""
        while stream.is_idle or not self.entries.empty():
            entry = self.entries.get()
            if entry is None:
                return False
            if entry.row is None:
                stream.abort_request(entry.ticket)
                self._forget(entry.ticket)
            else:
                stream.add_request(entry.ticket, entry.row)
                self.eager[entry.ticket], self.told[entry.ticket] = entry.eager, 0
        return True

    def _tell(self, seen: Sequence[StreamUpdate]) -> None:
        fresh = []
        for s in seen:
            if s.finished or self.eager[s.request_id]:
                fresh.append(
                    _Told(
                        s.request_id,
                        tuple(s.result.tokens[self.told[s.request_id] :]),
                        s.finished,
                        s.result.non_finite,
                    )
                )
                self.told[s.request_id] = len(s.result.tokens)
            if s.finished:
                self._forget(s.request_id)
        if fresh:
            self.tell(fresh)

    def _forget(self, ticket: int) -> None:
        self.told.pop(ticket, None)
        self.eager.pop(ticket, None)

    def _fail(self) -> None:
        """Whatever was asked for is over."""
        gone = [_Told(ticket, (), True, failed=True) for ticket in self.told]
        self.told.clear()
        self.eager.clear()
        if gone:
            self.tell(gone)


class RequestScheduler:
    """Of one event loop. `most` rows are taken at once, those that wait for a seat among them."""

    def __init__(self, engine: LocalEngine, most: int) -> None:
        self.engine, self.most = engine, most
        self.ending = False
        self._loop = asyncio.get_running_loop()
        self._numbers = count()
        self._waiting: dict[int, asyncio.Queue[_Told]] = {}
        self._lanes = [self._lane() for _ in range(engine.workers.count)]

    @property
    def busy(self) -> int:
        """Rows that were asked for and are not over."""
        return len(self._waiting)

    async def answer(
        self, rows: Sequence[DecodeRequest], eager: bool
    ) -> AsyncGenerator[TokenDelta, None]:
        """The tokens of the rows as they come, or of each row all at once; rows that nobody waits for are given up.

        Close it (`aclosing`) where it is left early. Raises ApiError: 429 where too much is wanted already, 503 where
        computing failed.
        """
        if self.ending:
            raise _ending()
        if self.busy + len(rows) > self.most:
            raise ApiError(
                429,
                f"{self.busy} answers are under way, and {self.most} is the limit; try again",
                "busy",
            )
        lane = self._choose(rows[0].slot)
        tickets = {next(self._numbers): i for i in range(len(rows))}
        queue: asyncio.Queue[_Told] = asyncio.Queue()
        self._waiting |= dict.fromkeys(tickets, queue)
        lane.load += len(rows)
        try:
            for ticket, i in tickets.items():
                lane.entries.put(_Entry(ticket, rows[i], eager))
            if not lane.alive:
                raise _failed()
            while any(ticket in self._waiting for ticket in tickets):
                told = await queue.get()
                if told.over:
                    self._waiting.pop(told.ticket, None)
                if told.failed:
                    raise _ending() if self.ending else _failed()
                yield TokenDelta(tickets[told.ticket], told.tokens, told.over)
        finally:
            lane.load -= len(rows)
            for ticket in tickets:
                if self._waiting.pop(ticket, None) is not None:
                    lane.entries.put(_Entry(ticket, None))

    def end(self) -> None:
        """Whoever waits is told that the server ends, and nobody is answered any more."""
        self.ending = True
        self._hand_out([_Told(ticket, (), True, failed=True) for ticket in self._waiting])

    async def close(self) -> None:
        """Ends the threads after their present step; what is under way fails."""
        for lane in self._lanes:
            lane.entries.put(None)
        for lane in self._lanes:
            await asyncio.to_thread(lane.over.wait)

    def _choose(self, slot: int) -> _Lane:
        """One whose thread a bug ended has shown its traceback, and gets a successor."""
        self._lanes = [lane if lane.alive else self._lane() for lane in self._lanes]
        own = self._lanes[slot % len(self._lanes)]
        return min(
            self._lanes, key=lambda lane: lane.load - (_ATTACHED if lane is own else 0)
        )

    def _lane(self) -> _Lane:
        lane = _Lane(self.engine.stream, self.engine.workers.threads, self._tell)
        threading.Thread(target=lane.run, name="serving", daemon=True).start()
        return lane

    def _tell(self, told: list[_Told]) -> None:
        """Called by the lanes."""
        if not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._hand_out, told)

    def _hand_out(self, told: Sequence[_Told]) -> None:
        for one in told:
            if queue := self._waiting.get(one.ticket):
                queue.put_nowait(one)


def _ending() -> ApiError:
    return ApiError(503, "the server is ending", "ending")


def _failed() -> ApiError:
    return ApiError(503, "the answer could not be computed; try again", "failed")
