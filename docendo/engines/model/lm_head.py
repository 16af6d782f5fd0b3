"""Log-probabilities of tokens from the last hidden states, forward and backward.

Axes: K predicted tokens, d hidden size, V vocabulary.
"""

from collections.abc import Sequence

import torch
from torch import Tensor

from docendo.engines.constrained.logits import Bits, mask_logits
from docendo.engines.model.network import Network
from docendo.engines.model.soft_labels import LabelledSpan, pull_to_labels

__all__ = ["token_logprobs", "token_logprobs_backward"]

_BLOCK = 256
"""Predicted tokens whose logits are computed together, so that memory for them is reused."""


def token_logprobs(
    network: Network,
    hidden_Kd: Tensor,
    token_K: Tensor,
    allowed_K: Sequence[Bits | None] = (),
) -> tuple[Tensor, list[tuple[Tensor, Tensor]]]:
    """log softmax(logits of the hidden states)[token], (K,), in float32.

    Among all tokens, or among those that are allowed at that place. Also returns what
    `token_logprobs_backward` needs: the logits of each block in the model's own format, and their
    log-sum-exp.
    """
    # Block by block: the masked logits of all tokens at once, K * V numbers, and their
    # exponentials in float32 would be the largest tensors of a step.
    saved = []
    logprobs = []
    for start in range(0, len(token_K), _BLOCK):
        block = slice(start, start + _BLOCK)
        token_B = token_K[block]
        logits_BV = network.logits(hidden_Kd[block])
        logits_BV = mask_logits(allowed_K[block], logits_BV)
        # only the sums are float32: logits stay in the format of the model, which saves memory
        total_B = network.ops.logsumexp(logits_BV)
        token_logits_B1 = logits_BV.gather(1, token_B[:, None])
        saved.append((logits_BV, total_B))
        logprobs.append(token_logits_B1[:, 0].float() - total_B)
    return torch.cat(logprobs), saved


def token_logprobs_backward(
    network: Network,
    saved: Sequence[tuple[Tensor, Tensor]],
    token_K: Tensor,
    grad_K: Tensor,
    spans: Sequence[LabelledSpan] = (),
) -> Tensor:
    """The gradient of the hidden states, (K, d), with that of the divergences from labels.

    The saved logits are overwritten, and the divergences written into the spans.
    """
    grads = []
    start = 0
    for logits_BV, total_B in saved:
        block = slice(start, start + len(logits_BV))
        # labels are compared with the logits, which the next line overwrites
        pulls = list(pull_to_labels(network, logits_BV, total_B, start, spans))
        network.ops.logprob_backward_(logits_BV, total_B, token_K[block], grad_K[block])
        for rows, grad_NV in pulls:
            logits_BV[rows] += grad_NV
        grads.append(network.logits_backward(logits_BV))
        start = block.stop
    return torch.cat(grads)
