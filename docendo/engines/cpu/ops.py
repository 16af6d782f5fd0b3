"""The elementwise operations of a pass by compiled functions, and their check.

Axes: T tokens, d hidden size, f inner size of the feed-forward part, K predicted tokens,
V vocabulary, (B, N, L) attention scores of N queries over L keys.
"""

from ctypes import CDLL
from dataclasses import dataclass
from math import prod

import torch
from torch import Tensor

from docendo.engines.cpu.allclose import allclose
from docendo.engines.model.ops import ElementwiseOps, RMSNorm, TorchOps

__all__ = ["CpuOps", "ops_agree"]


@dataclass(frozen=True)
class CpuOps:
    """The functions of `between.c`, on one thread."""

    library: CDLL

    def rms_norm(self, norm: RMSNorm, x_Td: Tensor) -> tuple[Tensor, Tensor]:
        normed_Td = torch.empty_like(x_Td)
        factor_T = torch.empty(len(x_Td))

        self.library.normalise(
            *x_Td.shape,
            x_Td.data_ptr(),
            norm.weight_d.data_ptr(),
            norm.epsilon,
            normed_Td.data_ptr(),
            factor_T.data_ptr(),
        )
        return normed_Td, factor_T

    def rms_norm_backward(
        self,
        norm: RMSNorm,
        x_Td: Tensor,
        factor_T: Tensor,
        grad_Td: Tensor,
    ) -> Tensor:
        # a contiguous copy needs a name: unnamed, it would be freed before the function reads it
        grad_Td = grad_Td.contiguous()
        grad_x_Td = torch.empty_like(x_Td)

        self.library.normalise_back(
            *x_Td.shape,
            x_Td.data_ptr(),
            norm.weight_d.data_ptr(),
            factor_T.data_ptr(),
            grad_Td.data_ptr(),
            grad_x_Td.data_ptr(),
        )
        return grad_x_Td

    def swiglu(self, gate_up_Tf: Tensor) -> Tensor:
        rows = len(gate_up_Tf)
        width = gate_up_Tf.shape[1] // 2
        inner_Tf = gate_up_Tf.new_empty(rows, width)

        self.library.gated(rows, width, gate_up_Tf.data_ptr(), inner_Tf.data_ptr())
        return inner_Tf

    def swiglu_backward(self, gate_up_Tf: Tensor, grad_Tf: Tensor) -> Tensor:
        grad_Tf = grad_Tf.contiguous()
        grad_gate_up_Tf = torch.empty_like(gate_up_Tf)

        self.library.gated_back(
            *grad_Tf.shape,
            gate_up_Tf.data_ptr(),
            grad_Tf.data_ptr(),
            grad_gate_up_Tf.data_ptr(),
        )
        return grad_gate_up_Tf

    def softmax(self, scores_BNL: Tensor) -> Tensor:
        # in place, as the protocol allows: scores are the largest tensors of a training pass
        scores_BNL = scores_BNL.contiguous()
        *rows, width = scores_BNL.shape

        self.library.soften_rows(prod(rows), width, scores_BNL.data_ptr())
        return scores_BNL

    def softmax_backward(self, weights_BNL: Tensor, grad_BNL: Tensor) -> Tensor:
        weights_BNL = weights_BNL.contiguous()
        grad_BNL = grad_BNL.contiguous()
        *rows, width = grad_BNL.shape

        self.library.soften_back(
            prod(rows), width, weights_BNL.data_ptr(), grad_BNL.data_ptr()
        )
        return grad_BNL

    def logsumexp(self, logits_KV: Tensor) -> Tensor:
        total_K = torch.empty(len(logits_KV))
        self.library.totals(*logits_KV.shape, logits_KV.data_ptr(), total_K.data_ptr())
        return total_K

    def logprob_backward_(
        self,
        logits_KV: Tensor,
        total_K: Tensor,
        token_K: Tensor,
        grad_K: Tensor,
    ) -> None:
        total_K = total_K.contiguous()
        token_K = token_K.contiguous()
        grad_K = grad_K.contiguous()

        self.library.shares(
            *logits_KV.shape,
            logits_KV.data_ptr(),
            total_K.data_ptr(),
            token_K.data_ptr(),
            grad_K.data_ptr(),
        )


@torch.inference_mode()
def ops_agree(library: CDLL, dtype: torch.dtype) -> bool:
    """Whether the compiled functions equal PyTorch's operations within the number format."""
    expected = _results(TorchOps(), dtype)
    compiled = _results(CpuOps(library), dtype)
    return all(map(allclose, compiled, expected))


def _results(ops: ElementwiseOps, dtype: torch.dtype) -> list[Tensor]:
    """What every operation makes of the same five tokens."""
    x_Td = _waves(90, dtype)
    grad_Td = _waves(70, dtype)
    norm = RMSNorm(x_Td[0].abs(), 1e-5)

    # 44 and 22 numbers: full vectors of sixteen and a rest, which other code computes
    normed_Td, factor_T = ops.rms_norm(norm, x_Td)
    grad_x_Td = ops.rms_norm_backward(norm, x_Td, factor_T, grad_Td)
    inner_Tf = ops.swiglu(x_Td)
    grad_gate_up_Tf = ops.swiglu_backward(x_Td, grad_Td[:, :22].contiguous())
    weights_Td = ops.softmax(x_Td.clone())
    grad_scores_Td = ops.softmax_backward(weights_Td, grad_Td.clone())
    total_T = ops.logsumexp(x_Td)
    ops.logprob_backward_(x_Td, total_T, torch.arange(5), factor_T)

    norms = [normed_Td, factor_T, grad_x_Td]
    gates = [inner_Tf, grad_gate_up_Tf]
    return [*norms, *gates, weights_Td, grad_scores_Td, total_T, x_Td]


def _waves(end: float, dtype: torch.dtype) -> Tensor:
    return torch.linspace(0, end, 5 * 44).sin_().mul_(3).view(5, 44).to(dtype)
