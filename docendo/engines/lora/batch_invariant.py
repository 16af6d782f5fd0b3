"""Products with a frozen weight matrix in which a row never depends on the rest of the batch.

Axes: T tokens, d inputs, o outputs.
"""

from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor
from torch.nn.functional import linear, pad

__all__ = [
    "MIN_ROWS",
    "PackedWeight",
    "batch_invariant_linear",
    "input_gradient",
    "pack_for_onednn",
]

MIN_ROWS = 4
"""Smallest number of rows in a product while sampling.

With fewer rows MKL sums in another order (float32), so an answer would depend on its batch.
"""


class PackedWeight(Protocol):
    """A matrix (o, d) in another memory order, for products that are batch-invariant."""

    def linear(self, x_Td: Tensor, bias_o: Tensor | None) -> Tensor:
        """x W^T + b, (T, o)."""
        ...

    def input_gradient(self, grad_To: Tensor) -> Tensor:
        """grad W, (T, d)."""
        ...


def batch_invariant_linear(
    x_Td: Tensor,
    weight_od: Tensor,
    bias_o: Tensor | None = None,
    packed: PackedWeight | None = None,
) -> Tensor:
    """x W^T + b, (T, o). `packed` is the same matrix as `weight_od`."""
    if packed is not None:
        return packed.linear(x_Td, bias_o)

    return linear(_pad_rows(x_Td), weight_od, bias_o)[: len(x_Td)]


def input_gradient(
    grad_To: Tensor, weight_od: Tensor, packed: PackedWeight | None
) -> Tensor:
    """The gradient of the input of x W^T + b: grad W, (T, d)."""
    return grad_To @ weight_od if packed is None else packed.input_gradient(grad_To)


def pack_for_onednn(weight_od: Tensor) -> PackedWeight | None:
    """The matrix in oneDNN's order; None where this build of PyTorch cannot do it."""
    try:
        reordered = torch.ops.mkldnn._reorder_linear_weight(weight_od, None)
        packed = _OneDNNWeight(weight_od, reordered)
        works = packed.linear(weight_od[:MIN_ROWS], None).isfinite().all()
    except (AttributeError, NotImplementedError, RuntimeError):  # another build of PyTorch
        return None

    return packed if works else None


@dataclass(frozen=True)
class _OneDNNWeight:
    """oneDNN's order. Without it, every product of a few rows reorders the matrix first.

    Results are equal to the last bit.
    """

    weight_od: Tensor
    reordered: Tensor

    def linear(self, x_Td: Tensor, bias_o: Tensor | None) -> Tensor:
        y_To: Tensor = torch.ops.mkldnn._linear_pointwise(
            _pad_rows(x_Td), self.reordered, bias_o, "none", [], ""
        )
        return y_To[: len(x_Td)]

    def input_gradient(self, grad_To: Tensor) -> Tensor:
        return grad_To @ self.weight_od


def _pad_rows(x_Td: Tensor) -> Tensor:
    missing = MIN_ROWS - len(x_Td)
    return pad(x_Td, (0, 0, 0, missing)) if missing > 0 else x_Td
