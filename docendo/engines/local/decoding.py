"""Sampling many rows at once: each distinct prompt is read once, and a row that ends makes room for the next.

Axes: B rows in flight, Q prompts in flight, T tokens of the prompts being read, V vocabulary.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from math import isfinite
from typing import NamedTuple

import torch
from torch import Tensor

from docendo.engines.constrained.logits import Guide, is_single, mask_logits
from docendo.engines.local.memory import recover
from docendo.engines.lora.routing import Routing
from docendo.engines.model.kv_cache import DecodePlan, KVCache, PrefillPlan, aligned_width
from docendo.engines.model.network import LastTokens, Network
from docendo.engines.model.sampling import keep_nucleus, uniform_numbers
from docendo.engines.model.transfer import to_device, to_host
from docendo.records import Request

__all__ = [
    "DecodeRequest",
    "DecodeResult",
    "DecodingLimits",
    "RunningBatch",
    "decode",
    "plan_capacity",
]

_COMPACT_BELOW = 0.8
"""Once nobody waits, ended rows leave the store when so small a share still runs: moving the rest costs a copy."""
_REFILL = 8
"""Waiting rows are let in once one of so many rows has ended: reading a prompt interrupts all others."""
_FIRST_COLUMNS = 64
"""Width of the store at first; it doubles when an answer grows beyond it."""


class DecodeRequest(NamedTuple):
    """One completion that is wanted."""

    slot: int
    prompt: tuple[int, ...]
    request: Request
    guide: Guide | None = None

    @property
    def key(self) -> tuple[int, tuple[int, ...]]:
        """Rows of equal keys share the reading of their prompt."""
        return self.slot, self.prompt


@dataclass
class DecodeResult:
    tokens: list[int] = field(default_factory=list)
    logprobs: list[float] = field(default_factory=list)
    was_sampled: list[bool] = field(default_factory=list)
    """Whether each token could have been another one."""
    finished: bool = False
    non_finite: bool = False
    """Whether it ended because the agent's logits were not finite."""

    def close(self, kept: int, ending: Sequence[int]) -> None:
        """Keep so many tokens, and end with others, which nobody sampled."""
        self.tokens[kept:] = ending
        self.logprobs[kept:] = [0.0] * len(ending)
        self.was_sampled[kept:] = [False] * len(ending)


class DecodingLimits(NamedTuple):
    rows: int
    """The most in flight."""
    cache_columns: int
    """The most tokens whose keys and values are kept, padding included."""
    prefill_tokens: int


