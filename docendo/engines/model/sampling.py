"""Drawing tokens: one uniform number per token, from a counter, through the inverse of the cumulative distribution.

Axes: B rows, V vocabulary, X blocks of Y tokens.
"""

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from docendo.engines.model.transfer import to_device

__all__ = ["keep_nucleus", "sample_tokens", "uniform_numbers"]

_BLOCK = 128
_PART = 8
"""Rows that are worked on at once: few enough to stay in the processor's cache."""


def uniform_numbers(seeds_B: Sequence[int], positions_B: Sequence[int]) -> np.ndarray:
    """One number in (0, 1) per (seed, position), whatever else is in the batch: the splitmix64 counter generator."""
    with np.errstate(over="ignore"):
        x = np.array(seeds_B, np.uint64) + (
            np.array(positions_B, np.uint64) + 1
        ) * np.uint64(0x9E3779B97F4A7C15)
        x = (x ^ (x >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        x = (x ^ (x >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        x = x ^ (x >> np.uint64(31))
    drawn: np.ndarray = ((x >> np.uint64(12)).astype(np.float64) + 0.5) / 2.0**52
    return drawn


def sample_tokens(
    logits_BV: Tensor, temperatures_B: Tensor, uniform_B: Tensor
) -> tuple[Tensor, Tensor]:
    """Tokens by the inverse of the cumulative distribution, and their untempered log-probabilities.

    The temperatures are on the processor, so that looking at them makes no accelerator wait.
    """
    step = _PART if logits_BV.device.type == "cpu" else len(logits_BV)
    parts = [torch.split(x, step) for x in (logits_BV, temperatures_B, uniform_B)]
    tokens, logprobs = zip(*map(_pick, *parts), strict=True)
    return torch.cat(tokens), torch.cat(logprobs)


def keep_nucleus(logits_BV: Tensor, temperatures_B: Tensor, shares_B: Tensor) -> Tensor:
    """Logits in which only the likeliest tokens with this share of the probability are left (Holtzman et al. 2020).

    Rows of share 1 are the same, bit by bit. The share is of the tempered distribution; the likeliest token stays.
    """
    shares_B1 = to_device(shares_B, logits_BV.device)[:, None]
    hot_B1 = to_device(temperatures_B, logits_BV.device).clamp(min=1e-6)[:, None]
    weights_BV, order_BV = (
        (logits_BV.float() / hot_B1).softmax(-1).sort(stable=True, dim=-1, descending=True)
    )
    outside_BV = (weights_BV.cumsum(-1) - weights_BV >= shares_B1) & (shares_B1 < 1)
    return logits_BV.masked_fill(
        torch.zeros_like(outside_BV).scatter_(1, order_BV, outside_BV), float("-inf")
    )


def _pick(
    logits_BV: Tensor, temperatures_B: Tensor, uniform_B: Tensor
) -> tuple[Tensor, Tensor]:
    logits_BV = logits_BV.float()
    highest_B1 = logits_BV.amax(-1, keepdim=True)
    tokens_B, total_B = _inverse((logits_BV - highest_B1).exp_(), uniform_B)
    if not bool((temperatures_B == 1).all()):
        temperatures_B = to_device(temperatures_B, logits_BV.device)
        hot_B1 = temperatures_B.clamp(min=1e-6)[:, None]
        drawn_B, _ = _inverse(((logits_BV - highest_B1) / hot_B1).exp_(), uniform_B)
        tokens_B = torch.where(temperatures_B > 0, drawn_B, logits_BV.argmax(-1))
    return tokens_B, logits_BV.gather(1, tokens_B[:, None])[:, 0] - highest_B1[
        :, 0
    ] - total_B.log()


def _inverse(weight_BV: Tensor, uniform_B: Tensor) -> tuple[Tensor, Tensor]:
    """The first token at which the running sum of the weights passes u times their total; and that total.

    In two steps, blocks of the vocabulary and then tokens of one block: a running sum over all of it takes ten times
    as long as everything else here.
    """
    b, v = weight_BV.shape
    blocks_BXY = torch.nn.functional.pad(weight_BV, (0, -v % _BLOCK)).view(b, -1, _BLOCK)
    edges_BX = blocks_BXY.sum(-1).double().cumsum(-1)
    want_B1 = _below(uniform_B[:, None] * edges_BX[:, -1:], edges_BX[:, -1:])
    # a row that is not finite finds no block; its token is any, and its log-probability says so
    block_B1 = torch.searchsorted(edges_BX, want_B1, right=True).clamp_(
        max=edges_BX.shape[1] - 1
    )
    before_B1 = torch.where(
        block_B1 > 0, edges_BX.gather(1, (block_B1 - 1).clamp(min=0)), 0.0
    )
    inside_BY = (
        blocks_BXY[torch.arange(b, device=weight_BV.device), block_B1[:, 0]]
        .double()
        .cumsum(-1)
    )
    at_B1 = torch.searchsorted(
        inside_BY, _below(want_B1 - before_B1, inside_BY[:, -1:]), right=True
    )
    return (block_B1 * _BLOCK + at_B1)[:, 0].clamp(max=v - 1), edges_BX[:, -1].float()


def _below(want_B1: Tensor, total_B1: Tensor) -> Tensor:
    """`want_B1`, but less than the total: rounding must not pick a token of weight zero behind the last one."""
    return torch.minimum(want_B1, torch.nextafter(total_B1, torch.zeros_like(total_B1)))
