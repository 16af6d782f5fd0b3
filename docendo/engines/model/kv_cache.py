"""Keys and values of what is being sampled: each prompt's once, each row's own tokens after it, written in place.

Axes: B rows in flight, Q prompts in flight, W the most rows of one prompt, H query heads, K key-value heads, g = H / K,
D head size, p columns for prompts, n columns for the tokens of answers.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor

from docendo.engines.lora.batch_invariant import min_rows
from docendo.engines.model.attention import Heads, TreeAttention, build_block

__all__ = [
    "ALIGN",
    "CacheShape",
    "DecodePlan",
    "KVCache",
    "PrefillPlan",
    "RowGroups",
    "aligned_width",
]

ALIGN = 32
"""Widths are multiples of this: sums over columns then run in the same order however wide the store is."""


def aligned_width(tokens: int) -> int:
    """The width that holds so many tokens."""
    return -(-tokens // ALIGN) * ALIGN


class CacheShape(NamedTuple):
    """What one side of a store is to be: so many prompts or rows of that width, and which of the old are kept."""

    kept: Sequence[int]
    size: int
    width: int


@dataclass
class KVCache:
    prompts: list[Tensor]
    """Of each layer (2, Q, K, p, D), keys and values."""
    answers: list[Tensor]
    """Of each layer (2, B, K, n, D)."""

    @staticmethod
    def allocate(
        layers: int,
        heads: Heads,
        prompts: tuple[int, int],
        answers: tuple[int, int],
        like: Tensor,
    ) -> "KVCache":
        """Zeros for (prompts, columns) and (rows, columns)."""

        def blank(count: int, width: int) -> list[Tensor]:
            return [
                like.new_zeros(2, count, heads.key, width, heads.size)
                for _ in range(layers)
            ]

        return KVCache(blank(*prompts), blank(*answers))

    def widen(self, width: int) -> None:
        """Make room for more tokens of every row."""
        for layer, tensor in enumerate(self.answers):
            self.answers[layer] = torch.nn.functional.pad(
                tensor, (0, 0, 0, width - tensor.shape[3])
            )

    def resize(self, prompts: "CacheShape", rows: "CacheShape") -> None:
        """Another size for either side; what is kept stands first, in the order given, and new room is zero."""
        for side, fit in ((self.prompts, prompts), (self.answers, rows)):
            index = torch.tensor(fit.kept, device=side[0].device, dtype=torch.long)
            for layer, old in enumerate(side):
                width = min(fit.width, old.shape[3])
                fresh = old.new_zeros(2, fit.size, old.shape[2], fit.width, old.shape[4])
                fresh[:, : len(fit.kept), :, :width] = old[:, index, :, :width]
                side[layer] = fresh

    def zero(self, prompts: Sequence[int], rows: Sequence[int]) -> None:
        """Zeros for prompts and rows that are to come: what is masked counts zero times, and 0 * NaN is NaN."""
        for side, places in ((self.prompts, prompts), (self.answers, rows)):
            if places:
                index = torch.tensor(places, device=side[0].device)
                for tensor in side:
                    tensor.index_fill_(1, index, 0)

    def select(self, prompts: Sequence[int], rows: Sequence[int]) -> None:
        """Drop all prompts and rows but these."""
        for side, kept in ((self.prompts, prompts), (self.answers, rows)):
            index = torch.tensor(kept, device=side[0].device)
            for layer, tensor in enumerate(side):
                side[layer] = tensor[:, index]


@dataclass(frozen=True)
class PrefillPlan:
    """Reads prompts that stand one after the other in the batch, and stores their keys and values."""

    store: KVCache
    tree: TreeAttention
    prompt_T: Tensor
    column_T: Tensor

    @staticmethod
    def of(
        store: KVCache, heads: Heads, spans: Sequence[tuple[int, int]], into: Sequence[int]
    ) -> "PrefillPlan":
        """The prompt from place to place goes to the store's prompt of that number."""
        like = store.prompts[0]
        tree = TreeAttention([build_block(spans, None, heads, like, ALIGN)], heads)
        prompt = [
            q
            for q, (start, stop) in zip(into, spans, strict=True)
            for _ in range(start, stop)
        ]
        column = [t for start, stop in spans for t in range(stop - start)]
        return PrefillPlan(
            store, tree, *(torch.tensor(x, device=like.device) for x in (prompt, column))
        )

    def __call__(self, layer: int, qkv_THD: Tensor) -> Tensor:
        h = self.tree.heads
        pairs = qkv_THD[:, h.query :].view(len(qkv_THD), 2, h.key, h.size)
        self.store.prompts[layer][:, self.prompt_T, :, self.column_T] = pairs
        return self.tree(layer, qkv_THD)


