"""The gradient of a loss by the log-probabilities of its tokens, and what is measured on the way.

Axes: K predicted tokens of a micro-batch, in the order of its S targets.
"""

from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor

from docendo.learning.losses import Loss, LossInputs
from docendo.records import Target, sampled_mask

__all__ = ["LossMeasures", "differentiate_loss", "loss_inputs_of"]


class LossMeasures(NamedTuple):
    """What was measured of a loss, by target."""

    loss_S: Tensor
    weighted_S: Tensor
    """Tokens with a weight: those that the loss can learn from."""
    clipped_S: Tensor
    """Those of them whose gradient is exactly 0, because the loss is clipped there."""


@torch.no_grad()
def differentiate_loss(
    targets: Sequence[Target], logprobs_K: Tensor, loss: Loss
) -> tuple[Tensor, LossMeasures]:
    """The gradient of the summed loss by the log-probabilities, (K,), and its measures."""
    with torch.enable_grad():
        leaf_K = logprobs_K.detach().requires_grad_()
        inputs = loss_inputs_of(targets, leaf_K)
        losses_K = loss(inputs)
        (grad_K,) = torch.autograd.grad(losses_K.sum(), leaf_K)

    weighted_K = inputs.weights_K != 0
    measured_K3 = torch.stack(
        [losses_K.detach(), weighted_K.float(), (weighted_K & (grad_K == 0)).float()], dim=1
    )
    sums_S3 = measured_K3.new_zeros(len(targets), 3)
    sums_S3.index_add_(0, inputs.sequence_ids_K, measured_K3)
    return grad_K, LossMeasures(*sums_S3.unbind(dim=1))


def loss_inputs_of(targets: Sequence[Target], logprobs_K: Tensor) -> LossInputs:
    """What a loss may know of the targets; their tokens have these log-probabilities, (K,)."""
    weights: list[float] = []
    scales: list[float] = []
    mask: list[float] = []
    old_logprobs: list[float] = []
    was_sampled: list[bool] = []
    ref_logprobs: list[float] = []
    sequence_ids: list[int] = []
    for sequence, target in enumerate(targets):
        length = len(target.tokens)
        counts = sampled_mask(target.sampled, length)
        weights += [target.weight * is_chosen for is_chosen in counts]
        scales += [target.scale] * length
        mask += [float(is_chosen) for is_chosen in counts]
        old_logprobs += target.logprobs or (0.0,) * length
        was_sampled += [bool(target.logprobs)] * length
        ref_logprobs += target.ref_logprobs
        sequence_ids += [sequence] * length

    device = logprobs_K.device
    # Nobody sampled an example: its tokens count as sampled by the present weights.
    old_logprobs_K = torch.where(
        torch.tensor(was_sampled, device=device),
        torch.tensor(old_logprobs, device=device),
        logprobs_K.detach(),
    )
    # Either all targets have been scored by the reference, or none.
    ref_logprobs_K = torch.tensor(ref_logprobs, device=device) if ref_logprobs else None
    return LossInputs(
        logprobs_K=logprobs_K,
        old_logprobs_K=old_logprobs_K,
        weights_K=torch.tensor(weights, device=device),
        scales_K=torch.tensor(scales, device=device),
        mask_K=torch.tensor(mask, device=device),
        sequence_ids_K=torch.tensor(sequence_ids, device=device),
        ref_logprobs_K=ref_logprobs_K,
    )
