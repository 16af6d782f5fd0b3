"""The gradient of a loss by the log-probabilities of its tokens, and what is measured on the way.

Axes: K predicted tokens of a micro-batch, in the order of its targets.
"""

from collections.abc import Sequence

import torch
from torch import Tensor

from docendo.learning.losses import Loss, LossInputs
from docendo.records import Target

__all__ = ["differentiate_loss", "loss_inputs_of"]


@torch.no_grad()
def differentiate_loss(targets: Sequence[Target], logprobs_K: Tensor, loss: Loss) -> Tensor:
    """The gradient of the summed loss by the log-probabilities, (K,)."""
    with torch.enable_grad():
        leaf_K = logprobs_K.detach().requires_grad_()
        losses_K = loss(loss_inputs_of(targets, leaf_K))
        (grad_K,) = torch.autograd.grad(losses_K.sum(), leaf_K)
    return grad_K


def loss_inputs_of(targets: Sequence[Target], logprobs_K: Tensor) -> LossInputs:
    """What a loss may know of the targets; their tokens have these log-probabilities, (K,)."""
    weights: list[float] = []
    scales: list[float] = []
    mask: list[float] = []
    old_logprobs: list[float] = []
    was_sampled: list[bool] = []
    sequence_ids: list[int] = []
    for sequence, target in enumerate(targets):
        length = len(target.tokens)
        counts = target.sampled or (True,) * length
        weights += [target.weight * is_chosen for is_chosen in counts]
        scales += [target.scale] * length
        mask += [float(is_chosen) for is_chosen in counts]
        old_logprobs += target.logprobs or (0.0,) * length
        was_sampled += [bool(target.logprobs)] * length
        sequence_ids += [sequence] * length

    device = logprobs_K.device
    # Nobody sampled an example: its tokens count as sampled by the present weights.
    old_logprobs_K = torch.where(
        torch.tensor(was_sampled, device=device),
        torch.tensor(old_logprobs, device=device),
        logprobs_K.detach(),
    )
    return LossInputs(
        logprobs_K=logprobs_K,
        old_logprobs_K=old_logprobs_K,
        weights_K=torch.tensor(weights, device=device),
        scales_K=torch.tensor(scales, device=device),
        mask_K=torch.tensor(mask, device=device),
        sequence_ids_K=torch.tensor(sequence_ids, device=device),
    )
