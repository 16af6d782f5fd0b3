"""What lies between the products of a pass through the model, forward and back.

Axes: T tokens, d hidden size, f inner size of the feed-forward part, K predicted tokens, V vocabulary.
"""

from ctypes import CDLL
from dataclasses import dataclass
from typing import NamedTuple, Protocol

import torch
from torch import Tensor
from torch.nn.functional import rms_norm, silu

from docendo.engines.cpu.allclose import allclose

__all__ = ["CpuOps", "ElementwiseOps", "Norm", "TorchOps", "between_alike"]

_PART = 16
"""Predicted tokens whose logits are in float32 at once: few enough to stay in the processor's cache."""


class Norm(NamedTuple):
    """Root mean square normalisation (Zhang & Sennrich 2019)."""

    weight_d: Tensor
    epsilon: float

    def infer(self, x_Td: Tensor) -> Tensor:
        return rms_norm(x_Td, self.weight_d.shape, self.weight_d, self.epsilon)


class ElementwiseOps(Protocol):
    def normalised(self, norm: Norm, x_Td: Tensor) -> tuple[Tensor, Tensor]:
        """The normalised states, and for the way back the factor of each token, (T,)."""
        ...

    def normalised_back(
        self, norm: Norm, x_Td: Tensor, factor_T: Tensor, grad_Td: Tensor
    ) -> Tensor:
        """The gradient of the states, from that of the normalised ones."""
        ...

    def gated(self, both_Tf: Tensor) -> Tensor:
        """silu(gate) * up, (T, f), of gate and up side by side, (T, 2 f)."""
        ...

    def gated_back(self, both_Tf: Tensor, grad_Tf: Tensor) -> Tensor:
        """The gradients of gate and up, (T, 2 f)."""
        ...

    def softened(self, scores_BNL: Tensor) -> Tensor:
        """softmax over the last axis; the scores may be overwritten."""
        ...

    def softened_back(self, share_BNL: Tensor, grad_BNL: Tensor) -> Tensor:
        """The gradient of the scores, from that of the shares, which may be overwritten."""
        ...

    def totals(self, logits_KV: Tensor) -> Tensor:
        """log sum exp of each row, (K,), in float32; no number where a logit is none."""
        ...

    def shares(
        self, logits_KV: Tensor, total_K: Tensor, token_K: Tensor, grad_K: Tensor
    ) -> None:
        """Puts the gradient of each row's loss, grad * log softmax[token], in the place of its logits."""
        ...


class TorchOps:
    def normalised(self, norm: Norm, x_Td: Tensor) -> tuple[Tensor, Tensor]:
        wide = x_Td.float()
        factor_T1 = wide.square().mean(-1, keepdim=True).add_(norm.epsilon).rsqrt_()
        return wide.mul(factor_T1).to(x_Td.dtype).mul_(norm.weight_d), factor_T1[:, 0]

    def normalised_back(
        self, norm: Norm, x_Td: Tensor, factor_T: Tensor, grad_Td: Tensor
    ) -> Tensor:
        factor_T1 = factor_T[:, None]
        unit, wide = x_Td.float() * factor_T1, grad_Td.float() * norm.weight_d
        along_T1 = (wide * unit).mean(-1, keepdim=True)
        return wide.addcmul_(unit, along_T1, value=-1).mul_(factor_T1).to(x_Td.dtype)

    def gated(self, both_Tf: Tensor) -> Tensor:
        gate, up = both_Tf.chunk(2, -1)
        return silu(gate).mul_(up)

    def gated_back(self, both_Tf: Tensor, grad_Tf: Tensor) -> Tensor:
        gate, up = both_Tf.chunk(2, -1)
        into = torch.empty_like(both_Tf)
        into_gate, into_up = into.chunk(2, -1)
        torch.mul(grad_Tf, silu(gate), out=into_up)
        torch.ops.aten.silu_backward.grad_input(grad_Tf * up, gate, grad_input=into_gate)
        return into

    def softened(self, scores_BNL: Tensor) -> Tensor:
        return scores_BNL.softmax(-1)

    def softened_back(self, share_BNL: Tensor, grad_BNL: Tensor) -> Tensor:
        return torch._softmax_backward_data(grad_BNL, share_BNL, -1, share_BNL.dtype)

    def totals(self, logits_KV: Tensor) -> Tensor:
        return torch.cat(
            [part.float().logsumexp(-1) for part in torch.split(logits_KV, _PART)]
        )

    def shares(
        self, logits_KV: Tensor, total_K: Tensor, token_K: Tensor, grad_K: Tensor
    ) -> None:
        for start in range(0, len(logits_KV), _PART):
            rows = slice(start, start + _PART)
            share = (
                (logits_KV[rows].float() - total_K[rows, None])
                .exp_()
                .mul_(-grad_K[rows, None])
            )
            logits_KV[rows] = share.scatter_add_(1, token_K[rows, None], grad_K[rows, None])


