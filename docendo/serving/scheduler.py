"""Between the event loop and the threads that compute: requests go in at any time, tokens come out.

Every worker is one thread with a batch of its own. The thread alone touches that batch, and
the event loop reaches it through a request queue.
"""

import asyncio
import threading
from collections.abc import AsyncGenerator, Callable, Sequence
from dataclasses import dataclass, field
from itertools import count
from queue import SimpleQueue
from typing import NamedTuple

from docendo.serving.api_errors import ApiError
from docendo.serving.streaming import (
    GrowingAnswer,
    PreparedRequest,
    StreamBatch,
    StreamingBackend,
)

__all__ = ["RequestScheduler", "TokenDelta"]

_AFFINITY = 4
"""Rows by which another worker must be less loaded before an agent leaves its usual one.

Rows of one agent in one batch are faster than in two.
"""


class TokenDelta(NamedTuple):
    """New tokens of one row of a call of `stream_tokens`."""

    row: int
    tokens: tuple[int, ...]
    finished: bool


class _RowUpdate(NamedTuple):
    """What a worker reports of a row."""

    request_id: int
    tokens: tuple[int, ...] = ()
    """Those that were not reported before."""
    finished: bool = True
    failed: bool = False


class _QueuedRequest(NamedTuple):
    request_id: int
    row: PreparedRequest | None
    """None: the client has gone, and the row is to be aborted."""
    streams: bool = False
    """Whether tokens are reported one by one, or all at the end."""


@dataclass
class _BatchWorker:
    open_stream: Callable[[], StreamBatch]
    """Called in the worker's own thread."""
    report: Callable[[list[_RowUpdate]], None]
    queue: SimpleQueue[_QueuedRequest | None] = field(default_factory=SimpleQueue)
    """None ends the worker."""
    load: int = 0
    """Unfinished rows, as the event loop counts them."""
    stopped: threading.Event = field(default_factory=threading.Event)
    streams: dict[int, bool] = field(default_factory=dict)
    """By request: whether its tokens are reported one by one."""
    reported: dict[int, int] = field(default_factory=dict)
    """By request: the number of its tokens that were reported."""

    @property
    def is_alive(self) -> bool:
        """Whether it still takes requests from its queue."""
        return not self.stopped.is_set()

    def run(self) -> None:
        """Compute until None is in the queue."""
        try:
            while self._run_batch(self.open_stream()):
                pass
        finally:
            # A bug ended the thread: nothing may wait for an answer that never comes.
            self.stopped.set()
            while not self.queue.empty():
                queued = self.queue.get()
                if queued and queued.row:
                    self.reported[queued.request_id] = 0
            self._fail_all()

    def _run_batch(self, batch: StreamBatch) -> bool:
        """Whether to go on with a new batch: this one failed, for example out of memory."""
        # torch's errors are RuntimeErrors; any other exception is a bug, and ends the thread
        try:
            while self._take_requests(batch):
                self._report_updates(batch.step())
        except (RuntimeError, MemoryError):
            self._fail_all()
            return True
        return False

    def _take_requests(self, batch: StreamBatch) -> bool:
        """Empty the queue into the batch, waiting while there is nothing to compute.

        False where the worker is to end.
        """
        # continuous batching: between two steps rows join and leave, and the others go on
        while batch.is_idle or not self.queue.empty():
            queued = self.queue.get()
            if queued is None:
                return False

            if queued.row is None:
                batch.abort_request(queued.request_id)
                self._forget(queued.request_id)
            else:
                batch.add_request(queued.request_id, queued.row)
                self.streams[queued.request_id] = queued.streams
                self.reported[queued.request_id] = 0
        return True

    def _report_updates(
        self, stream_updates: Sequence[tuple[int, GrowingAnswer, bool]]
    ) -> None:
        # one report for all rows of a step: each wakes up the event loop
        updates = []
        for request_id, result, finished in stream_updates:
            if finished or self.streams[request_id]:
                tokens = tuple(result.tokens[self.reported[request_id] :])
                failed = result.non_finite
                updates.append(_RowUpdate(request_id, tokens, finished, failed))
                self.reported[request_id] = len(result.tokens)
            if finished:
                self._forget(request_id)
        if updates:
            self.report(updates)

    def _forget(self, request_id: int) -> None:
        self.reported.pop(request_id, None)
        self.streams.pop(request_id, None)

    def _fail_all(self) -> None:
        """Report every unfinished row as failed."""
        updates = [_RowUpdate(request_id, failed=True) for request_id in self.reported]
        self.reported.clear()
        self.streams.clear()
        if updates:
            self.report(updates)


