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
    "batch_invariant_bmm",
    "batch_invariant_linear",
    "input_gradient",
    "is_batch_invariant",
    "min_rows",
    "pack_for_onednn",
]

MIN_ROWS = 4
"""Smallest number of rows in any product while sampling."""
_PROBED_ROWS = (32, 48, 64)


def min_rows(inputs: int, like: Tensor) -> int:
    """Smallest number of rows in a product with a transposed matrix, x W^T, over `inputs`.

    With fewer rows MKL sums in another order (float32 on a processor), so an answer would
    depend on its batch. Measured for 12 to 2,048 inputs: on an Intel Xeon with AMX the other
    order ends above inputs / 24 rows and at the latest at 16, on an AMD EPYC above 3 rows.
    """
    if like.device.type != "cpu" or like.dtype != torch.float32:
        return MIN_ROWS
    return max(MIN_ROWS, min(16, inputs // 24 + 1))


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

    # Rows of zeros make the batch large enough for the usual order of sums (cf. He, Defeating
    # nondeterminism in LLM inference, Thinking Machines 2025).
    padded_Td = _pad_rows(x_Td, min_rows(x_Td.shape[-1], x_Td))
    return linear(padded_Td, weight_od, bias_o)[: len(x_Td)]


def batch_invariant_bmm(x_NMd: Tensor, weight_Nod: Tensor) -> Tensor:
    """x W^T for each of N matrices, (N, M, o)."""
    _, m, d = x_NMd.shape
    padded_NMd = _pad_rows(x_NMd, min_rows(d, x_NMd))
    product_NMo = torch.bmm(padded_NMd, weight_Nod.transpose(1, 2))
    return product_NMo[:, :m]


def is_batch_invariant(weight_od: Tensor, packed: PackedWeight | None) -> bool:
    """Whether a row of x W^T is the same in small and large batches here, measured.

    oneDNN's bfloat16 products are not on processors with AMX: they sum in another order from
    33 or 37 rows on. Padding all smaller products to that would make them up to twice as slow.
    """
    # the matrix's own rows as inputs: numbers of its size, without a generator
    x_Td = weight_od[torch.arange(_PROBED_ROWS[-1]) % len(weight_od)]
    rows_Mo = batch_invariant_linear(x_Td[:MIN_ROWS], weight_od, packed=packed)
    for count in _PROBED_ROWS:
        y_To = batch_invariant_linear(x_Td[:count], weight_od, packed=packed)
        if not torch.equal(y_To[:MIN_ROWS], rows_Mo):
            return False
    return True


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
        product = packed.linear(weight_od[:MIN_ROWS], None)
    except (AttributeError, NotImplementedError, RuntimeError):
        # the functions are private: another build of PyTorch may lack them
        return None

    return packed if product.isfinite().all() else None


@dataclass(frozen=True)
class _OneDNNWeight:
    """oneDNN's order. Without it, every product of a few rows reorders the matrix first.

    Results are equal to the last bit.
    """

    weight_od: Tensor
    reordered: Tensor

    def linear(self, x_Td: Tensor, bias_o: Tensor | None) -> Tensor:
        y_To: Tensor = torch.ops.mkldnn._linear_pointwise(
            _pad_rows(x_Td, MIN_ROWS), self.reordered, bias_o, "none", [], ""
        )
        return y_To[: len(x_Td)]

    def input_gradient(self, grad_To: Tensor) -> Tensor:
        return grad_To @ self.weight_od


def _pad_rows(x_Md: Tensor, rows: int) -> Tensor:
    """At least so many rows; further axes may stand before them."""
    missing = rows - x_Md.shape[-2]
    return pad(x_Md, (0, 0, 0, missing)) if missing > 0 else x_Md
