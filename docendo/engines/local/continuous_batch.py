"""Continuous batching: rows that come and go while others run, and are seen token by token.

An answer's tokens are those that `decode` gives: whoever else is in the batch changes none of them.
"""

from collections import deque
from collections.abc import Sequence
from typing import NamedTuple

import torch

from docendo.engines.local.decoding import (
    DecodeRequest,
    DecodeResult,
    DecodingLimits,
    RunningBatch,
)
from docendo.engines.model.kv_cache import ALIGN, CacheShape, aligned_width
from docendo.engines.model.network import Network

__all__ = ["ContinuousBatch", "StreamUpdate", "count_admissible"]


class StreamUpdate(NamedTuple):
    """What there is of an answer."""

    request_id: int
    result: DecodeResult
    """It goes on growing, unless it is over."""
    finished: bool


class ContinuousBatch:
    """The rows of one lane, by ticket. Not for several threads at once."""

    def __init__(self, network: Network, end: int, limits: DecodingLimits) -> None:
        self.network, self.end, self.limits = network, end, limits
        self.waiting: deque[tuple[int, DecodeRequest]] = deque()
        self.running: dict[int, DecodeResult] = {}
        self.batch: RunningBatch | None = None

    @property
    def is_idle(self) -> bool:
        """Whether nobody waits and nobody runs."""
        return not self.waiting and not self.running

    def add_request(self, request_id: int, row: DecodeRequest) -> None:
        """A row that is to be answered: it joins with the next step, or once there is room."""
        self.waiting.append((request_id, row))

    def abort_request(self, request_id: int) -> None:
        """Nobody wants the answer any more. A ticket that is over or unknown is none."""
        self.waiting = deque(pair for pair in self.waiting if pair[0] != request_id)
        gone = self.running.pop(request_id, None)
        if self.batch and gone is not None:
            self.batch.seats = [
                -1 if self._result(b) is gone else i for b, i in enumerate(self.batch.seats)
            ]

    @torch.inference_mode()
    def step(self) -> list[StreamUpdate]:
        """The answers that grew: those that wait have joined as far as there is room, and all have a token more."""
        self._join()
        if self.batch and self.batch.running:
            self.batch.step()
        alive = {id(self._result(b)) for b in self.batch.running} if self.batch else set()
        seen = [
            StreamUpdate(ticket, result, id(result) not in alive)
            for ticket, result in self.running.items()
        ]
        self.running = {s.request_id: s.result for s in seen if not s.finished}
        if not self.running:
            self.batch = None
        return seen

    def _join(self) -> None:
        batch, waiting = self.batch, [row for _, row in self.waiting]
        live = [batch.rows[batch.seats[b]] for b in batch.running] if batch else []
        rows = waiting[: count_admissible(live, waiting, self.limits)]
        if not rows:
            return
        if batch is None:
            batch = self.batch = RunningBatch(self.network, rows, self.end, self.limits)
        else:
            _board(batch, rows)
        batch.refill = len(batch.seats)
        batch.admit()
        tickets = [self.waiting.popleft()[0] for _ in rows]
        self.running |= zip(tickets, batch.results[-len(rows) :], strict=True)

    def _result(self, seat: int) -> DecodeResult | None:
        number = self.batch.seats[seat] if self.batch else -1
        return self.batch.results[number] if self.batch and number >= 0 else None


def count_admissible(
    running: Sequence[DecodeRequest],
    waiting: Sequence[DecodeRequest],
    limits: DecodingLimits,
) -> int:
    """How many of those that wait, the first first, can join those that run; one at least where nobody runs."""
    keys, count = {r.key for r in running}, len(running)
    answer = max((r.request.max_tokens for r in running), default=0)
    prompt = max((len(r.prompt) for r in running), default=0)
    for joined, row in enumerate(waiting):
        answer, prompt = max(answer, row.request.max_tokens), max(prompt, len(row.prompt))
        keys.add(row.key)
        count += 1
        needed = count * aligned_width(answer) + len(keys) * aligned_width(prompt)
        if count > 1 and (count > limits.rows or needed > limits.cache_columns):
            return joined
    return len(waiting)


def _board(batch: RunningBatch, rows: Sequence[DecodeRequest]) -> None:
    """Rows that fit wait in the batch, which has room for them all; rows that ended are forgotten."""
    running = batch.running
    live = [batch.seats[b] for b in running]
    place = {number: i for i, number in enumerate(live)}
    batch.seats = [place.get(number, -1) for number in batch.seats]
    batch.rows = [*(batch.rows[i] for i in live), *rows]
    batch.results = [*(batch.results[i] for i in live), *(DecodeResult() for _ in rows)]
    batch.waiting = len(live)
    batch.widest = aligned_width(max(r.request.max_tokens for r in batch.rows))
    batch.plan = None
    if not _roomy(batch, running):
        _refit(batch, running)


def _roomy(batch: RunningBatch, running: Sequence[int]) -> bool:
    """Whether the store has room for all rows as it is, and keeps to the limits when they are at their longest."""
    kept = {batch.place[b] for b in running}
    fresh = {r.key for r in batch.rows} - {batch.prompts[q] for q in kept}
    seats, places, width = (
        len(batch.seats),
        len(batch.prompts),
        batch.store.prompts[0].shape[3],
    )
    return (
        len(batch.rows) <= seats
        and len(kept) + len(fresh) <= places
        and max(len(r.prompt) for r in batch.rows) <= width
        and seats * max(batch.width, batch.widest) + places * width
        <= batch.limits.cache_columns
    )


def _refit(batch: RunningBatch, running: Sequence[int]) -> None:
    """A store for all rows, and no more."""
    used, rows = sorted({batch.place[b] for b in running}), batch.rows
    places, prompt = (
        len({r.key for r in rows}),
        aligned_width(max(len(r.prompt) for r in rows)),
    )
    longest = max((len(result.tokens) for result in batch.results), default=0)
    batch.width = min(batch.widest, max(ALIGN, 2 * aligned_width(longest)))
    batch.store.resize(
        CacheShape(used, places, prompt), CacheShape(running, len(rows), batch.width)
    )
    batch.renumber(used, running)
    batch.prompts += [None] * (places - len(used))
    blank = batch.first_QV.new_zeros(places - len(used), batch.first_QV.shape[1])
    batch.first_QV = torch.cat([batch.first_QV, blank])
    batch.place += [0] * (len(rows) - len(running))
    batch.seats += [-1] * (len(rows) - len(running))
