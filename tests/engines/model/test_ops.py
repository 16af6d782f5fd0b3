"""What lies between the products, in PyTorch's operations and compiled: the same, and the gradients are autograd's."""

from collections.abc import Callable

import pytest
import torch
from torch import Tensor
from torch.nn.functional import silu

from docendo.engines.cpu.library import load_kernels
from docendo.engines.cpu.ops import CpuOps
from docendo.engines.model.ops import ElementwiseOps, RMSNorm, TorchOps

DTYPES = [torch.float32, torch.bfloat16]
needs_compiler = pytest.mark.skipif(
    load_kernels(torch.float32) is None, reason="no C compiler"
)
NONE = float("nan")


def ways(dtype: torch.dtype = torch.float32) -> list[ElementwiseOps]:
    library = load_kernels(dtype)
    return [TorchOps(), *([CpuOps(library)] if library else [])]


def drawn(*shape: int, seed: int = 0) -> Tensor:
    return 2 * torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


def grad_of(function: Callable[[Tensor], Tensor], x: Tensor, grad: Tensor) -> Tensor:
    leaf = x.clone().requires_grad_()
    return torch.autograd.grad(function(leaf), leaf, grad)[0]


@pytest.mark.parametrize("way", ways())
@pytest.mark.parametrize("width", [1, 16, 37, 64])
def test_handwritten_gradients_are_those_of_autograd(
    way: ElementwiseOps, width: int
) -> None:
    x, both, grad = drawn(5, width), drawn(5, 2 * width, seed=1), drawn(5, width, seed=2)
    norm = RMSNorm(drawn(width, seed=3), 1e-5)

    def normalised(x: Tensor) -> Tensor:
        return x * (x.square().mean(-1, keepdim=True) + 1e-5).rsqrt() * norm.weight_d

    normed, factor = way.rms_norm(norm, x)
    torch.testing.assert_close(normed, normalised(x), rtol=1e-5, atol=1e-6)
    wanted = grad_of(normalised, x, grad)
    torch.testing.assert_close(
        way.rms_norm_backward(norm, x, factor, grad), wanted, rtol=1e-4, atol=1e-5
    )

    def gated(both: Tensor) -> Tensor:
        return silu(both[:, :width]) * both[:, width:]

    torch.testing.assert_close(way.swiglu(both), gated(both), rtol=1e-5, atol=1e-6)
    torch.testing.assert_close(
        way.swiglu_backward(both, grad), grad_of(gated, both, grad), rtol=1e-5, atol=1e-6
    )

    share = way.softmax(x.clone())
    torch.testing.assert_close(share, x.softmax(-1), rtol=1e-5, atol=1e-7)
    wanted = grad_of(lambda x: x.softmax(-1), x, grad)
    torch.testing.assert_close(
        way.softmax_backward(share, grad.clone()), wanted, rtol=1e-5, atol=1e-6
    )

    token, outer, logits = torch.arange(5) % width, drawn(5, seed=4), x.clone()
    total = way.logsumexp(logits)
    torch.testing.assert_close(total, x.logsumexp(-1), rtol=1e-5, atol=1e-6)
    way.logprob_backward_(logits, total, token, outer)
    wanted = grad_of(lambda x: x.log_softmax(-1).gather(1, token[:, None])[:, 0], x, outer)
    torch.testing.assert_close(logits, wanted, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("way", ways())
@pytest.mark.parametrize("place", [0, 15, 16, 36])
def test_a_nan_is_not_lost_and_stays_in_its_row(way: ElementwiseOps, place: int) -> None:
    """In full groups of sixteen and behind them; and it stays in its row."""
    x = drawn(3, 37)
    x[1, place] = NONE
    share, total = way.softmax(x.clone()), way.logsumexp(x)
    for found in (
        share,
        total[:, None],
        way.rms_norm(RMSNorm(torch.ones(37), 1e-5), x)[0],
    ):
        assert found[1].isnan().any()
        assert found[[0, 2]].isfinite().all()
    logits = x.clone()
    way.logprob_backward_(logits, total, torch.zeros(3, dtype=torch.long), torch.ones(3))
    assert logits[1].isnan().any()
    assert logits[[0, 2]].isfinite().all()


@pytest.mark.parametrize("way", ways())
def test_a_forbidden_token_gets_no_probability_and_no_gradient(way: ElementwiseOps) -> None:
    x = drawn(2, 40)
    x[:, 5:] = float("-inf")
    assert not way.softmax(x.clone())[:, 5:].any()
    logits, total = x.clone(), way.logsumexp(x)
    way.logprob_backward_(logits, total, torch.tensor([1, 2]), torch.ones(2))
    assert not logits[:, 5:].any()
    torch.testing.assert_close(total, x[:, :5].logsumexp(-1))
