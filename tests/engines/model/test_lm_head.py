"""Log-probabilities among the tokens that a grammar allows, and their gradient, are those of autograd."""

import numpy as np
import pytest
import torch
from torch import Tensor

from docendo.engines.constrained.logits import Bits
from docendo.engines.cpu.library import load_kernels
from docendo.engines.cpu.ops import CpuOps
from docendo.engines.model.lm_head import token_logprobs, token_logprobs_backward
from docendo.engines.model.ops import ElementwiseOps, TorchOps

LIBRARY = load_kernels(torch.float32)
WAYS = [TorchOps(), *([CpuOps(LIBRARY)] if LIBRARY else [])]


class LinearHead:
    """A head with nothing else of a model."""

    def __init__(self, weight_Vd: Tensor, ops: ElementwiseOps, twice: bool = False) -> None:
        self.weight_Vd, self.ops, self.recompute_logits = weight_Vd, ops, twice

    def logits(self, hidden_Td: Tensor) -> Tensor:
        return hidden_Td @ self.weight_Vd.T

    def logits_backward(self, grad_TV: Tensor) -> Tensor:
        return grad_TV @ self.weight_Vd


@pytest.mark.parametrize("twice", [False, True])
@pytest.mark.parametrize("ops", WAYS)
@pytest.mark.parametrize("count", [5, 300])
def test_the_head_gradient_is_that_of_the_masked_distribution(
    count: int, ops: ElementwiseOps, twice: bool
) -> None:
    """K = 5 and more than a block; every third place has no grammar, and one has a single token.

    Logits are kept or, `twice`, computed again.
    """
    generator = torch.Generator().manual_seed(count)
    hidden_Kd = torch.randn(count, 16, generator=generator, requires_grad=True)
    weight_Vd = torch.randn(70, 16, generator=generator)
    token_K = torch.randint(70, (count,), generator=generator)
    allowed_KV = torch.rand(count, 70, generator=generator) < 0.2
    allowed_KV[1] = False
    allowed_KV[torch.arange(count), token_K] = True
    allowed_KV[::3] = True
    packed = np.packbits(
        np.pad(allowed_KV.numpy(), ((0, 0), (0, 26))), axis=1, bitorder="little"
    )
    bits: list[Bits | None] = [None if k % 3 == 0 else row for k, row in enumerate(packed)]
    grad_K = torch.randn(count, generator=generator)

    masked_KV = (hidden_Kd @ weight_Vd.T).masked_fill(~allowed_KV, float("-inf"))
    wanted_K = masked_KV.log_softmax(-1).gather(1, token_K[:, None])[:, 0]
    (wanted_Kd,) = torch.autograd.grad(wanted_K, hidden_Kd, grad_K)
    head = LinearHead(weight_Vd, ops, twice)
    with torch.no_grad():
        got_K, saved = token_logprobs(head, hidden_Kd, token_K, bits)
        got_Kd = token_logprobs_backward(head, saved, token_K, grad_K)
    assert torch.allclose(got_K, wanted_K, atol=1e-5)
    assert torch.allclose(got_Kd, wanted_Kd, atol=1e-5)
    assert got_K[1] == 0
    assert not got_Kd[1].any(), "nothing is learned from what had to come"
