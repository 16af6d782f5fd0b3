"""Log-probabilities of tokens from the last hidden states, and back.

Axes: K predicted tokens, d hidden size, V vocabulary.
"""

from collections.abc import Callable, Sequence

import torch
from torch import Tensor

from docendo.engines.guides import Bits, barred

__all__ = ["token_logprobs", "token_logprobs_back"]

_BLOCK = 256
"""Predicted tokens whose logits are computed together: more would be a block of memory too large to be kept."""
_PART = 16
"""Predicted tokens whose logits are in float32 at once: few enough to stay in the processor's cache."""


def token_logprobs(
    hidden_Kd: Tensor,
    logits_of: Callable[[Tensor], Tensor],
    token_K: Tensor,
    allowed_K: Sequence[Bits | None] = (),
) -> tuple[Tensor, list[tuple[Tensor, Tensor]]]:
    """log softmax(logits of the hidden states)[token], (K,), in float32; and what `token_logprobs_back` needs.

    Among all tokens, or those that are allowed at that place. The logits are kept once, in the model's own format.
    """
    saved, logprobs = list[tuple[Tensor, Tensor]](), list[Tensor]()
    for i, (hidden, token) in enumerate(zip(torch.split(hidden_Kd, _BLOCK), torch.split(token_K, _BLOCK), strict=True)):
        logits = barred(allowed_K[i * _BLOCK : (i + 1) * _BLOCK], logits_of(hidden))
        total = torch.cat([part.float().logsumexp(-1) for part in torch.split(logits, _PART)])
        saved.append((logits, total))
        logprobs.append(logits.gather(1, token[:, None])[:, 0].float() - total)
    return torch.cat(logprobs), saved


def token_logprobs_back(
    saved: list[tuple[Tensor, Tensor]], back: Callable[[Tensor], Tensor], token_K: Tensor, grad_K: Tensor
) -> Tensor:
    """The gradient of the hidden states, (K, d), where `back` makes it of that of the logits.

    The saved logits are overwritten.
    """
    grads, start = list[Tensor](), 0
    for logits, total in saved:
        for place in range(0, len(logits), _PART):
            rows, here = slice(place, place + _PART), slice(start + place, start + min(place + _PART, len(logits)))
            share = (logits[rows].float() - total[rows, None]).exp_().mul_(-grad_K[here, None])
            logits[rows] = share.scatter_add_(1, token_K[here, None], grad_K[here, None])
        grads.append(back(logits))
        start += len(logits)
    return torch.cat(grads)