class RequestScheduler:
    """Spreads rows over the backend's workers. One for each event loop.

    It takes up to `max_rows` unfinished rows at once, those that wait in a queue included.
    """

    def __init__(self, backend: StreamingBackend, max_rows: int) -> None:
        self.backend = backend
        self.max_rows = max_rows
        self.is_closing = False
        self._loop = asyncio.get_running_loop()
        self._request_ids = count()
        self._streams: dict[int, asyncio.Queue[_RowUpdate]] = {}
        self._workers = [self._start_worker() for _ in range(backend.stream_workers)]

    @property
    def unfinished(self) -> int:
        """How many rows were requested and are not finished."""
        return len(self._streams)

    async def stream_tokens(
        self, rows: Sequence[PreparedRequest], one_by_one: bool
    ) -> AsyncGenerator[TokenDelta, None]:
        """The tokens of the rows, one by one as they are sampled, or of each row at its end.

        Close it (`aclosing`) to leave early: unfinished rows are aborted. Raises ApiError: 429
        where too many rows are unfinished, 503 where computing failed.
        """
        if self.is_closing:
            raise _closing_error()
        if self.unfinished + len(rows) > self.max_rows:
            raise ApiError(
                429,
                f"{self.unfinished} answers are under way, and {self.max_rows} is the limit; "
                "try again",
                "busy",
            )

        # All rows of a request go to one worker: they share a prompt, which a batch reads once.
        worker = self._choose_worker(rows[0].slot)
        row_of = {next(self._request_ids): i for i in range(len(rows))}
        stream: asyncio.Queue[_RowUpdate] = asyncio.Queue()
        self._streams |= dict.fromkeys(row_of, stream)
        worker.load += len(rows)

        try:
            for request_id, i in row_of.items():
                worker.queue.put(_QueuedRequest(request_id, rows[i], one_by_one))
            # It may have died just now, with these rows unread in its queue.
            if not worker.is_alive:
                raise _failure_error()

            while any(request_id in self._streams for request_id in row_of):
                update = await stream.get()
                if update.finished:
                    self._streams.pop(update.request_id, None)
                if update.failed:
                    raise _closing_error() if self.is_closing else _failure_error()
                yield TokenDelta(row_of[update.request_id], update.tokens, update.finished)
        finally:
            worker.load -= len(rows)
            for request_id in row_of:
                if self._streams.pop(request_id, None) is not None:
                    worker.queue.put(_QueuedRequest(request_id, None))

    def begin_closing(self) -> None:
        """Refuse new rows, and fail the unfinished ones at once."""
        self.is_closing = True
        failures = [_RowUpdate(request_id, failed=True) for request_id in self._streams]
        self._dispatch(failures)

    async def close(self) -> None:
        """End the threads after their current step; unfinished rows fail."""
        for worker in self._workers:
            worker.queue.put(None)
        for worker in self._workers:
            await asyncio.to_thread(worker.stopped.wait)

    def _choose_worker(self, slot: int) -> _BatchWorker:
        """The least loaded worker, with a preference for the usual one of the adapter's slot."""
        for i, worker in enumerate(self._workers):
            if not worker.is_alive:  # a bug ended its thread, which printed the traceback
                self._workers[i] = self._start_worker()
        usual = self._workers[slot % len(self._workers)]

        def effective_load(worker: _BatchWorker) -> int:
            return worker.load - (_AFFINITY if worker is usual else 0)

        return min(self._workers, key=effective_load)

    def _start_worker(self) -> _BatchWorker:
        # a daemon: a step that hangs does not keep the process from ending
        worker = _BatchWorker(self.backend.open_stream, self._dispatch_from_thread)
        threading.Thread(target=worker.run, name="serving", daemon=True).start()
        return worker

    def _dispatch_from_thread(self, updates: list[_RowUpdate]) -> None:
        if not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._dispatch, updates)

    def _dispatch(self, updates: Sequence[_RowUpdate]) -> None:
        for update in updates:
            if stream := self._streams.get(update.request_id):
                stream.put_nowait(update)


def _closing_error() -> ApiError:
    return ApiError(503, "the server is ending", "ending")


def _failure_error() -> ApiError:
    return ApiError(503, "the answer could not be computed; try again", "failed")