def plan_capacity(rows: Sequence[DecodeRequest], limits: DecodingLimits) -> tuple[int, int]:
    """(B, Q) rows and prompts that are in flight together; at least one of each."""
    prompts = len({r.key for r in rows})
    prompt, answer = (
        aligned_width(max(x))
        for x in ((len(r.prompt) for r in rows), (r.request.max_tokens for r in rows))
    )
    size = min(len(rows), limits.rows)
    while True:
        # twice what the rows need on average: a prompt stays until its last row has ended
        wanted = max(-(-2 * size * prompts // len(rows)), _neighbours(rows, size))
        places = prompts if size == len(rows) else min(prompts, size, wanted)
        if size == 1 or size * answer + places * prompt <= limits.cache_columns:
            return size, places
        size = max(1, min(size - 1, int(size * 0.9)))


def _neighbours(rows: Sequence[DecodeRequest], size: int) -> int:
    """The most prompts among so many rows in sequence."""
    starts = [i for i, row in enumerate(rows) if i == 0 or row.key != rows[i - 1].key]
    return max(
        sum(i < start <= i + size - 1 for start in starts[n : n + size]) + 1
        for n, i in enumerate(starts)
    )


@torch.inference_mode()
def decode(
    network: Network,
    rows: Sequence[DecodeRequest],
    end: int,
    limits: DecodingLimits,
    stopped: Callable[[], bool],
) -> list[DecodeResult]:
    """One result per row, cut short where `stopped` or out of memory.

    Equal prompts of a slot are adjacent in `rows`.
    """
    results = [DecodeResult() for _ in rows]
    try:
        flight = RunningBatch(network, list(rows), end, limits)
        results = flight.results
        while not stopped():
            flight.admit()
            if not flight.running:
                break
            flight.step()
    except (MemoryError, RuntimeError) as error:
        recover(error)
    return results


class RunningBatch:
    """The rows in flight. `seats[b]` is the number of the row in place b, which may have ended; -1 for none yet."""

    def __init__(
        self, network: Network, rows: list[DecodeRequest], end: int, limits: DecodingLimits
    ) -> None:
        self.network, self.rows, self.end, self.limits = network, rows, end, limits
        self.results = [DecodeResult() for _ in rows]
        self.device, self.stepper = network.head_Vd.device, network.make_stepper(network)
        size, places = plan_capacity(rows, limits)
        self.seats, self.waiting = [-1] * size, 0
        self.widest = aligned_width(max(r.request.max_tokens for r in rows))
        self.width = min(_FIRST_COLUMNS, self.widest)
        prompt = aligned_width(max(len(r.prompt) for r in rows))
        self.prompts: list[tuple[int, tuple[int, ...]] | None] = [None] * places
        self.place = [0] * size
        """Of each seat, the place of its prompt."""
        self.store = KVCache.allocate(
            network.layers,
            network.heads,
            (places, prompt),
            (size, self.width),
            network.head_Vd,
        )
        self.first_QV = network.head_Vd.new_empty(places, len(network.head_Vd))
        """Logits of the first token after each prompt."""
        self.plan: DecodePlan | None = None
        self.routing: Routing | None = None
        self.refill = _REFILL

    @property
    def running(self) -> list[int]:
        return [
            b for b, i in enumerate(self.seats) if i >= 0 and not self.results[i].finished
        ]

    def admit(self) -> None:
        """Let waiting rows in, once that is worth it, until those that run fill the seats."""
        while self.waiting < len(self.rows):
            running = set(self.running)
            free = [b for b in range(len(self.seats)) if b not in running]
            if not free or (running and len(free) * self.refill < len(self.seats)):
                return
            entered = self._enter(free, {self.place[b] for b in running})
            if not entered:
                return
            self.plan = None
            self._draw(entered, self.first_QV[[self.place[b] for b in entered]])

    def _enter(self, free: list[int], used: set[int]) -> list[int]:
        """Gives free seats to waiting rows, and reads their prompts; the seats that were taken."""
        entered, fresh = list[int](), list[int]()
        for b in free:
            if self.waiting == len(self.rows):
                break
            key = self.rows[self.waiting].key
            if key in self.prompts:
                at = self.prompts.index(key)
            else:
                at = next((q for q in range(len(self.prompts)) if q not in used), -1)
                if at < 0:
                    break
                self.prompts[at] = key
                fresh.append(at)
            used.add(at)
            self.seats[b], self.place[b] = self.waiting, at
            self.waiting += 1
            entered.append(b)
        self.store.zero(fresh, entered)
        self._read(fresh)
        return entered

    def _read(self, places: list[int]) -> None:
        """Reads the prompts of these places, a few at a time."""
        part, longest = list[int](), 0
        for q in places:
            length = len(self._prompt(q))
            if part and max(longest, length) * (len(part) + 1) > self.limits.prefill_tokens:
                self._prefill(part)
                part, longest = [], 0
            part.append(q)
            longest = max(longest, length)
        if part:
            self._prefill(part)

    def _prefill(self, places: list[int]) -> None:
        prompts = [self._prompt(q) for q in places]
        stops = torch.tensor([len(p) for p in prompts]).cumsum(0).tolist()
        spans = list(zip([0, *stops], stops, strict=False))
        ids = torch.tensor([t for p in prompts for t in p], device=self.device)
        positions = torch.tensor(
            [t for p in prompts for t in range(len(p))], device=self.device
        )
        slots = [s for s, p in (self.prompts[q] or (0, ()) for q in places) for _ in p]
        plan = PrefillPlan.of(self.store, self.network.heads, spans, places)
        hidden_Td = self.network.stack.infer(
            ids, positions, Routing.of(slots, self.device), plan
        )
        self.first_QV[places] = self.network.logits(hidden_Td[[stop - 1 for stop in stops]])

    def _prompt(self, place: int) -> tuple[int, ...]:
        key = self.prompts[place]
        return key[1] if key else ()

    def step(self) -> None:
        """One more token for every row that runs."""
        self._compact()
        plan, routing = self._planned()
        seated = [self.results[max(i, 0)].tokens for i in self.seats]
        column = [min(len(tokens), self.width) - 1 if tokens else 0 for tokens in seated]
        last = [tokens[-1] if tokens else 0 for tokens in seated]
        position = [
            len(self._prompt(q)) + c for q, c in zip(self.place, column, strict=True)
        ]
        logits_BV = self.stepper(LastTokens(last, position, column), routing, plan)
        running = self.running
        self._draw(
            running, logits_BV if len(running) == len(self.seats) else logits_BV[running]
        )

    def _planned(self) -> tuple[DecodePlan, Routing]:
        longest = max(len(self.results[self.seats[b]].tokens) for b in self.running)
        if longest > self.width:
            self.width = min(2 * self.width, self.widest)
            self.store.widen(self.width)
            self.plan = None
        if self.plan is None or self.routing is None:
            lengths = [len(self._prompt(q)) for q in range(len(self.prompts))]
            self.plan = DecodePlan(self.store, self.network.heads, self.place, lengths)
            self.routing = Routing.of(
                [self.rows[max(i, 0)].slot for i in self.seats], self.device
            )
        return self.plan, self.routing

    def _compact(self) -> None:
        running = self.running
        if self.waiting < len(self.rows) or len(running) > _COMPACT_BELOW * len(self.seats):
            return
        used = sorted({self.place[b] for b in running})
        self.store.select(used, running)
        self.renumber(used, running)

    def renumber(self, used: Sequence[int], running: Sequence[int]) -> None:
        """The store holds these prompts and the rows of these seats now, in this order, and no others."""
        self.prompts, self.first_QV = (
            [self.prompts[q] for q in used],
            self.first_QV[list(used)],
        )
        self.place = [used.index(self.place[b]) for b in running]
        self.seats = [self.seats[b] for b in running]
        self.plan = None

    def _draw(self, seats: list[int], logits_BV: Tensor) -> None:
        """Draws the next token of the rows in these seats."""
        numbers = [self.seats[b] for b in seats]
        requests = [self.rows[i].request for i in numbers]
        done = [len(self.results[i].tokens) for i in numbers]
        where = (
            torch.device("cpu") if self.device.type == "mps" else self.device
        )  # Metal has no float64
        uniform = to_device(
            torch.from_numpy(uniform_numbers([r.seed for r in requests], done)), where
        )
        heat = torch.tensor([r.temperature for r in requests])
        bits = [guide.allowed() if (guide := self.rows[i].guide) else None for i in numbers]
        logits_BV = mask_logits(bits, logits_BV.to(where))
        tokens, logprobs = to_host(*self._pick(requests, logits_BV, heat, uniform))
        for i, token, logprob, some in zip(numbers, tokens, logprobs, bits, strict=True):
            result = self.results[i]
            if not isfinite(logprob):
                result.finished = result.non_finite = True
                continue
            result.tokens.append(token)
            result.logprobs.append(logprob)
            result.was_sampled.append(some is None or not is_single(some))
            result.finished = self._ends(self.rows[i], result)

    def _pick(
        self,
        requests: Sequence[Request],
        logits_BV: Tensor,
        heat_B: Tensor,
        uniform_B: Tensor,
    ) -> tuple[Tensor, Tensor]:
        """Tokens, and their log-probabilities among all that a grammar allows, were less drawn from or not."""
        tokens_B, logprobs_B = self.network.sample_tokens(logits_BV, heat_B, uniform_B)
        if narrow := [b for b, request in enumerate(requests) if request.top_p < 1]:
            some_NV, heat_N = logits_BV[narrow], heat_B[narrow]
            left_NV = keep_nucleus(
                some_NV, heat_N, torch.tensor([requests[b].top_p for b in narrow])
            )
            tokens_B[narrow], _ = self.network.sample_tokens(
                left_NV, heat_N, uniform_B[narrow]
            )
            logprobs_B[narrow] = (
                some_NV.float().log_softmax(-1).gather(1, tokens_B[narrow][:, None])[:, 0]
            )
        return tokens_B, logprobs_B

    def _ends(self, row: DecodeRequest, result: DecodeResult) -> bool:
        stopped = row.guide.take(result.tokens) if row.guide else False
        if stopped or result.tokens[-1] == self.end:
            return True
        if len(result.tokens) < row.request.max_tokens:
            return False
        if row.guide:
            result.close(*row.guide.find_ending(result.tokens))
        return True
