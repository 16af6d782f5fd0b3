"""Attention of sequences and of trees of completions, against PyTorch's own and by hand."""

from itertools import accumulate, pairwise

import pytest
import torch
from torch import Tensor
from torch.nn.functional import scaled_dot_product_attention

from docendo.engines.model.attention import TreeAttention
from docendo.engines.model.blocks import Heads, build_block

HEADS = Heads(query=4, key=2, size=8, scale=8**-0.5)
LIKE = torch.zeros(0)


def random_qkv(tokens: int) -> Tensor:
    generator = torch.Generator().manual_seed(tokens)
    return torch.randn(tokens, HEADS.query + 2 * HEADS.key, HEADS.size, generator=generator)


def spans_of(*lengths: int) -> list[tuple[int, int]]:
    """Neighbouring sequences: (first token, one after the last)."""
    return list(pairwise(accumulate(lengths, initial=0)))


def windowed(window: int | None) -> Heads:
    """The heads of a model whose second layer sees so many tokens."""
    return HEADS._replace(windows=(None, window))


def reference(qkv_THD: Tensor, window: int | None = None) -> Tensor:
    """What each token of one sequence attends to, (T, O), by PyTorch."""
    query, key, value = torch.split(qkv_THD.transpose(0, 1), [4, 2, 2])
    seen_TT = torch.ones(len(qkv_THD), len(qkv_THD), dtype=torch.bool).tril_()
    if window:
        seen_TT.triu_(1 - window)
    attended = scaled_dot_product_attention(
        query, key, value, attn_mask=seen_TT, enable_gqa=True
    )
    return attended.transpose(0, 1).flatten(1)


def hand_made(values: list[float]) -> Tensor:
    """One head of size 1 whose queries are 0: every token that is seen weighs the same."""
    zeros = torch.zeros(len(values))
    return torch.stack([zeros, zeros, torch.tensor(values)], 1)[:, :, None]


def test_a_token_sees_itself_and_what_is_before_it() -> None:
    heads = Heads(1, 1, 1, 1.0)
    tree = TreeAttention.single(3, heads, LIKE)
    assert tree(0, hand_made([1.0, 2.0, 6.0]))[:, 0].tolist() == [1.0, 1.5, 3.0]


def test_a_window_of_two_sees_a_token_and_the_one_before_it() -> None:
    """In a prompt of 2 and 4, and in completions 9 and (0, 8) behind it: (4+9)/2, (4+0)/2, (0+8)/2."""
    heads = Heads(1, 1, 1, 1.0, windows=(2,))
    prompt = build_block([(0, 2)], None, heads, LIKE)
    completions = build_block([(2, 3), (3, 5)], (0, 2), heads, LIKE)
    tree = TreeAttention([completions, prompt], heads)
    attended = tree(0, hand_made([2.0, 4.0, 9.0, 0.0, 8.0]))
    assert attended[:, 0].tolist() == pytest.approx([2.0, 3.0, 6.5, 2.0, 4.0])


def test_completions_see_their_prompt_and_not_each_other() -> None:
    """A prompt of 2 and 4, then completions 9 and (0, 8): (2+4+9)/3, (2+4+0)/3, (2+4+0+8)/4."""
    heads = Heads(1, 1, 1, 1.0)
    prompt = build_block([(0, 2)], None, heads, LIKE)
    completions = build_block([(2, 3), (3, 5)], (0, 2), heads, LIKE)
    tree = TreeAttention([completions, prompt], heads)
    attended = tree(0, hand_made([2.0, 4.0, 9.0, 0.0, 8.0]))
    assert attended[:, 0].tolist() == pytest.approx([2.0, 3.0, 5.0, 2.0, 3.5])


@pytest.mark.parametrize("align", [1, 4, 32])
@pytest.mark.parametrize("lengths", [(5,), (3, 3), (7, 2, 4)])
@pytest.mark.parametrize("window", [None, 3])
def test_sequences_side_by_side_are_those_of_each_alone(lengths, align, window) -> None:
    spans = spans_of(*lengths)
    qkv_THD = random_qkv(sum(lengths))
    block = build_block(spans, None, HEADS, LIKE, align)
    attended_TO = TreeAttention([block], windowed(window))(1, qkv_THD)
    for start, stop in spans:
        alone_TO = reference(qkv_THD[start:stop], window)
        torch.testing.assert_close(attended_TO[start:stop], alone_TO)


@pytest.mark.parametrize("window", [None, 2, 4, 8])
def test_a_completion_attends_as_if_its_prompt_stood_before_it(window) -> None:
    qkv_THD = random_qkv(4 + 3 + 5)
    blocks = [
        build_block([(0, 4)], None, HEADS, LIKE),
        build_block([(4, 7), (7, 12)], (0, 4), HEADS, LIKE),
    ]
    tree = TreeAttention(blocks, windowed(window))
    torch.testing.assert_close(tree(0, qkv_THD)[:7], reference(qkv_THD[:7]))
    attended_TO = tree(1, qkv_THD)
    torch.testing.assert_close(attended_TO[:7], reference(qkv_THD[:7], window))
    second = torch.cat([qkv_THD[:4], qkv_THD[7:]])
    torch.testing.assert_close(attended_TO[7:], reference(second, window)[4:])


@pytest.mark.parametrize("window", [None, 3])
def test_the_backward_pass_is_that_of_autograd(window) -> None:
    qkv_THD = random_qkv(4 + 3 + 5).requires_grad_()
    grad_TO = torch.randn(12, 32, generator=torch.Generator().manual_seed(1))
    whole = torch.cat([qkv_THD[:4], qkv_THD[7:]])
    expected_TO = torch.cat([reference(qkv_THD[:7], window), reference(whole, window)[4:]])
    (expected_THD,) = torch.autograd.grad(expected_TO, qkv_THD, grad_TO)

    blocks = [
        build_block([(4, 7), (7, 12)], (0, 4), HEADS, LIKE),
        build_block([(0, 4)], None, HEADS, LIKE),
    ]
    tree = TreeAttention(blocks, windowed(window))
    with torch.no_grad():
        _, weights = tree.forward(1, qkv_THD)
        grad_THD = tree.backward(qkv_THD, weights, grad_TO)
    torch.testing.assert_close(grad_THD, expected_THD, atol=1e-5, rtol=1e-5)
