"""Elementwise operations between the matrix products of a pass, forward and backward.

Axes: T tokens, d hidden size, f inner size of the feed-forward part, K predicted tokens,
V vocabulary, (B, N, L) attention scores of N queries over L keys.
"""

from typing import NamedTuple, Protocol

import torch
from torch import Tensor
from torch.nn.functional import rms_norm, silu

__all__ = ["ElementwiseOps", "RMSNorm", "TorchOps"]

_BLOCK_ROWS = 16
"""Rows of logits in float32 at once: few enough to stay in the processor's cache."""


class RMSNorm(NamedTuple):
    """Root mean square normalisation (Zhang & Sennrich 2019)."""

    weight_d: Tensor
    epsilon: float

    def infer(self, x_Td: Tensor) -> Tensor:
        return rms_norm(x_Td, self.weight_d.shape, self.weight_d, self.epsilon)


class ElementwiseOps(Protocol):
    """The operations that both PyTorch and the C functions provide."""

    def rms_norm(self, norm: RMSNorm, x_Td: Tensor) -> tuple[Tensor, Tensor]:
        """The normalised states, and the factor of each token, (T,), for the backward pass."""
        ...

    def rms_norm_backward(
        self,
        norm: RMSNorm,
        x_Td: Tensor,
        factor_T: Tensor,
        grad_Td: Tensor,
    ) -> Tensor:
        """The gradient of the states, from that of the normalised ones."""
        ...

    def swiglu(self, gate_up_Tf: Tensor) -> Tensor:
        """silu(gate) * up, (T, f), of gate and up side by side, (T, 2 f)."""
        ...

    def swiglu_backward(self, gate_up_Tf: Tensor, grad_Tf: Tensor) -> Tensor:
        """The gradients of gate and up, (T, 2 f)."""
        ...

    def softmax(self, scores_BNL: Tensor) -> Tensor:
        """Softmax over the last axis; the scores may be overwritten."""
        ...

    def softmax_backward(self, weights_BNL: Tensor, grad_BNL: Tensor) -> Tensor:
        """The gradient of the scores; that of the weights may be overwritten."""
        ...

    def logsumexp(self, logits_KV: Tensor) -> Tensor:
        """(K,) in float32; NaN where a logit is NaN."""
        ...

    def logprob_backward_(
        self,
        logits_KV: Tensor,
        total_K: Tensor,
        token_K: Tensor,
        grad_K: Tensor,
    ) -> None:
        """Overwrites each row of logits by their gradient.

        The loss of a row is grad * log softmax(logits)[token]; `total_K` is the log-sum-exp.
        """
        ...


class TorchOps:
    """PyTorch's operations, on any device."""

    def rms_norm(self, norm: RMSNorm, x_Td: Tensor) -> tuple[Tensor, Tensor]:
        # the mean in float32, as transformers computes it
        wide_Td = x_Td.float()
        factor_T1 = wide_Td.square().mean(-1, keepdim=True).add_(norm.epsilon).rsqrt_()
        normed_Td = wide_Td.mul(factor_T1).to(x_Td.dtype).mul_(norm.weight_d)
        return normed_Td, factor_T1[:, 0]

    def rms_norm_backward(
        self,
        norm: RMSNorm,
        x_Td: Tensor,
        factor_T: Tensor,
        grad_Td: Tensor,
    ) -> Tensor:
        factor_T1 = factor_T[:, None]
        unit_Td = x_Td.float() * factor_T1
        wide_Td = grad_Td.float() * norm.weight_d

        # With u = x / rms(x) and g = grad * weight: dx = (g - u * mean(g * u)) / rms(x). The part
        # along x is projected out, since scaling x does not change its normalisation.
        along_T1 = (wide_Td * unit_Td).mean(-1, keepdim=True)
        wide_Td.addcmul_(unit_Td, along_T1, value=-1).mul_(factor_T1)
        return wide_Td.to(x_Td.dtype)

    def swiglu(self, gate_up_Tf: Tensor) -> Tensor:
        # in place of a feed-forward part's activation (Shazeer 2020)
        gate, up = gate_up_Tf.chunk(2, -1)
        return silu(gate).mul_(up)

    def swiglu_backward(self, gate_up_Tf: Tensor, grad_Tf: Tensor) -> Tensor:
        gate, up = gate_up_Tf.chunk(2, -1)
        grad_gate_up_Tf = torch.empty_like(gate_up_Tf)
        grad_gate, grad_up = grad_gate_up_Tf.chunk(2, -1)

        # written into the halves of one tensor: joining them would copy both
        torch.mul(grad_Tf, silu(gate), out=grad_up)
        torch.ops.aten.silu_backward.grad_input(grad_Tf * up, gate, grad_input=grad_gate)
        return grad_gate_up_Tf

    def softmax(self, scores_BNL: Tensor) -> Tensor:
        return scores_BNL.softmax(-1)

    def softmax_backward(self, weights_BNL: Tensor, grad_BNL: Tensor) -> Tensor:
        # ds = w * (dw - sum over L of w * dw)
        return torch._softmax_backward_data(grad_BNL, weights_BNL, -1, weights_BNL.dtype)

    def logsumexp(self, logits_KV: Tensor) -> Tensor:
        blocks = torch.split(logits_KV, _BLOCK_ROWS)
        return torch.cat([block.float().logsumexp(-1) for block in blocks])

    def logprob_backward_(
        self,
        logits_KV: Tensor,
        total_K: Tensor,
        token_K: Tensor,
        grad_K: Tensor,
    ) -> None:
        for start in range(0, len(logits_KV), _BLOCK_ROWS):
            # d log softmax(x)[t] / dx = onehot(t) - softmax(x)
            rows = slice(start, start + _BLOCK_ROWS)
            grad_K1 = grad_K[rows, None]
            probability_KV = (logits_KV[rows].float() - total_K[rows, None]).exp_()
            grad_KV = probability_KV.mul_(-grad_K1)
            logits_KV[rows] = grad_KV.scatter_add_(1, token_K[rows, None], grad_K1)
