"""The next token of every row of a running batch, from its logits.

Axes: B rows, N rows of them that draw from a nucleus, V vocabulary.
"""

from collections.abc import Sequence
from math import isfinite
from typing import NamedTuple

import torch
from torch import Tensor

from docendo.engines.constrained.logits import is_single, mask_logits
from docendo.engines.local.decode_request import DecodeRequest, DecodeResult
from docendo.engines.model.network import Network
from docendo.engines.model.sampling import keep_nucleus, uniform_numbers
from docendo.engines.model.transfer import to_device, to_host
from docendo.records import Request

__all__ = ["draw_next_tokens"]


class _Draw(NamedTuple):
    """What the tokens of one step are drawn with, besides the logits."""

    requests: Sequence[Request]
    temperature_B: Tensor
    uniform_B: Tensor


def draw_next_tokens(
    network: Network,
    requests: Sequence[DecodeRequest],
    results: Sequence[DecodeResult],
    logits_BV: Tensor,
    ends: frozenset[int],
) -> None:
    """Appends a token to every result, or ends it; each of `ends` ends an answer."""
    # Metal has no float64
    on_host = logits_BV.device.type == "mps"
    device = torch.device("cpu") if on_host else logits_BV.device
    seeds = [request.request.seed for request in requests]
    lengths = [len(result.tokens) for result in results]
    draw = _Draw(
        [request.request for request in requests],
        torch.tensor([request.request.temperature for request in requests]),
        to_device(torch.from_numpy(uniform_numbers(seeds, lengths)), device),
    )

    allowed_B = [request.guide.allowed() if request.guide else None for request in requests]
    logits_BV = mask_logits(allowed_B, logits_BV.to(device))
    tokens, logprobs = to_host(*_draw(network, draw, logits_BV))

    rows = zip(requests, results, tokens, logprobs, allowed_B, strict=True)
    for request, result, token, logprob, allowed in rows:
        if not isfinite(logprob):
            result.finished = True
            result.non_finite = True
            continue
        was_sampled = allowed is None or not is_single(allowed)
        meter = request.meter
        if meter and meter.must_end:
            token, logprob, was_sampled = meter.end, 0.0, False
        if meter:
            meter.take(token)
        result.tokens.append(token)
        result.logprobs.append(logprob)
        result.was_sampled.append(was_sampled)
        result.finished = _is_finished(request, result, ends)


def _draw(network: Network, draw: _Draw, logits_BV: Tensor) -> tuple[Tensor, Tensor]:
    """Tokens and their log-probabilities, (B,) each.

    The probability is among all tokens that a grammar allows, drawn from a nucleus or not.
    """
    tokens_B, logprobs_B = network.sample_tokens(
        logits_BV, draw.temperature_B, draw.uniform_B
    )
    narrow = [b for b, request in enumerate(draw.requests) if request.top_p < 1]
    if not narrow:
        return tokens_B, logprobs_B

    logits_NV = logits_BV[narrow]
    temperature_N = draw.temperature_B[narrow]
    top_p_N = torch.tensor([draw.requests[b].top_p for b in narrow])
    nucleus_NV = keep_nucleus(logits_NV, temperature_N, top_p_N)
    tokens_N, _ = network.sample_tokens(nucleus_NV, temperature_N, draw.uniform_B[narrow])
    tokens_B[narrow] = tokens_N
    logprobs_NV = logits_NV.float().log_softmax(-1)
    logprobs_B[narrow] = logprobs_NV.gather(1, tokens_N[:, None])[:, 0]
    return tokens_B, logprobs_B


def _is_finished(
    request: DecodeRequest, result: DecodeResult, ends: frozenset[int]
) -> bool:
    stopped = request.guide.take(result.tokens) if request.guide else False
    if stopped or result.tokens[-1] in ends:
        return True
    if len(result.tokens) < request.request.max_tokens:
        return False

    if request.guide:
        result.close(*request.guide.find_ending(result.tokens))
    return True
