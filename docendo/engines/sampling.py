"""Sampling: each distinct prompt is read once, then all rows of all agents are decoded together.

Axes: R requests, P distinct prompts, B rows in flight, T prompt tokens, V vocabulary.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from docendo.engines.adapters import AdapterBank
from docendo.engines.attention import Cache, Decode, Prefill, causal_mask
from docendo.engines.base import BaseModel
from docendo.records import Request

__all__ = ["Row", "Sampled", "decode", "pick", "uniforms"]

_COMPACT_BELOW = 0.8
"""Finished rows leave the cache once so small a share is still running: moving the rest costs a copy."""

_BLOCK = 128


class Row(NamedTuple):
    """One completion that is wanted."""

    slot: int
    prompt: tuple[int, ...]
    request: Request

    @property
    def width(self) -> int:
        """Columns of the cache that the row may come to need."""
        return len(self.prompt) + self.request.max_tokens


@dataclass
class Sampled:
    tokens: list[int] = field(default_factory=list)
    logprobs: list[float] = field(default_factory=list)


def uniforms(seeds_B: Sequence[int], positions_B: Sequence[int]) -> np.ndarray:
    """One number in (0, 1) per (seed, position), whatever else is in the batch: the splitmix64 counter generator."""
    with np.errstate(over="ignore"):
        x = np.array(seeds_B, np.uint64) + (np.array(positions_B, np.uint64) + 1) * np.uint64(0x9E3779B97F4A7C15)
        x = (x ^ (x >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        x = (x ^ (x >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        x = x ^ (x >> np.uint64(31))
    drawn: np.ndarray = ((x >> np.uint64(12)).astype(np.float64) + 0.5) / 2.0**52
    return drawn


def pick(logits_BV: Tensor, temperatures_B: Tensor, uniform_B: Tensor) -> tuple[Tensor, Tensor]:
    """Tokens by the inverse of the cumulative distribution, and their untempered log-probabilities."""
    logits_BV = logits_BV.float()
    highest_B1 = logits_BV.amax(-1, keepdim=True)
    if bool((temperatures_B == 1).all()):
        weight_BV = (logits_BV - highest_B1).exp_()
        tokens_B, total_B = _inverse(weight_BV, uniform_B)
        return tokens_B, (weight_BV.gather(1, tokens_B[:, None])[:, 0] / total_B).log()
    hot_B1 = temperatures_B.clamp(min=1e-6)[:, None]
    drawn_B, _ = _inverse(((logits_BV - highest_B1) / hot_B1).exp_(), uniform_B)
    tokens_B = torch.where(temperatures_B > 0, drawn_B, logits_BV.argmax(-1))
    return tokens_B, logits_BV.gather(1, tokens_B[:, None])[:, 0] - logits_BV.logsumexp(-1)


def _inverse(weight_BV: Tensor, uniform_B: Tensor) -> tuple[Tensor, Tensor]:
    """The first token at which the running sum of the weights passes u times their total; and that total.

    In two steps, blocks of the vocabulary and then tokens of one block: a running sum over all of it takes ten times
    as long as everything else here.
    """
    b, v = weight_BV.shape
    blocks_BXY = torch.nn.functional.pad(weight_BV, (0, -v % _BLOCK)).view(b, -1, _BLOCK)
    edges_BX = blocks_BXY.sum(-1).double().cumsum(-1)
    want_B1 = _below(uniform_B[:, None] * edges_BX[:, -1:], edges_BX[:, -1:])
    block_B1 = torch.searchsorted(edges_BX, want_B1, right=True)
    before_B1 = torch.where(block_B1 > 0, edges_BX.gather(1, (block_B1 - 1).clamp(min=0)), 0.0)
    inside_BY = blocks_BXY[torch.arange(b, device=weight_BV.device), block_B1[:, 0]].double().cumsum(-1)
    at_B1 = torch.searchsorted(inside_BY, _below(want_B1 - before_B1, inside_BY[:, -1:]), right=True)
    return (block_B1 * _BLOCK + at_B1)[:, 0].clamp(max=v - 1), edges_BX[:, -1].float()


def _below(want_B1: Tensor, total_B1: Tensor) -> Tensor:
    """`want_B1`, but less than the total: rounding must not pick a token of weight zero behind the last one."""
    return torch.minimum(want_B1, torch.nextafter(total_B1, torch.zeros_like(total_B1)))


@torch.inference_mode()
def decode(base: BaseModel, bank: AdapterBank, rows: Sequence[Row], end: int, prefill_tokens: int) -> list[Sampled]:
    """One result per row. `rows` of one slot are adjacent, and equal prompts of a slot too."""
    state = _Decoding(base, bank, list(rows), end)
    logits_BV = state.prefill(prefill_tokens)
    while state.accept(logits_BV):
        logits_BV = state.step()
    return state.results


class _Decoding:
    """The rows in flight. Row b of the cache belongs to `rows[live[b]]`."""

    def __init__(self, base: BaseModel, bank: AdapterBank, rows: list[Row], end: int) -> None:
        self.base, self.bank, self.rows, self.end = base, bank, rows, end
        self.results = [Sampled() for _ in rows]
        self.live = list(range(len(rows)))
        self.device = bank.device
        layers, heads, size = base.cache_shape
        self.width = max(r.width for r in rows)
        self.groups = base.config.num_attention_heads // heads
        self.cache = Cache.allocate(layers, (len(rows), heads, self.width, size), bank.dtype, self.device)
        self.head = base.model.get_output_embeddings()  # type: ignore[operator]
        self.body = base.model.base_model

    def prefill(self, token_cap: int) -> Tensor:
        """Reads the prompts, a few at a time; the logits of every row's first token, (B, V)."""
        logits: list[Tensor] = []
        start = 0
        while start < len(self.rows):
            stop, longest, place_of = start, 0, dict[tuple[int, tuple[int, ...]], int]()
            while stop < len(self.rows):
                key = (self.rows[stop].slot, self.rows[stop].prompt)
                if key not in place_of:
                    longest = max(longest, len(key[1]))
                    if place_of and longest * (len(place_of) + 1) > token_cap:
                        break
                    place_of[key] = len(place_of)
                stop += 1
            logits.append(self._read(place_of, slice(start, stop)))
            start = stop
        return torch.cat(logits)

    def _read(self, place_of: Mapping[tuple[int, tuple[int, ...]], int], rows: slice) -> Tensor:
        prompts = list(place_of)
        lengths = torch.tensor([len(p) for _, p in prompts], device=self.device)
        width = int(lengths.max())
        ids_PT = torch.tensor([[*p, *[self.end] * (width - len(p))] for _, p in prompts], device=self.device)
        where = [place_of[r.slot, r.prompt] for r in self.rows[rows]]
        prompt_of_row = torch.tensor(where, device=self.device)
        plan = Prefill(self.cache, prompt_of_row, rows, causal_mask(width, self.groups, self.device))
        positions = torch.arange(width, device=self.device)[None].expand(len(prompts), -1)
        with self.bank.routed([slot for slot, _ in prompts]):
            hidden_PTd = self.body(input_ids=ids_PT, position_ids=positions, use_cache=False, plan=plan)[0]  # type: ignore[operator]
        last_Pd = hidden_PTd[torch.arange(len(prompts), device=self.device), lengths - 1]
        logits_PV: Tensor = self.head(last_Pd)
        return logits_PV[prompt_of_row]

    def accept(self, logits_BV: Tensor) -> bool:
        """Draws one token for every live row; False once all rows are done."""
        requests = [self.rows[i].request for i in self.live]
        done = [len(self.results[i].tokens) for i in self.live]
        where = torch.device("cpu") if self.device.type == "mps" else self.device  # Metal has no float64
        uniform = torch.from_numpy(uniforms([r.seed for r in requests], done)).to(where)
        heat = torch.tensor([r.temperature for r in requests], device=where)
        tokens_B, logprobs_B = pick(logits_BV.to(where), heat, uniform)
        running = []
        pairs = zip(self.live, tokens_B.tolist(), logprobs_B.tolist(), strict=True)
        for b, (i, token, logprob) in enumerate(pairs):
            result = self.results[i]
            if result.tokens and self._finished(i):
                continue
            result.tokens.append(token)
            result.logprobs.append(logprob)
            if not self._finished(i):
                running.append(b)
        if len(running) <= _COMPACT_BELOW * len(self.live) and running:
            self.live = [self.live[b] for b in running]
            self.cache.keep(torch.tensor(running, device=self.device))
        return bool(running)

    def _finished(self, i: int) -> bool:
        tokens = self.results[i].tokens
        return tokens[-1] == self.end or len(tokens) >= self.rows[i].request.max_tokens

    def step(self) -> Tensor:
        """Logits of the next token of every live row, (B, V). Rows already done idle until they leave."""
        tokens = [self.results[i].tokens[-1] for i in self.live]
        columns = [len(self.rows[i].prompt) + len(self.results[i].tokens) - 1 for i in self.live]
        column_B = torch.tensor(columns, device=self.device)
        hidden_BL = torch.arange(self.width, device=self.device) > column_B[:, None]
        mask = torch.zeros(hidden_BL.shape, dtype=self.bank.dtype, device=self.device)
        mask = mask.masked_fill_(hidden_BL, float("-inf"))[:, None, None]
        plan = Decode(self.cache, torch.arange(len(columns), device=self.device), column_B, mask)
        ids = torch.tensor(tokens, device=self.device)[:, None]
        with self.bank.routed([self.rows[i].slot for i in self.live]):
            hidden = self.body(input_ids=ids, position_ids=column_B[:, None], use_cache=False, plan=plan)[0]  # type: ignore[operator]
        logits: Tensor = self.head(hidden[:, 0])
        return logits
