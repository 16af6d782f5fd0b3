"""docendo's attention in transformers' place, against PyTorch's own."""

from types import SimpleNamespace

import torch
from torch import Tensor, nn
from torch.nn.functional import scaled_dot_product_attention

from docendo.engines.lora.bank import AdapterBank, adapt
from docendo.engines.model.attention import TreeAttention
from docendo.engines.model.blocks import Heads
from docendo.engines.model.huggingface import HFStack, attend, use_plan

HEADS = Heads(query=4, key=2, size=8, scale=8**-0.5)
LAYER = SimpleNamespace(layer_idx=0)


def operands() -> list[Tensor]:
    """Queries, keys and values of five tokens, (1, heads, T, D)."""
    generator = torch.Generator().manual_seed(0)
    return [torch.randn(1, n, 5, 8, generator=generator) for n in (4, 2, 2)]


def expected(query: Tensor, key: Tensor, value: Tensor) -> Tensor:
    """(1, T, H, D)."""
    attended = scaled_dot_product_attention(
        query, key, value, is_causal=True, enable_gqa=True
    )
    return attended.transpose(1, 2)


def test_what_transformers_gets_is_attention_by_token_and_head() -> None:
    plan = TreeAttention.single(5, HEADS, torch.zeros(0))
    with torch.no_grad(), use_plan(plan):
        attended, weights = attend(LAYER, *operands(), None)  # type: ignore[arg-type]
    assert weights is None
    assert attended.shape == (1, 5, 4, 8)
    torch.testing.assert_close(attended, expected(*operands()))


def test_gradients_flow_through_it_as_through_pytorchs_own() -> None:
    plan = TreeAttention.single(5, HEADS, torch.zeros(0))
    grad = torch.randn(1, 5, 4, 8, generator=torch.Generator().manual_seed(1))
    gradients = []
    for attention in (expected, lambda *qkv: attend(LAYER, *qkv, None)[0]):  # type: ignore[arg-type]
        leaves = [x.requires_grad_() for x in operands()]
        with use_plan(plan):
            gradients.append(torch.autograd.grad(attention(*leaves), leaves, grad))
    for ours, theirs in zip(*gradients, strict=True):
        torch.testing.assert_close(ours, theirs, atol=1e-5, rtol=1e-5)


def test_every_adapted_layer_is_a_product_of_its_own() -> None:
    model = nn.Sequential(nn.Linear(4, 6), nn.Linear(6, 2))
    model.get_output_embeddings = lambda: model[1]  # type: ignore[operator]
    bank = AdapterBank(2, 4.0, torch.device("cpu"), torch.float32)
    adapt(model, bank)
    stack = HFStack.of(model, bank)
    assert [p.weight_od.shape for p in stack.projections] == [(6, 4)], "not the head"
    assert not stack.thread_safe
