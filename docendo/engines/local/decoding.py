"""Decodes many requests at once: prompts are read once, and a finished row makes room.

Axes: B rows in flight, Q prompts in flight, T tokens of the prompts being read, V vocabulary.
"""

from collections.abc import Callable, Sequence

import torch
from torch import Tensor

from docendo.engines.local.capacity import (
    DecodingLimits,
    answer_width,
    plan_capacity,
    prompt_width,
)
from docendo.engines.local.decode_request import DecodeRequest, DecodeResult, PromptKey
from docendo.engines.local.memory import recover
from docendo.engines.local.token_draw import draw_next_tokens
from docendo.engines.lora.routing import Routing
from docendo.engines.model.kv_cache import DecodePlan, KVCache, PrefillPlan
from docendo.engines.model.network import LastTokens, Network

__all__ = ["NO_REQUEST", "RunningBatch", "decode"]

NO_REQUEST = -1
"""In `RunningBatch.request_of_row`: the row is free."""
_COMPACT_BELOW = 0.8
"""With nothing waiting, finished rows leave the cache below this share of running ones.

Moving the rest costs a copy.
"""
_ADMIT_EVERY = 8
"""Waiting requests are admitted when one row in so many is free.

Reading a prompt interrupts all other rows.
"""
_FIRST_WIDTH = 64
"""Columns for answers at first; they double when an answer grows beyond them."""


@torch.inference_mode()
def decode(
    network: Network,
    requests: Sequence[DecodeRequest],
    ends: frozenset[int],
    limits: DecodingLimits,
    is_stopped: Callable[[], bool],
) -> list[DecodeResult]:
    """One result per request, unfinished where `is_stopped` or where memory ran out.

    Requests of equal prompt and slot are adjacent.
    """
    results = [DecodeResult() for _ in requests]
    try:
        batch = RunningBatch(network, list(requests), ends, limits)
        results = batch.results
        while not is_stopped():
            batch.admit()
            if not batch.running:
                break
            batch.step()
    except (MemoryError, RuntimeError) as error:
        recover(error)
    return results


