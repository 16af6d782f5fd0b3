"""Continuous batching: requests come and go while others run, and are seen token by token.

An answer's tokens are those that `decode` gives, whatever else is in the batch.
"""

from collections import deque
from collections.abc import Sequence
from typing import NamedTuple

import torch

from docendo.engines.local.capacity import (
    DecodingLimits,
    answer_width,
    count_admissible,
    prompt_width,
)
from docendo.engines.local.decode_request import DecodeRequest, DecodeResult
from docendo.engines.local.decoding import NO_REQUEST, RunningBatch
from docendo.engines.model.kv_cache import ALIGN, CacheShape, aligned_width
from docendo.engines.model.network import Network

__all__ = ["ContinuousBatch", "StreamUpdate"]


class StreamUpdate(NamedTuple):
    """An answer that grew in the last step."""

    request_id: int
    result: DecodeResult
    """It goes on growing, unless it is finished."""
    finished: bool


class ContinuousBatch:
    """The requests of one worker, by id. Not for several threads at once."""

    def __init__(
        self, network: Network, ends: frozenset[int], limits: DecodingLimits
    ) -> None:
        self.network = network
        self.ends = ends
        self.limits = limits
        self.waiting: deque[tuple[int, DecodeRequest]] = deque()
        self.running: dict[int, DecodeResult] = {}
        self.batch: RunningBatch | None = None

    @property
    def is_idle(self) -> bool:
        """Whether no request waits or runs."""
        return not self.waiting and not self.running

    def add_request(self, request_id: int, request: DecodeRequest) -> None:
        """The request joins with the next step, or as soon as there is room."""
        self.waiting.append((request_id, request))

    def abort_request(self, request_id: int) -> None:
        """Gives up a request. One that is finished or unknown changes nothing."""
        self.waiting = deque(pair for pair in self.waiting if pair[0] != request_id)
        aborted = self.running.pop(request_id, None)
        if self.batch is None or aborted is None:
            return
        for b in range(len(self.batch.request_of_row)):
            if self._result_of_row(b) is aborted:
                self.batch.request_of_row[b] = NO_REQUEST

    @torch.inference_mode()
    def step(self) -> list[StreamUpdate]:
        """Admits waiting requests, and gives every running answer one more token."""
        self._join()
        batch = self.batch
        if batch and batch.running:
            batch.step()

        unfinished = {id(self._result_of_row(b)) for b in batch.running} if batch else set()
        updates = [
            StreamUpdate(request_id, result, id(result) not in unfinished)
            for request_id, result in self.running.items()
        ]
        self.running = {u.request_id: u.result for u in updates if not u.finished}
        if not self.running:
            self.batch = None
        return updates

    def _join(self) -> None:
        """Moves the waiting requests that fit into the running batch, and reads their prompts."""
        if not self.waiting:
            return
        batch = self.batch
        running: list[DecodeRequest] = []
        if batch:
            running = [batch.requests[batch.request_of_row[b]] for b in batch.running]
        waiting = [request for _, request in self.waiting]
        joining = waiting[: count_admissible(running, waiting, self.limits)]
        if not joining:
            return

        if batch is None:
            batch = RunningBatch(self.network, joining, self.ends, self.limits)
            self.batch = batch
        else:
            _append_requests(batch, joining)
        # somebody waits for each of them: not even one free row is left empty
        batch.admit_every = len(batch.request_of_row)
        batch.admit()

        for result in batch.results[-len(joining) :]:
            request_id, _ = self.waiting.popleft()
            self.running[request_id] = result

    def _result_of_row(self, row: int) -> DecodeResult | None:
        if self.batch is None:
            return None
        number = self.batch.request_of_row[row]
        return None if number == NO_REQUEST else self.batch.results[number]


def _append_requests(batch: RunningBatch, joining: Sequence[DecodeRequest]) -> None:
    """Lets requests that fit wait in the batch, with room for all; finished ones are dropped."""
    running_rows = batch.running
    unfinished = [batch.request_of_row[b] for b in running_rows]
    new_number = {old: new for new, old in enumerate(unfinished)}

    batch.request_of_row = [new_number.get(i, NO_REQUEST) for i in batch.request_of_row]
    batch.requests = [*(batch.requests[i] for i in unfinished), *joining]
    batch.results = [
        *(batch.results[i] for i in unfinished),
        *(DecodeResult() for _ in joining),
    ]
    batch.first_waiting = len(unfinished)
    batch.max_width = answer_width(batch.requests)
    batch.plan = None
    if not _has_room(batch, running_rows):
        _resize(batch, running_rows)


def _has_room(batch: RunningBatch, running_rows: Sequence[int]) -> bool:
    """Whether all requests fit into the cache as it is, within the limits at their longest."""
    rows = len(batch.request_of_row)
    prompts = len(batch.prompts)
    columns_of_prompt = batch.cache.prompts[0].shape[3]
    used_prompts = {batch.prompt_of_row[b] for b in running_rows}
    keys = {request.key for request in batch.requests}
    new_keys = keys - {batch.prompts[q] for q in used_prompts}

    if len(batch.requests) > rows or len(used_prompts) + len(new_keys) > prompts:
        return False
    if max(len(request.prompt) for request in batch.requests) > columns_of_prompt:
        return False
    columns = rows * max(batch.width, batch.max_width) + prompts * columns_of_prompt
    return columns <= batch.limits.cache_columns


def _resize(batch: RunningBatch, running_rows: Sequence[int]) -> None:
    """Gives the batch a cache for all its requests, and no more."""
    rows = len(batch.requests)
    used_prompts = sorted({batch.prompt_of_row[b] for b in running_rows})
    prompts = len({request.key for request in batch.requests})
    longest = max((len(result.tokens) for result in batch.results), default=0)
    batch.width = min(batch.max_width, max(ALIGN, 2 * aligned_width(longest)))

    batch.cache.resize(
        CacheShape(used_prompts, prompts, prompt_width(batch.requests)),
        CacheShape(running_rows, rows, batch.width),
    )
    batch.renumber(used_prompts, running_rows)

    new_prompts = prompts - len(used_prompts)
    new_rows = rows - len(running_rows)
    blank_logits_QV = batch.first_logits_QV.new_zeros(
        new_prompts, batch.first_logits_QV.shape[1]
    )
    batch.prompts += [None] * new_prompts
    batch.first_logits_QV = torch.cat([batch.first_logits_QV, blank_logits_QV])
    batch.prompt_of_row += [0] * new_rows
    batch.request_of_row += [NO_REQUEST] * new_rows
