"""Divergences from labels and their gradients are those of autograd and of finite differences."""

from math import log
from typing import Any

import pytest
import torch
from torch import Tensor
from torch.nn.functional import kl_div

from docendo.engines.model.lm_head import token_logprobs, token_logprobs_backward
from docendo.engines.model.ops import ElementwiseOps, TorchOps
from docendo.engines.model.soft_labels import LabelledSpan, differentiate_divergence
from docendo.records import Divergence, Label
from tests.engines.model.test_lm_head import WAYS, LinearHead

KINDS: list[Divergence] = ["forward_kl", "reverse_kl"]


def kl(p_NV: Tensor, q_NV: Tensor) -> Tensor:
    """KL(p | q) of log-probabilities, (N,)."""
    return kl_div(q_NV, p_NV, log_target=True, reduction="none").sum(-1)


@pytest.mark.parametrize("kind", KINDS)
def test_the_gradient_of_a_divergence_is_that_of_finite_differences(
    kind: Divergence,
) -> None:
    generator = torch.Generator().manual_seed(3)
    logits_NV = torch.randn(2, 6, generator=generator, dtype=torch.float64)
    label_NV = torch.randn(2, 6, generator=generator, dtype=torch.float64).log_softmax(-1)
    _, grad_NV = differentiate_divergence(logits_NV.log_softmax(-1), label_NV, kind)

    step = 1e-6
    for v in range(6):
        moved_NV = torch.eye(6, dtype=torch.float64)[v] * step
        ends = [
            differentiate_divergence((logits_NV + s).log_softmax(-1), label_NV, kind)[0]
            for s in (moved_NV, -moved_NV)
        ]
        slope_N = (ends[0] - ends[1]) / (2 * step)
        torch.testing.assert_close(grad_NV[:, v], slope_N, atol=1e-8, rtol=1e-5)


def test_divergences_equal_sums_by_hand() -> None:
    p_NV = torch.tensor([[0.5, 0.5]]).log()
    q_NV = torch.tensor([[0.8, 0.2]]).log()
    forward_N, grad_NV = differentiate_divergence(p_NV, q_NV, "forward_kl")
    assert forward_N.item() == pytest.approx(0.8 * log(1.6) + 0.2 * log(0.4))
    assert grad_NV.tolist()[0] == pytest.approx([-0.3, 0.3])
    reverse_N, _ = differentiate_divergence(p_NV, q_NV, "reverse_kl")
    assert reverse_N.item() == pytest.approx(0.5 * log(0.625) + 0.5 * log(2.5))


@pytest.mark.parametrize("ops", WAYS)
@pytest.mark.parametrize("kind", KINDS)
def test_labels_across_blocks_add_their_gradients_to_the_tokens_own(
    kind: Divergence, ops: ElementwiseOps
) -> None:
    """300 tokens are two blocks; the label covers tokens 240 to 279, another all but ten."""
    generator = torch.Generator().manual_seed(1)
    hidden_Kd = torch.randn(300, 16, generator=generator, requires_grad=True)
    weight_Vd = torch.randn(70, 16, generator=generator)
    token_K = torch.randint(70, (300,), generator=generator)
    grad_K = torch.randn(300, generator=generator)
    spans = []
    for start, count in ((240, 40), (10, 290)):
        label = Label(torch.randn(count, 16, generator=generator))
        weight_N = torch.rand(count, generator=generator)
        spans.append(LabelledSpan(start, label, weight_N, kind, torch.zeros(count)))

    logprobs_KV = (hidden_Kd @ weight_Vd.T).log_softmax(-1)
    loss = grad_K @ logprobs_KV.gather(1, token_K[:, None])[:, 0]
    kl_of_spans = []
    for start, label, weight_N, _, _ in spans:
        own_NV = logprobs_KV[start : start + len(weight_N)]
        label_NV = (label.hidden @ weight_Vd.T).log_softmax(-1)
        pair = (own_NV, label_NV) if kind == "reverse_kl" else (label_NV, own_NV)
        kl_of_spans.append(kl(*pair))
        loss = loss + weight_N @ kl_of_spans[-1]
    (expected_Kd,) = torch.autograd.grad(loss, hidden_Kd)

    head: Any = LinearHead(weight_Vd, ops)
    with torch.no_grad():
        _, saved = token_logprobs(head, hidden_Kd, token_K)
        got_Kd = token_logprobs_backward(head, saved, token_K, grad_K, spans)
    torch.testing.assert_close(got_Kd, expected_Kd, atol=1e-4, rtol=1e-4)
    for span, kl_N in zip(spans, kl_of_spans, strict=True):
        torch.testing.assert_close(span.kl_N, kl_N.detach(), atol=1e-4, rtol=1e-4)


@pytest.mark.parametrize("kind", KINDS)
def test_tokens_that_a_label_does_not_name_count_as_one_other_token(
    kind: Divergence,
) -> None:
    logits_V = torch.tensor([0.3, -1.0, 0.5, 1.2], requires_grad=True)
    named = Label(logprobs=({2: log(0.6), 0: log(0.3)},))
    p_V = logits_V.softmax(-1)
    own_M = torch.stack([p_V[2], p_V[0], p_V[1] + p_V[3]]).log()[None]
    label_M = torch.tensor([[0.6, 0.3, 0.1]]).log()
    pair = (own_M, label_M) if kind == "reverse_kl" else (label_M, own_M)
    (expected_V,) = torch.autograd.grad(kl(*pair).sum(), logits_V)

    head: Any = LinearHead(torch.eye(4), TorchOps())
    span = LabelledSpan(0, named, torch.ones(1), kind, torch.zeros(1))
    with torch.no_grad():
        _, saved = token_logprobs(head, logits_V[None], torch.tensor([1]))
        grad_Kd = token_logprobs_backward(
            head, saved, torch.tensor([1]), torch.zeros(1), [span]
        )
    torch.testing.assert_close(grad_Kd[0], expected_V, atol=1e-5, rtol=1e-4)
    assert span.kl_N.item() == pytest.approx(kl(*pair).item(), abs=1e-5)