@dataclass(frozen=True)
class RowGroups:
    """Where the rows of each prompt stand, W seats a prompt: (Q * W) rows, and each row's own seat, (B)."""

    row_of_place: Tensor | None
    """None where each prompt has one row and all are in order."""
    place_of_row: Tensor | None
    prompts: int

    @staticmethod
    def of(
        prompt_of_row: Sequence[int], prompts: int, fewest: int, device: torch.device
    ) -> "RowGroups":
        """At least `fewest` seats a prompt."""
        rows = [
            [b for b, q in enumerate(prompt_of_row) if q == wanted]
            for wanted in range(prompts)
        ]
        width = max(fewest, *map(len, rows))
        if width == 1 and list(prompt_of_row) == list(range(prompts)):
            return RowGroups(None, None, prompts)
        row_of_place = [b for own in rows for b in [*own, *[0] * (width - len(own))]]
        place_of_row = [0] * len(prompt_of_row)
        for q, own in enumerate(rows):
            for w, b in enumerate(own):
                place_of_row[b] = q * width + w
        return RowGroups(
            torch.tensor(row_of_place, device=device),
            torch.tensor(place_of_row, device=device),
            prompts,
        )

    def group(self, x_BKgL: Tensor) -> Tensor:
        """(Q * K, W * g, L): the rows of each prompt together."""
        if self.row_of_place is None:
            return x_BKgL.flatten(0, 1)
        k, g, size = x_BKgL.shape[1:]
        seats = x_BKgL[self.row_of_place].view(self.prompts, -1, k, g, size).transpose(1, 2)
        return seats.reshape(self.prompts * k, -1, size)

    def ungroup(self, y_XYL: Tensor, k: int, g: int) -> Tensor:
        """The inverse of `seat`: (B, K, g, L)."""
        size = y_XYL.shape[-1]
        if self.place_of_row is None:
            return y_XYL.view(self.prompts, k, g, size)
        seats = y_XYL.view(self.prompts, k, -1, g, size).transpose(1, 2).flatten(0, 1)
        return seats[self.place_of_row]


class DecodePlan:
    """One new token for every row: it sees its prompt, which rows share, and its own tokens so far."""

    def __init__(
        self,
        store: KVCache,
        heads: Heads,
        prompt_of_row: Sequence[int],
        lengths_Q: Sequence[int],
    ) -> None:
        like = store.answers[0]
        self.store, self.heads = store, heads
        self.calls: object = None
        """What compiled functions were told of it."""
        fewest = 1
        if like.dtype == torch.float32:
            fewest = -(-min_rows(heads.size, like) // heads.group)
        self.groups = RowGroups.of(
            prompt_of_row, store.prompts[0].shape[1], fewest, like.device
        )
        self.rows = torch.arange(like.shape[1], device=like.device)
        self.width = store.prompts[0].shape[3]
        self.mask = like.new_full(
            (len(self.rows), 1, 1, self.width + like.shape[3]), float("-inf")
        )
        for b, q in enumerate(prompt_of_row):
            self.mask[b, :, :, : lengths_Q[q]] = 0
        self.column_B = torch.zeros_like(self.rows)
        self.prompt_B = torch.tensor(prompt_of_row, device=like.device)
        self.length_B = torch.tensor(
            [lengths_Q[q] for q in prompt_of_row], device=like.device
        )

    def set_columns(self, columns_B: Tensor) -> None:
        """The next tokens stand at these columns of the answers; each row sees its columns up to there."""
        self.column_B.copy_(columns_B)
        answer = self.mask[:, 0, 0, self.width :]
        hidden = (
            torch.arange(answer.shape[1], device=self.rows.device) > self.column_B[:, None]
        )
        answer.zero_().masked_fill_(hidden, float("-inf"))

    def __call__(self, layer: int, qkv_BHD: Tensor) -> Tensor:
        h, answers, prompts = (
            self.heads,
            self.store.answers[layer],
            self.store.prompts[layer],
        )
        b = len(qkv_BHD)
        answers[:, self.rows, :, self.column_B] = qkv_BHD[:, h.query :].view(
            b, 2, h.key, h.size
        )
        query = (qkv_BHD[:, : h.query] * h.scale).view(b, h.key, h.group, h.size)
        keys, values = (x.flatten(0, 1) for x in answers)
        own = torch.bmm(query.view(b * h.key, h.group, h.size), keys.transpose(1, 2))
        prompt_keys, prompt_values = (x.flatten(0, 1) for x in prompts)
        before = self.groups.ungroup(
            torch.bmm(self.groups.group(query), prompt_keys.transpose(1, 2)), h.key, h.group
        )
        scores = torch.cat([before, own.view(b, h.key, h.group, -1)], -1)
        shares = scores.add_(self.mask).softmax(-1)
        own = torch.bmm(shares[..., self.width :].flatten(0, 1), values)
        before = torch.bmm(self.groups.group(shares[..., : self.width]), prompt_values)
        return own.view(b, -1).add_(
            self.groups.ungroup(before, h.key, h.group).reshape(b, -1)
        )
