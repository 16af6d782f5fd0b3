"""The divergence of an agent's distribution from a labeller's, over the whole vocabulary.

Axes: N places of a text, d hidden size, V vocabulary. p is the agent's distribution, q the labeller's.
"""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import torch
from torch import Tensor

from docendo.engines.model.network import Network
from docendo.records import Divergence, Label

__all__ = ["LabelledSpan", "differentiate_divergence", "pull_to_labels"]

_ROWS = 16
"""Places whose distributions are compared at once: several tensors of (N, V) in float32."""
_LEAST = 1e-6
"""Of a probability that is what others leave: rounding may leave nothing."""


class LabelledSpan(NamedTuple):
    """A labelled text within the predicted tokens of a batch."""

    start: int
    """Its first token among the predicted ones."""
    label: Label
    weight_N: Tensor
    divergence: Divergence
    kl_N: Tensor
    """The divergence in nats, which the backward pass fills in."""


def pull_to_labels(
    network: Network,
    logits_BV: Tensor,
    total_B: Tensor,
    start: int,
    spans: Sequence[LabelledSpan],
) -> Iterator[tuple[slice, Tensor]]:
    """The gradient of the weighted divergences by a block's logits, some rows at a time.

    The block begins at predicted token `start`; `total_B` are the log-sum-exps of its logits.
    """
    for span in spans:
        first = max(span.start, start)
        last = min(span.start + len(span.weight_N), start + len(logits_BV))
        for place in range(first, last, _ROWS):
            end = min(place + _ROWS, last)
            rows = slice(place - start, end - start)
            places = slice(place - span.start, end - span.start)

            logprobs_NV = logits_BV[rows].float() - total_B[rows, None]
            label_NV = _label_logprobs(network, span.label, places, logprobs_NV)
            span.kl_N[places], grad_NV = differentiate_divergence(
                logprobs_NV, label_NV, span.divergence
            )
            grad_NV *= span.weight_N[places, None]
            yield rows, grad_NV.to(logits_BV.dtype)


def differentiate_divergence(
    logprobs_NV: Tensor, label_logprobs_NV: Tensor, divergence: Divergence
) -> tuple[Tensor, Tensor]:
    """The divergence at each place in nats, (N,), and its gradient by the agent's logits, (N, V)."""
    p_NV = logprobs_NV.exp()
    log_ratio_NV = logprobs_NV - label_logprobs_NV
    if divergence == "reverse_kl":
        # KL(p | q) = sum p (log p - log q); by logit v: p_v (log p_v - log q_v - KL)
        kl_N = (p_NV * log_ratio_NV).sum(-1)
        return kl_N, p_NV * (log_ratio_NV - kl_N[:, None])

    # KL(q | p) = sum q (log q - log p); by logit v: p_v - q_v (Hinton et al. 2015, eq. 2)
    q_NV = label_logprobs_NV.exp()
    return -(q_NV * log_ratio_NV).sum(-1), p_NV - q_NV


def _label_logprobs(
    network: Network, label: Label, places: slice, logprobs_NV: Tensor
) -> Tensor:
    """log q at these places of the labelled text, (N, V); `logprobs_NV` are log p there."""
    if label.hidden is not None:
        logits_NV = network.logits(label.hidden[places])
        return logits_NV.float() - network.ops.logsumexp(logits_NV)[:, None]

    # The tokens that are not named share what is left as the agent does: then the divergence is
    # that of the coarser distribution over the named tokens and "any other".
    filled_NV = logprobs_NV.clone()
    for row_V, named in zip(filled_NV, label.logprobs[places], strict=True):
        token_M = torch.tensor(list(named), device=row_V.device)
        named_M = torch.tensor(list(named.values()), device=row_V.device)
        rest = (1 - named_M.exp().sum()).clamp(min=_LEAST)
        rest_of_agent = (1 - row_V[token_M].exp().sum()).clamp(min=_LEAST)
        row_V += rest.log() - rest_of_agent.log()
        row_V[token_M] = named_M
    return filled_NV
