"""Attention over prompts and over trees of completions, forward and backward.

Axes: T tokens of the batch, C sequences of one block, n their longest, H query heads, K key-value heads, g = H / K,
D head size, p tokens of a shared prompt. Queries, keys and values of a token stand side by side: (T, H + 2K, D).
The query heads that share a key-value head are folded into the query length, so keys and values are never repeated.
"""

from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple, Protocol

import torch
from torch import Tensor

from docendo.engines.model.ops import ElementwiseOps, TorchOps

__all__ = ["AttentionPlan", "Block", "Heads", "TreeAttention", "build_block"]


class Heads(NamedTuple):
    query: int
    key: int
    size: int
    scale: float

    @property
    def group(self) -> int:
        return self.query // self.key


class AttentionPlan(Protocol):
    """What one forward pass does with queries, keys and values of a layer."""

    def __call__(self, layer: int, qkv_THD: Tensor, /) -> Tensor:
        """The attended values, (T, H * D)."""
        ...


class Block(NamedTuple):
    """Sequences that see themselves causally and, before that, the tokens of one prompt."""

    places_F: Tensor | slice
    """Places of their tokens in the batch, (C * n); behind the end of a short sequence any place. A slice where these
    are all tokens from one place to another."""
    real_F: Tensor | None
    """Which of these are tokens; None where all are."""
    number: int
    """C."""
    prompt: tuple[int, int] | None
    """First place of the shared prompt and the one after its last."""
    mask: Tensor
    """(1, g * n, n): 0 where the query may look, minus infinity elsewhere."""


