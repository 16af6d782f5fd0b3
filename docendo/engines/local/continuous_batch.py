"""Continuous batching: rows that come and go while others run, and are seen token by token.

An answer's tokens are those that `decode` gives: whoever else is in the batch changes none of them.
"""

from collections import deque
from collections.abc import Sequence
from typing import NamedTuple

import torch

from docendo.engines.local.decoding import DecodingLimits, Row, RunningBatch, Sampled
from docendo.engines.model.kv_cache import ALIGN, Fit, columns
from docendo.engines.model.network import Network

__all__ = ["ContinuousBatch", "Seen", "fitting"]


class Seen(NamedTuple):
    """What there is of an answer."""

    ticket: int
    result: Sampled
    """It goes on growing, unless it is over."""
    over: bool


class ContinuousBatch:
    """The rows of one lane, by ticket. Not for several threads at once."""

    def __init__(self, network: Network, end: int, limits: DecodingLimits) -> None:
        self.network, self.end, self.limits = network, end, limits
        self.waiting: deque[tuple[int, Row]] = deque()
        self.running: dict[int, Sampled] = {}
        self.flight: RunningBatch | None = None

    @property
    def idle(self) -> bool:
        """Whether nobody waits and nobody runs."""
        return not self.waiting and not self.running

    def enter(self, ticket: int, row: Row) -> None:
        """A row that is to be answered: it joins with the next step, or once there is room."""
        self.waiting.append((ticket, row))

    def leave(self, ticket: int) -> None:
        """Nobody wants the answer any more. A ticket that is over or unknown is none."""
        self.waiting = deque(pair for pair in self.waiting if pair[0] != ticket)
        gone = self.running.pop(ticket, None)
        if self.flight and gone is not None:
            self.flight.seats = [
                -1 if self._result(b) is gone else i
                for b, i in enumerate(self.flight.seats)
            ]

    @torch.inference_mode()
    def step(self) -> list[Seen]:
        """The answers that grew: those that wait have joined as far as there is room, and all have a token more."""
        self._join()
        if self.flight and self.flight.running:
            self.flight.step()
        alive = {id(self._result(b)) for b in self.flight.running} if self.flight else set()
        seen = [
            Seen(ticket, result, id(result) not in alive)
            for ticket, result in self.running.items()
        ]
        self.running = {s.ticket: s.result for s in seen if not s.over}
        if not self.running:
            self.flight = None
        return seen

    def _join(self) -> None:
        flight, waiting = self.flight, [row for _, row in self.waiting]
        live = [flight.rows[flight.seats[b]] for b in flight.running] if flight else []
        rows = waiting[: fitting(live, waiting, self.limits)]
        if not rows:
            return
        if flight is None:
            flight = self.flight = RunningBatch(self.network, rows, self.end, self.limits)
        else:
            _board(flight, rows)
        flight.refill = len(flight.seats)
        flight.admit()
        tickets = [self.waiting.popleft()[0] for _ in rows]
        self.running |= zip(tickets, flight.results[-len(rows) :], strict=True)

    def _result(self, seat: int) -> Sampled | None:
        number = self.flight.seats[seat] if self.flight else -1
        return self.flight.results[number] if self.flight and number >= 0 else None


def fitting(running: Sequence[Row], waiting: Sequence[Row], limits: DecodingLimits) -> int:
    """How many of those that wait, the first first, can join those that run; one at least where nobody runs."""
    keys, count = {r.key for r in running}, len(running)
    answer = max((r.request.max_tokens for r in running), default=0)
    prompt = max((len(r.prompt) for r in running), default=0)
    for joined, row in enumerate(waiting):
        answer, prompt = max(answer, row.request.max_tokens), max(prompt, len(row.prompt))
        keys.add(row.key)
        count += 1
        needed = count * columns(answer) + len(keys) * columns(prompt)
        if count > 1 and (count > limits.rows or needed > limits.cache_columns):
            return joined
    return len(waiting)


def _board(flight: RunningBatch, rows: Sequence[Row]) -> None:
    """Rows that fit wait in the flight, which has room for them all; rows that ended are forgotten."""
    running = flight.running
    live = [flight.seats[b] for b in running]
    place = {number: i for i, number in enumerate(live)}
    flight.seats = [place.get(number, -1) for number in flight.seats]
    flight.rows = [*(flight.rows[i] for i in live), *rows]
    flight.results = [*(flight.results[i] for i in live), *(Sampled() for _ in rows)]
    flight.waiting = len(live)
    flight.widest = columns(max(r.request.max_tokens for r in flight.rows))
    flight.plan = None
    if not _roomy(flight, running):
        _refit(flight, running)


def _roomy(flight: RunningBatch, running: Sequence[int]) -> bool:
    """Whether the store has room for all rows as it is, and keeps to the limits when they are at their longest."""
    kept = {flight.place[b] for b in running}
    fresh = {r.key for r in flight.rows} - {flight.prompts[q] for q in kept}
    seats, places, width = (
        len(flight.seats),
        len(flight.prompts),
        flight.store.prompts[0].shape[3],
    )
    return (
        len(flight.rows) <= seats
        and len(kept) + len(fresh) <= places
        and max(len(r.prompt) for r in flight.rows) <= width
        and seats * max(flight.width, flight.widest) + places * width
        <= flight.limits.cache_columns
    )


def _refit(flight: RunningBatch, running: Sequence[int]) -> None:
    """A store for all rows, and no more."""
    used, rows = sorted({flight.place[b] for b in running}), flight.rows
    places, prompt = len({r.key for r in rows}), columns(max(len(r.prompt) for r in rows))
    longest = max((len(result.tokens) for result in flight.results), default=0)
    flight.width = min(flight.widest, max(ALIGN, 2 * columns(longest)))
    flight.store.refit(Fit(used, places, prompt), Fit(running, len(rows), flight.width))
    flight.renumber(used, running)
    flight.prompts += [None] * (places - len(used))
    blank = flight.first_QV.new_zeros(places - len(used), flight.first_QV.shape[1])
    flight.first_QV = torch.cat([flight.first_QV, blank])
    flight.place += [0] * (len(rows) - len(running))
    flight.seats += [-1] * (len(rows) - len(running))
