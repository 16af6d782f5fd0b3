"""Attention over a key-value cache that is allocated once, and over trees of completions.

Axes: B rows, H query heads, K key-value heads, g = H/K, T new tokens, L columns of the cache, D head size.
The query heads that share a key-value head are folded into the query length, so keys and values are never repeated.
"""

from dataclasses import dataclass
from typing import Any, Protocol

import torch
from torch import Tensor, nn
from torch.nn.functional import scaled_dot_product_attention

__all__ = ["ATTENTION", "Cache", "Decode", "Plan", "Prefill", "Tree", "attend", "causal_mask"]

ATTENTION = "docendo"
_SHORT = 256
"""Up to this many tokens plain matrix products beat the fused kernel, whose backward pass is slow with a mask."""


class Plan(Protocol):
    """What one forward pass does with the keys and values of each layer."""

    def __call__(self, layer: int, query_BHTD: Tensor, key_BKTD: Tensor, value_BKTD: Tensor, scale: float) -> Tensor:
        """The attended values, (B, H, T, D)."""
        ...


def attend(
    module: nn.Module, query: Tensor, key: Tensor, value: Tensor, attention_mask: Tensor | None, **kwargs: Any
) -> tuple[Tensor, None]:
    """The attention function that transformers calls in every layer; the plan comes through the model's kwargs."""
    plan: Plan = kwargs["plan"]
    out_BHTD = plan(int(module.layer_idx), query, key, value, kwargs["scaling"])  # type: ignore[arg-type]
    return out_BHTD.transpose(1, 2), None


def _grouped(query_BHTD: Tensor, key_BKLD: Tensor, value_BKLD: Tensor, mask: Tensor, scale: float) -> Tensor:
    b, h, t, d = query_BHTD.shape
    heads = key_BKLD.shape[1]
    folded = query_BHTD.reshape(b, heads, -1, d)
    if t > _SHORT:
        out = scaled_dot_product_attention(folded, key_BKLD, value_BKLD, attn_mask=mask, scale=scale)
        return out.reshape(b, h, t, d)
    flat_key, flat_value = key_BKLD.reshape(b * heads, -1, d), value_BKLD.reshape(b * heads, -1, d)
    scores = torch.bmm(folded.flatten(0, 1) * scale, flat_key.transpose(1, 2))
    shares = scores.view(b, heads, *scores.shape[1:]).masked_fill(~mask, float("-inf")).softmax(-1)
    return torch.bmm(shares.flatten(0, 1), flat_value).reshape(b, h, t, d)


def causal_mask(length: int, groups: int, device: torch.device) -> Tensor:
    """(1, 1, groups * length, length): token i sees tokens up to i, once for each folded head."""
    return torch.ones(length, length, dtype=torch.bool, device=device).tril().repeat(groups, 1)[None, None]


@dataclass
class Cache:
    """Keys and values of all layers for a fixed number of rows and columns."""

    keys: list[Tensor]
    values: list[Tensor]

    @staticmethod
    def allocate(
        layers: int, shape_BKLD: tuple[int, int, int, int], dtype: torch.dtype, device: torch.device
    ) -> "Cache":
        def blank() -> list[Tensor]:
            return [torch.zeros(shape_BKLD, dtype=dtype, device=device) for _ in range(layers)]

        return Cache(blank(), blank())

    def keep(self, rows: Tensor) -> None:
        """Drop all rows but these."""
        for side in (self.keys, self.values):
            for i, tensor in enumerate(side):
                side[i] = tensor[rows]


@dataclass(frozen=True)
class Prefill:
    """Reads each distinct prompt once and writes its keys and values to every row that wants them."""

    cache: Cache
    prompt_of_row_B: Tensor
    rows_B: slice
    mask: Tensor

    def __call__(self, layer: int, query_BHTD: Tensor, key_BKTD: Tensor, value_BKTD: Tensor, scale: float) -> Tensor:
        width = key_BKTD.shape[2]
        self.cache.keys[layer][self.rows_B, :, :width] = key_BKTD[self.prompt_of_row_B]
        self.cache.values[layer][self.rows_B, :, :width] = value_BKTD[self.prompt_of_row_B]
        return _grouped(query_BHTD, key_BKTD, value_BKTD, self.mask, scale)


@dataclass(frozen=True)
class Decode:
    """One new token for every row, written in place at the row's own column."""

    cache: Cache
    rows_B: Tensor
    column_B: Tensor
    mask: Tensor
    """(B, 1, 1, L), 0 where the row has a token and minus infinity elsewhere."""

    def __call__(self, layer: int, query_BHTD: Tensor, key_BKTD: Tensor, value_BKTD: Tensor, scale: float) -> Tensor:
        keys, values = self.cache.keys[layer], self.cache.values[layer]
        keys[self.rows_B, :, self.column_B] = key_BKTD[:, :, 0]
        values[self.rows_B, :, self.column_B] = value_BKTD[:, :, 0]
        b, heads, _, size = keys.shape
        # all columns, the rest masked: a narrower view would be copied in every layer
        keys_NLD, values_NLD = (x.flatten(0, 1) for x in (keys, values))
        scores = torch.bmm(query_BHTD.reshape(b * heads, -1, size), keys_NLD.transpose(1, 2))
        shares = (scores.view(b, heads, *scores.shape[1:]) * scale + self.mask).softmax(-1).flatten(0, 1)
        return torch.bmm(shares, values_NLD).reshape(b, -1, 1, size)


@dataclass(frozen=True)
class Tree:
    """Training rows ``[prompt, completion 1..G]``: each completion sees the prompt and itself."""

    mask: Tensor
    """(B, 1, g*T, T), True where the query may look."""

    def __call__(self, layer: int, query_BHTD: Tensor, key_BKTD: Tensor, value_BKTD: Tensor, scale: float) -> Tensor:
        return _grouped(query_BHTD, key_BKTD, value_BKTD, self.mask, scale)