def build_block(
    spans: Sequence[tuple[int, int]],
    prompt: tuple[int, int] | None,
    heads: Heads,
    like: Tensor,
    align: int = 1,
) -> Block:
    """The block of the sequences from place to place; `like` has the device and number format of the model."""
    longest = -(-max(stop - start for start, stop in spans) // align) * align
    start_C, stop_C = torch.tensor(spans, device=like.device).T
    places_CN = start_C[:, None] + torch.arange(longest, device=like.device)
    real_CN = places_CN < stop_C[:, None]
    mask = torch.full(
        (longest, longest), float("-inf"), dtype=like.dtype, device=like.device
    ).triu_(1)
    places_F: Tensor | slice = torch.minimum(places_CN, stop_C[:, None] - 1).flatten()
    real_F = None if bool(real_CN.all()) else real_CN.flatten()
    if real_F is None and all(one[1] == other[0] for one, other in pairwise(spans)):
        places_F = slice(
            spans[0][0], spans[-1][1]
        )  # reading and writing them needs no list
    return Block(places_F, real_F, len(spans), prompt, mask.repeat(heads.group, 1)[None])


class _Parts(NamedTuple):
    """Of one block: queries (K * C, g * n, D), keys and values (K * C, n, D), those of the prompt (K, p, D)."""

    query: Tensor
    key: Tensor
    value: Tensor
    prompt_key: Tensor | None
    prompt_value: Tensor | None


class TreeAttention:
    """Sequences with their own or a shared prompt: what reading prompts and training on completions need."""

    def __init__(
        self, blocks: Sequence[Block], heads: Heads, ops: ElementwiseOps | None = None
    ) -> None:
        self.blocks, self.heads = sorted(blocks, key=lambda b: b.prompt is not None), heads
        self.ops = ops or TorchOps()

    @staticmethod
    def single(length: int, heads: Heads, like: Tensor) -> "TreeAttention":
        """One sequence that is the whole batch."""
        return TreeAttention([build_block([(0, length)], None, heads, like)], heads)

    def __call__(self, layer: int, qkv_THD: Tensor) -> Tensor:
        return self.forward(qkv_THD)[0]

    def forward(self, qkv_THD: Tensor) -> tuple[Tensor, list[Tensor]]:
        """(T, H * D), and for `backward` each block's attention shares."""
        out_THD = qkv_THD.new_zeros(len(qkv_THD), self.heads.query * self.heads.size)
        shares = []
        for block in self.blocks:
            parts = self._parts(block, qkv_THD)
            share = self.ops.softmax(self._scores(block, parts))
            shares.append(share)
            out_F = self._flat(block, self._mix(block, parts, share)).flatten(1)
            _put(block, out_THD, out_F)
        return out_THD, shares

    def backward(
        self, qkv_THD: Tensor, shares: Sequence[Tensor], grad_TO: Tensor
    ) -> Tensor:
        """The gradient of `qkv_THD`, from that of the output, (T, H * D)."""
        into_THD, h = torch.zeros_like(qkv_THD), self.heads
        for block, share in zip(self.blocks, shares, strict=True):
            parts, grad_F = self._parts(block, qkv_THD), grad_TO[block.places_F]
            if block.real_F is not None:
                grad_F.masked_fill_(~block.real_F[:, None], 0)
            grad = self._fold(block, grad_F.view(len(grad_F), h.query, h.size))
            query, key, value, prompt = self._back(block, parts, share, grad)
            found_F = torch.cat(
                [
                    self._flat(block, query),
                    self._flat(block, key),
                    self._flat(block, value),
                ],
                1,
            )
            _put(block, into_THD, found_F)
            if block.prompt is not None and prompt is not None:
                into_THD[slice(*block.prompt), h.query :] += prompt
        return into_THD

    def _fold(self, block: Block, x_FHD: Tensor) -> Tensor:
        """(K * C, heads of each * n, D) from (C * n, heads, D)."""
        k, c, d = self.heads.key, block.number, self.heads.size
        parted = x_FHD.view(c, -1, k, x_FHD.shape[1] // k, d).permute(2, 0, 3, 1, 4)
        return parted.reshape(k * c, -1, d)

    def _flat(self, block: Block, x_BND: Tensor) -> Tensor:
        """The inverse of `_fold`."""
        k, c, d, n = self.heads.key, block.number, self.heads.size, block.mask.shape[-1]
        return x_BND.view(k, c, -1, n, d).permute(1, 3, 0, 2, 4).reshape(c * n, -1, d)

    def _parts(self, block: Block, qkv_THD: Tensor) -> _Parts:
        h = self.heads
        x_FHD = qkv_THD[block.places_F]
        query, key, value = torch.split(x_FHD, [h.query, h.key, h.key], 1)
        own = (
            self._fold(block, query * h.scale),
            self._fold(block, key),
            self._fold(block, value),
        )
        if block.prompt is None:
            return _Parts(*own, None, None)
        prompt = qkv_THD[slice(*block.prompt), h.query :].transpose(0, 1).contiguous()
        return _Parts(*own, prompt[: h.key], prompt[h.key :])

    def _scores(self, block: Block, parts: _Parts) -> Tensor:
        own = torch.bmm(parts.query, parts.key.transpose(1, 2)).add_(block.mask)
        if parts.prompt_key is None:
            return own
        prompt = torch.bmm(self._together(parts.query), parts.prompt_key.transpose(1, 2))
        return torch.cat([prompt.view(*own.shape[:2], -1), own], -1)

    def _together(self, x_BND: Tensor) -> Tensor:
        """(K, C * g * n, ...): all sequences that look at the prompt as one."""
        return x_BND.reshape(self.heads.key, -1, x_BND.shape[-1])

    def _split(self, block: Block, x_BNL: Tensor) -> tuple[Tensor, Tensor]:
        """Of scores or shares: what is the prompt's, and what the sequence's own."""
        n = block.mask.shape[-1]
        return x_BNL[..., :-n].contiguous(), x_BNL[..., -n:].contiguous()

    def _mix(self, block: Block, parts: _Parts, share: Tensor) -> Tensor:
        if parts.prompt_value is None:
            return torch.bmm(share, parts.value)
        prompt, own = self._split(block, share)
        out = torch.bmm(own, parts.value)
        return out.add_(torch.bmm(self._together(prompt), parts.prompt_value).view_as(out))

    def _back(
        self, block: Block, parts: _Parts, share: Tensor, grad: Tensor
    ) -> tuple[Tensor, Tensor, Tensor, Tensor | None]:
        """Gradients of queries, keys and values, and of the prompt's keys and values, (p, 2K, D)."""
        to_share = torch.bmm(grad, parts.value.transpose(1, 2))
        if parts.prompt_value is not None:
            prompt = torch.bmm(self._together(grad), parts.prompt_value.transpose(1, 2))
            to_share = torch.cat([prompt.view(*to_share.shape[:2], -1), to_share], -1)
        to_score = self.ops.softmax_backward(share, to_share)
        score_prompt, score = self._split(block, to_score)
        share_prompt, share = self._split(block, share)
        query = torch.bmm(score, parts.key)
        key, value = _across(score, parts.query), _across(share, grad)
        if parts.prompt_key is None:
            return query.mul_(self.heads.scale), key, value, None
        score_prompt, share_prompt = (
            self._together(score_prompt),
            self._together(share_prompt),
        )
        query += torch.bmm(score_prompt, parts.prompt_key).view_as(query)
        prompt_key = _across(score_prompt, self._together(parts.query))
        prompt_value = _across(share_prompt, self._together(grad))
        return (
            query.mul_(self.heads.scale),
            key,
            value,
            torch.cat([prompt_key, prompt_value]).transpose(0, 1),
        )


def _put(block: Block, into_TX: Tensor, found_F: Tensor) -> None:
    """Write what was found for the block's tokens to their places in the batch."""
    if block.real_F is None or isinstance(block.places_F, slice):
        into_TX[block.places_F] = found_F
    else:
        into_TX[block.places_F[block.real_F]] = found_F[block.real_F]


def _across(x_BNL: Tensor, y_BND: Tensor) -> Tensor:
    """x^T y, (B, L, D), where turning y is less work than turning x."""
    return torch.bmm(y_BND.transpose(1, 2).contiguous(), x_BNL).transpose(1, 2)
