"""The gradient of a loss by the log-probabilities of its tokens, and what is measured on the way.

Axes: K predicted tokens of a micro-batch, in the order of its S targets.
"""

from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor

from docendo.engines.model.soft_labels import LabelledSpan
from docendo.learning.losses import Loss, LossInputs
from docendo.records import Target, sampled_mask

__all__ = [
    "LossMeasures",
    "add_divergences",
    "differentiate_loss",
    "find_labelled_spans",
    "loss_inputs_of",
]


class LossMeasures(NamedTuple):
    """What was measured of a loss, by target."""

    loss_S: Tensor
    weighted_S: Tensor
    """Tokens with a weight: those that the loss can learn from."""
    clipped_S: Tensor
    """Those of them whose gradient is exactly 0, because the loss is clipped there."""
    labelled_S: Tensor
    """Tokens with a label, each label counted."""
    divergence_S: Tensor
    """The sum of their divergences in nats, without weights."""


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
    # two more columns for the labels, which are measured in the backward pass
    sums_S5 = measured_K3.new_zeros(len(targets), 5)
    sums_S5[:, :3].index_add_(0, inputs.sequence_ids_K, measured_K3)
    return grad_K, LossMeasures(*sums_S5.unbind(dim=1))


def find_labelled_spans(
    targets: Sequence[Target], device: torch.device
) -> list[list[LabelledSpan]]:
    """The labelled texts of each target, whose tokens stand one after the other."""
    spans_S: list[list[LabelledSpan]] = []
    start = 0
    for target in targets:
        length = len(target.tokens)
        spans = []
        for label, weight, divergence in target.labels:
            # nothing is learned from what a tool forced
            mask_N = torch.tensor(sampled_mask(target.sampled, length), device=device)
            kl_N = torch.zeros(length, device=device)
            spans.append(LabelledSpan(start, label, weight * mask_N, divergence, kl_N))
        spans_S.append(spans)
        start += length
    return spans_S


def add_divergences(
    measures: LossMeasures, spans_S: Sequence[Sequence[LabelledSpan]]
) -> None:
    """Adds what the backward pass measured of the labels."""
    for sequence, spans in enumerate(spans_S):
        for span in spans:
            counted_N = span.weight_N != 0
            measures.loss_S[sequence] += span.weight_N @ span.kl_N
            measures.labelled_S[sequence] += counted_N.sum()
            measures.divergence_S[sequence] += span.kl_N[counted_N].sum()


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