class RunningBatch:
    """The rows in flight, and the requests that wait for one.

    Requests and results are numbered together. Row b decodes request `request_of_row[b]`, which
    may be finished, behind prompt `prompt_of_row[b]` of the cache.
    """

    def __init__(
        self,
        network: Network,
        requests: list[DecodeRequest],
        ends: frozenset[int],
        limits: DecodingLimits,
    ) -> None:
        self.network = network
        self.requests = requests
        self.results = [DecodeResult() for _ in requests]
        self.ends = ends
        self.limits = limits
        self.device = network.head_Vd.device
        self.stepper = network.make_stepper(network)

        rows, prompts = plan_capacity(requests, limits)
        self.request_of_row = [NO_REQUEST] * rows
        self.prompt_of_row = [0] * rows
        self.prompts: list[PromptKey | None] = [None] * prompts
        self.first_waiting = 0
        """Requests from this one on wait."""
        self.admit_every = _ADMIT_EVERY

        self.max_width = answer_width(requests)
        self.width = min(_FIRST_WIDTH, self.max_width)
        """Columns of the cache for answers."""
        self.cache = KVCache.allocate(
            network.layers,
            network.heads,
            (prompts, prompt_width(requests)),
            (rows, self.width),
            network.head_Vd,
        )
        self.first_logits_QV = network.head_Vd.new_empty(prompts, len(network.head_Vd))
        """Logits of the first token behind each prompt."""
        self.plan: DecodePlan | None = None
        self.routing: Routing | None = None

    @property
    def running(self) -> list[int]:
        """The rows that decode an unfinished request."""
        return [
            b
            for b, i in enumerate(self.request_of_row)
            if i != NO_REQUEST and not self.results[i].finished
        ]

    def admit(self) -> None:
        """Gives free rows to waiting requests, as soon as that is worth the interruption."""
        rows = len(self.request_of_row)
        while self.first_waiting < len(self.requests):
            running = set(self.running)
            free = [b for b in range(rows) if b not in running]
            if not free or (running and len(free) * self.admit_every < rows):
                return

            used_prompts = {self.prompt_of_row[b] for b in running}
            admitted = self._assign_rows(free, used_prompts)
            if not admitted:
                return
            self.plan = None
            prompts = [self.prompt_of_row[b] for b in admitted]
            self._draw(admitted, self.first_logits_QV[prompts])

    def _assign_rows(self, free: list[int], used_prompts: set[int]) -> list[int]:
        """Assigns waiting requests to free rows and reads their prompts; returns the rows."""
        assigned: list[int] = []
        new_prompts: list[int] = []
        for b in free:
            if self.first_waiting == len(self.requests):
                break
            key = self.requests[self.first_waiting].key
            if key in self.prompts:
                prompt = self.prompts.index(key)
            else:
                unused = (q for q in range(len(self.prompts)) if q not in used_prompts)
                prompt = next(unused, -1)
                if prompt < 0:
                    break
                self.prompts[prompt] = key
                new_prompts.append(prompt)

            used_prompts.add(prompt)
            self.request_of_row[b] = self.first_waiting
            self.prompt_of_row[b] = prompt
            self.first_waiting += 1
            assigned.append(b)

        self.cache.zero(new_prompts, assigned)
        self._read_prompts(new_prompts)
        return assigned

    def _read_prompts(self, prompts: list[int]) -> None:
        """Reads these prompts of the cache, a few at a time."""
        together: list[int] = []
        longest = 0
        for q in prompts:
            length = len(self._prompt_ids(q))
            padded = max(longest, length) * (len(together) + 1)
            if together and padded > self.limits.prefill_tokens:
                self._prefill(together)
                together = []
                longest = 0
            together.append(q)
            longest = max(longest, length)
        if together:
            self._prefill(together)

    def _prefill(self, prompts: list[int]) -> None:
        ids: list[int] = []
        positions: list[int] = []
        slots: list[int] = []
        spans: list[tuple[int, int]] = []
        for q in prompts:
            key = self.prompts[q]
            assert key is not None, "it was assigned"  # noqa: S101
            spans.append((len(ids), len(ids) + len(key.ids)))
            ids += key.ids
            positions += range(len(key.ids))
            slots += [key.slot] * len(key.ids)

        plan = PrefillPlan.of(self.cache, self.network.heads, spans, prompts)
        hidden_Td = self.network.stack.infer(
            torch.tensor(ids, device=self.device),
            torch.tensor(positions, device=self.device),
            Routing.of(slots, self.device),
            plan,
        )
        last_hidden_Qd = hidden_Td[[stop - 1 for _, stop in spans]]
        self.first_logits_QV[prompts] = self.network.logits(last_hidden_Qd)

    def _prompt_ids(self, prompt: int) -> tuple[int, ...]:
        key = self.prompts[prompt]
        return key.ids if key else ()

    def step(self) -> None:
        """One more token for every running row."""
        self._compact()
        plan, routing = self._update_plan()

        last_tokens: list[int] = []
        positions: list[int] = []
        columns: list[int] = []
        for i, q in zip(self.request_of_row, self.prompt_of_row, strict=True):
            # a row that is finished or free computes along; nobody reads what comes of it
            tokens = self.results[max(i, 0)].tokens
            column = min(len(tokens), self.width) - 1 if tokens else 0
            last_tokens.append(tokens[-1] if tokens else 0)
            positions.append(len(self._prompt_ids(q)) + column)
            columns.append(column)
        last = LastTokens(last_tokens, positions, columns)
        logits_BV = self.stepper(last, routing, plan)

        running = self.running
        if len(running) < len(self.request_of_row):
            logits_BV = logits_BV[running]
        self._draw(running, logits_BV)

    def _update_plan(self) -> tuple[DecodePlan, Routing]:
        """The plan and routing of the next step, anew where rows or widths changed."""
        longest = max(
            len(self.results[self.request_of_row[b]].tokens) for b in self.running
        )
        if longest > self.width:
            self.width = min(2 * self.width, self.max_width)
            self.cache.widen(self.width)
            self.plan = None
        if self.plan is None or self.routing is None:
            lengths = [len(self._prompt_ids(q)) for q in range(len(self.prompts))]
            self.plan = DecodePlan(
                self.cache, self.network.heads, self.prompt_of_row, lengths
            )
            slots = [self.requests[max(i, 0)].slot for i in self.request_of_row]
            self.routing = Routing.of(slots, self.device)
        return self.plan, self.routing

    def _compact(self) -> None:
        """Drops finished rows from the cache where nothing waits and few still run."""
        running = self.running
        if self.first_waiting < len(self.requests):
            return
        if len(running) > _COMPACT_BELOW * len(self.request_of_row):
            return
        prompts = sorted({self.prompt_of_row[b] for b in running})
        self.cache.select(prompts, running)
        self.renumber(prompts, running)

    def renumber(self, prompts: Sequence[int], rows: Sequence[int]) -> None:
        """Follows the cache, which now holds these prompts and rows alone, in this order."""
        self.prompts = [self.prompts[q] for q in prompts]
        self.first_logits_QV = self.first_logits_QV[list(prompts)]
        self.prompt_of_row = [prompts.index(self.prompt_of_row[b]) for b in rows]
        self.request_of_row = [self.request_of_row[b] for b in rows]
        self.plan = None

    def _draw(self, rows: list[int], logits_BV: Tensor) -> None:
        """The next token of these rows."""
        numbers = [self.request_of_row[b] for b in rows]
        requests = [self.requests[i] for i in numbers]
        results = [self.results[i] for i in numbers]
        draw_next_tokens(self.network, requests, results, logits_BV, self.ends)