@dataclass(frozen=True)
class CpuOps:
    """The functions of `between.c`, on one thread."""

    library: CDLL

    def normalised(self, norm: Norm, x_Td: Tensor) -> tuple[Tensor, Tensor]:
        normed_Td, factor_T = torch.empty_like(x_Td), torch.empty(len(x_Td))
        x, weight, normed, factor = (
            t.data_ptr() for t in (x_Td, norm.weight_d, normed_Td, factor_T)
        )
        self.library.normalise(*x_Td.shape, x, weight, norm.epsilon, normed, factor)
        return normed_Td, factor_T

    def normalised_back(
        self, norm: Norm, x_Td: Tensor, factor_T: Tensor, grad_Td: Tensor
    ) -> Tensor:
        into_Td = torch.empty_like(x_Td)
        given = (x_Td, norm.weight_d, factor_T, grad_Td.contiguous(), into_Td)
        self.library.normalise_back(*x_Td.shape, *(t.data_ptr() for t in given))
        return into_Td

    def gated(self, both_Tf: Tensor) -> Tensor:
        rows, width = len(both_Tf), both_Tf.shape[1] // 2
        inner_Tf = both_Tf.new_empty(rows, width)
        self.library.gated(rows, width, both_Tf.data_ptr(), inner_Tf.data_ptr())
        return inner_Tf

    def gated_back(self, both_Tf: Tensor, grad_Tf: Tensor) -> Tensor:
        into_Tf, (rows, width) = torch.empty_like(both_Tf), grad_Tf.shape
        given = (both_Tf, grad_Tf.contiguous(), into_Tf)
        self.library.gated_back(rows, width, *(t.data_ptr() for t in given))
        return into_Tf

    def softened(self, scores_BNL: Tensor) -> Tensor:
        scores_BNL = scores_BNL.contiguous()
        self.library.soften_rows(
            scores_BNL[..., 0].numel(), scores_BNL.shape[-1], scores_BNL.data_ptr()
        )
        return scores_BNL

    def softened_back(self, share_BNL: Tensor, grad_BNL: Tensor) -> Tensor:
        share_BNL, grad_BNL = share_BNL.contiguous(), grad_BNL.contiguous()
        sizes = grad_BNL[..., 0].numel(), grad_BNL.shape[-1]
        self.library.soften_back(*sizes, share_BNL.data_ptr(), grad_BNL.data_ptr())
        return grad_BNL

    def totals(self, logits_KV: Tensor) -> Tensor:
        total_K = torch.empty(len(logits_KV))
        self.library.totals(*logits_KV.shape, logits_KV.data_ptr(), total_K.data_ptr())
        return total_K

    def shares(
        self, logits_KV: Tensor, total_K: Tensor, token_K: Tensor, grad_K: Tensor
    ) -> None:
        given = (logits_KV, total_K.contiguous(), token_K.contiguous(), grad_K.contiguous())
        self.library.shares(*logits_KV.shape, *(t.data_ptr() for t in given))


@torch.inference_mode()
def between_alike(library: CDLL, dtype: torch.dtype) -> bool:
    """Whether the compiled functions do what PyTorch's operations do, within what the number format loses."""
    results = []
    for way in (TorchOps(), CpuOps(library)):
        x_Td, grad_Td = (
            torch.linspace(0, end, 5 * 44).sin_().mul_(3).view(5, 44).to(dtype)
            for end in (90, 70)
        )
        norm = Norm(x_Td[0].abs(), 1e-5)
        normed_Td, factor_T = way.normalised(norm, x_Td)
        back = way.normalised_back(norm, x_Td, factor_T, grad_Td)
        gates = way.gated(x_Td), way.gated_back(x_Td, grad_Td[:, :22].contiguous())
        share_Td = way.softened(x_Td.clone())
        shares = share_Td, way.softened_back(share_Td, grad_Td.clone())
        total_T = way.totals(x_Td)
        way.shares(x_Td, total_T, torch.arange(5), factor_T)
        results.append((normed_Td, factor_T, back, *gates, *shares, total_T, x_Td))
    return all(allclose(got, wanted) for wanted, got in zip(*results, strict=True))
