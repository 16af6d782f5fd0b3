"""Sampling tokens: one uniform number per token, through the inverse cumulative distribution.

Axes: B rows, V vocabulary, X blocks of Y tokens.
"""

from collections.abc import Sequence
from itertools import starmap

import numpy as np
import torch
from torch import Tensor

from docendo.engines.model.transfer import to_device

__all__ = ["keep_nucleus", "sample_tokens", "uniform_numbers"]

_BLOCK = 128
"""Y, tokens whose weights are added up first."""
_CHUNK_ROWS = 8
"""Rows that are worked on at once: few enough to stay in the processor's cache."""
_MIN_TEMPERATURE = 1e-6


def uniform_numbers(seeds_B: Sequence[int], positions_B: Sequence[int]) -> np.ndarray:
    """One number in (0, 1) per (seed, position), whatever else is in the batch.

    They come from splitmix64 (Steele et al. 2014), used as a counter-based generator.
    """
    seeds = np.array(seeds_B, np.uint64)
    counters = np.array(positions_B, np.uint64) + 1

    # The n'th output of splitmix64 is a hash of seed + n * golden ratio, modulo 2^64. Computed for
    # any n at once, it needs no state of a generator that other rows might advance.
    with np.errstate(over="ignore"):
        x = seeds + counters * np.uint64(0x9E3779B97F4A7C15)
        x = (x ^ (x >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        x = (x ^ (x >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        x = x ^ (x >> np.uint64(31))

    # 52 bits and a half: exact in a double, and neither 0 nor 1
    high_bits = (x >> np.uint64(12)).astype(np.float64)
    uniform: np.ndarray = (high_bits + 0.5) / 2.0**52
    return uniform


def sample_tokens(
    logits_BV: Tensor,
    temperatures_B: Tensor,
    uniform_B: Tensor,
) -> tuple[Tensor, Tensor]:
    """Tokens, (B,), and their log-probabilities at temperature 1.

    The temperatures are on the processor: reading them must not make an accelerator wait.
    """
    on_cpu = logits_BV.device.type == "cpu"
    rows = _CHUNK_ROWS if on_cpu else max(1, len(logits_BV))
    chunks = zip(
        torch.split(logits_BV, rows),
        torch.split(temperatures_B, rows),
        torch.split(uniform_B, rows),
        strict=True,
    )
    tokens, logprobs = zip(*starmap(_sample_chunk, chunks), strict=True)
    return torch.cat(tokens), torch.cat(logprobs)


def keep_nucleus(logits_BV: Tensor, temperatures_B: Tensor, top_p_B: Tensor) -> Tensor:
    """Logits of the likeliest tokens with this share of the probability; minus infinity elsewhere.

    Nucleus sampling (Holtzman et al. 2020). The share is of the tempered distribution, and the
    likeliest token stays. Rows of share 1 are the same, bit by bit.
    """
    top_p_B1 = to_device(top_p_B, logits_BV.device)[:, None]
    temperature_B1 = to_device(temperatures_B, logits_BV.device)[:, None]
    tempered_BV = logits_BV.float() / temperature_B1.clamp(min=_MIN_TEMPERATURE)
    share_BV = tempered_BV.softmax(-1)
    sorted_BV, order_BV = share_BV.sort(stable=True, dim=-1, descending=True)

    # A token is dropped where the likelier ones have the share already: the smallest set whose
    # probability is at least p. A share of 1 is told apart, since a sum of floats may miss it.
    likelier_BV = sorted_BV.cumsum(-1) - sorted_BV
    dropped_BV = (likelier_BV >= top_p_B1) & (top_p_B1 < 1)
    mask_BV = torch.zeros_like(dropped_BV).scatter_(1, order_BV, dropped_BV)
    return logits_BV.masked_fill(mask_BV, float("-inf"))


def _sample_chunk(
    logits_BV: Tensor,
    temperatures_B: Tensor,
    uniform_B: Tensor,
) -> tuple[Tensor, Tensor]:
    # float32 from here on: the model's format is for its products, not for sums over V tokens
    logits_BV = logits_BV.float()
    highest_B1 = logits_BV.amax(-1, keepdim=True)
    weights_BV = (logits_BV - highest_B1).exp_()
    tokens_B, total_B = _invert_cdf(weights_BV, uniform_B)

    if not bool((temperatures_B == 1).all()):
        temperatures_B = to_device(temperatures_B, logits_BV.device)
        positive_B = temperatures_B.clamp(min=_MIN_TEMPERATURE)
        tempered_BV = (logits_BV - highest_B1) / positive_B[:, None]
        sampled_B, _ = _invert_cdf(tempered_BV.exp_(), uniform_B)
        likeliest_B = logits_BV.argmax(-1)
        tokens_B = torch.where(temperatures_B > 0, sampled_B, likeliest_B)

    # untempered: what training compares with
    token_logits_B = logits_BV.gather(1, tokens_B[:, None])[:, 0]
    return tokens_B, token_logits_B - highest_B1[:, 0] - total_B.log()


def _invert_cdf(weights_BV: Tensor, uniform_B: Tensor) -> tuple[Tensor, Tensor]:
    """The first token at which the running sum of the weights passes u times their total.

    Also returns that total. First the block of the vocabulary is found, then the token in it: a
    running sum over all tokens takes ten times as long as everything else here.
    """
    # (B, V) as (B, X, Y), the vocabulary in blocks of Y tokens
    b, v = weights_BV.shape
    padded_BV = torch.nn.functional.pad(weights_BV, (0, -v % _BLOCK))
    blocks_BXY = padded_BV.view(b, -1, _BLOCK)

    # running sums in float64: in float32 a rare token's weight may vanish beside what is before it
    edges_BX = blocks_BXY.sum(-1).double().cumsum(-1)
    total_B1 = edges_BX[:, -1:]
    target_B1 = _limit_below(uniform_B[:, None] * total_B1, total_B1)

    # a row that is not finite finds no block: its token is any, its log-probability NaN
    last_block = edges_BX.shape[1] - 1
    block_B1 = torch.searchsorted(edges_BX, target_B1, right=True)
    block_B1.clamp_(max=last_block)
    previous_B1 = (block_B1 - 1).clamp(min=0)
    edge_B1 = edges_BX.gather(1, previous_B1)
    before_B1 = torch.where(block_B1 > 0, edge_B1, 0.0)

    # within the block, (B, Y), what is left of the target
    row_B = torch.arange(b, device=weights_BV.device)
    block_BY = blocks_BXY[row_B, block_B1[:, 0]]
    sums_BY = block_BY.double().cumsum(-1)
    rest_B1 = _limit_below(target_B1 - before_B1, sums_BY[:, -1:])
    offset_B1 = torch.searchsorted(sums_BY, rest_B1, right=True)
    token_B1 = block_B1 * _BLOCK + offset_B1
    tokens_B = token_B1[:, 0].clamp(max=v - 1)
    return tokens_B, total_B1[:, 0].float()


def _limit_below(target_B1: Tensor, total_B1: Tensor) -> Tensor:
    """Less than the total: rounding must not sample a token of weight zero behind the last."""
    largest_B1 = torch.nextafter(total_B1, torch.zeros_like(total_B1))
    return torch.minimum(target_B1, largest_B1)
