"""Log-probabilities of tokens from the last hidden states, forward and backward.

Axes: K predicted tokens, d hidden size, V vocabulary.
"""

from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor

from docendo.engines.constrained.logits import Bits, mask_logits
from docendo.engines.model.network import Network
from docendo.engines.model.soft_labels import LabelledSpan, pull_to_labels
from docendo.engines.profiling.memory import LOGIT_ROWS

__all__ = ["HeadTape", "token_logprobs", "token_logprobs_backward"]


class HeadTape(NamedTuple):
    """What `token_logprobs_backward` needs of each block of predicted tokens."""

    logits: list[Tensor]
    """(B, V) in the model's own format; empty where they are computed again."""
    totals: list[Tensor]
    """Their log-sum-exps, (B,)."""
    hidden_Kd: Tensor
    allowed_K: Sequence[Bits | None]


def token_logprobs(
    network: Network,
    hidden_Kd: Tensor,
    token_K: Tensor,
    allowed_K: Sequence[Bits | None] = (),
) -> tuple[Tensor, HeadTape]:
    """log softmax(logits of the hidden states)[token], (K,), in float32.

    Among all tokens, or among those that are allowed at that place.
    """
    # Block by block: the masked logits of all tokens at once, K * V numbers, and their
    # exponentials in float32 would be the largest tensors of a step.
    tape = HeadTape([], [], hidden_Kd, allowed_K)
    logprobs = []
    for start in range(0, len(token_K), LOGIT_ROWS):
        token_B = token_K[start : start + LOGIT_ROWS]
        logits_BV = _block_logits(network, tape, start)
        # only the sums are float32: logits stay in the format of the model, which saves memory
        total_B = network.ops.logsumexp(logits_BV)
        token_logits_B1 = logits_BV.gather(1, token_B[:, None])
        logprobs.append(token_logits_B1[:, 0].float() - total_B)
        tape.totals.append(total_B)
        if not network.recompute_logits:
            tape.logits.append(logits_BV)
    return torch.cat(logprobs), tape


def token_logprobs_backward(
    network: Network,
    tape: HeadTape,
    token_K: Tensor,
    grad_K: Tensor,
    spans: Sequence[LabelledSpan] = (),
) -> Tensor:
    """The gradient of the hidden states, (K, d), with that of the divergences from labels.

    The tape's logits are overwritten, and the divergences written into the spans.
    """
    grads = []
    for i, total_B in enumerate(tape.totals):
        start = i * LOGIT_ROWS
        block = slice(start, start + LOGIT_ROWS)
        logits_BV = tape.logits[i] if tape.logits else _block_logits(network, tape, start)
        # labels are compared with the logits, which the next line overwrites
        pulls = list(pull_to_labels(network, logits_BV, total_B, start, spans))
        network.ops.logprob_backward_(logits_BV, total_B, token_K[block], grad_K[block])
        for rows, grad_NV in pulls:
            logits_BV[rows] += grad_NV
        grads.append(network.logits_backward(logits_BV))
    return torch.cat(grads)


def _block_logits(network: Network, tape: HeadTape, start: int) -> Tensor:
    """The masked logits of the block that begins at this predicted token, (B, V)."""
    block = slice(start, start + LOGIT_ROWS)
    logits_BV = network.logits(tape.hidden_Kd[block])
    return mask_logits(tape.allowed_K[block], logits_BV)
