"""Log-probabilities of tokens from the last hidden states, and back.

Axes: K predicted tokens, d hidden size, V vocabulary.
"""

from collections.abc import Sequence
from typing import Protocol

import torch
from torch import Tensor

from docendo.engines.constrained.logits import Bits, barred
from docendo.engines.model.ops import ElementwiseOps

__all__ = ["Head", "token_logprobs", "token_logprobs_backward"]

_BLOCK = 256
"""Predicted tokens whose logits are computed together: more would be a block of memory too large to be kept."""


class Head(Protocol):
    @property
    def ops(self) -> ElementwiseOps: ...

    def logits(self, hidden_Td: Tensor) -> Tensor:
        """(T, V)."""
        ...

    def logits_backward(self, grad_TV: Tensor) -> Tensor:
        """The gradient of the hidden states, (T, d)."""
        ...


def token_logprobs(
    head: Head, hidden_Kd: Tensor, token_K: Tensor, allowed_K: Sequence[Bits | None] = ()
) -> tuple[Tensor, list[tuple[Tensor, Tensor]]]:
    """log softmax(logits of the hidden states)[token], (K,), in float32; and what `token_logprobs_back` needs.

    Among all tokens, or those that are allowed at that place. The logits are kept once, in the model's own format.
    """
    saved, logprobs = list[tuple[Tensor, Tensor]](), list[Tensor]()
    for i, (hidden, token) in enumerate(
        zip(torch.split(hidden_Kd, _BLOCK), torch.split(token_K, _BLOCK), strict=True)
    ):
        logits = barred(allowed_K[i * _BLOCK : (i + 1) * _BLOCK], head.logits(hidden))
        total = head.ops.logsumexp(logits)
        saved.append((logits, total))
        logprobs.append(logits.gather(1, token[:, None])[:, 0].float() - total)
    return torch.cat(logprobs), saved


def token_logprobs_backward(
    head: Head, saved: Sequence[tuple[Tensor, Tensor]], token_K: Tensor, grad_K: Tensor
) -> Tensor:
    """The gradient of the hidden states, (K, d). The saved logits are overwritten."""
    grads, start = list[Tensor](), 0
    for logits, total in saved:
        here = slice(start, start + len(logits))
        head.ops.logprob_backward_(logits, total, token_K[here], grad_K[here])
        grads.append(head.logits_backward(logits))
        start += len(logits)
    return torch.cat(grads)
