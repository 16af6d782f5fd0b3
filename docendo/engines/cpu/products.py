"""Products with the base's matrices, which never change and so are kept in the order in which they are read.

Axes: T tokens, d inputs, o outputs.
"""

from ctypes import CDLL
from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor
from torch.nn.functional import linear, pad

from docendo.engines.cpu.allclose import allclose
from docendo.engines.lora.routing import FEWEST

__all__ = ["Packed", "Panels", "prepack", "product", "product_back", "products_alike"]

_CHECKED = (1, 40)
"""Numbers of rows with which compiled products are compared with PyTorch's."""


class Packed(Protocol):
    """A matrix, (o, d), in another order. Each row of a product with it is the same in every batch."""

    def times(self, x_Td: Tensor, bias_o: Tensor | None) -> Tensor:
        """x W^T + b, (T, o)."""
        ...

    def back(self, y_To: Tensor) -> Tensor:
        """y W, (T, d)."""
        ...


def prepack(weight_od: Tensor, library: CDLL | None = None) -> Packed | None:
    """In the order of the compiled products, where `library` has some, or else of oneDNN; None where neither gains."""
    weight_od = weight_od.detach()
    if weight_od.device.type != "cpu" or weight_od.dtype not in {
        torch.float32,
        torch.bfloat16,
    }:
        return None
    return (_panels(weight_od, library) if library else None) or _reordered(weight_od)


def product(
    x_Td: Tensor,
    weight_od: Tensor,
    bias_o: Tensor | None = None,
    packed: Packed | None = None,
) -> Tensor:
    """x W^T + b, (T, o), each row of it the same in every batch."""
    return (
        linear(_padded(x_Td), weight_od, bias_o)[: len(x_Td)]
        if packed is None
        else packed.times(x_Td, bias_o)
    )


def product_back(y_To: Tensor, weight_od: Tensor, packed: Packed | None) -> Tensor:
    """y W, (T, d)."""
    return y_To @ weight_od if packed is None else packed.back(y_To)


@torch.inference_mode()
def products_alike(library: CDLL, dtype: torch.dtype) -> bool:
    """Whether the compiled products, where there are some, are PyTorch's within what the number format loses."""
    weight_od = torch.linspace(0, 900, 70 * 44).sin_().view(70, 44).to(dtype)
    return (
        dtype != torch.bfloat16
        or not library.panel_width()
        or _panels(weight_od, library) is not None
    )


def _padded(x_Td: Tensor) -> Tensor:
    return x_Td if len(x_Td) >= FEWEST else pad(x_Td, (0, 0, 0, FEWEST - len(x_Td)))


@dataclass(frozen=True)
class _Reordered:
    """oneDNN's order: otherwise every product of a few rows reorders the whole matrix first. Equal to the last bit."""

    weight_od: Tensor
    packed: Tensor

    def times(self, x_Td: Tensor, bias_o: Tensor | None) -> Tensor:
        y_To: Tensor = torch.ops.mkldnn._linear_pointwise(
            _padded(x_Td), self.packed, bias_o, "none", [], ""
        )
        return y_To[: len(x_Td)]

    def back(self, y_To: Tensor) -> Tensor:
        return y_To @ self.weight_od


def _reordered(weight_od: Tensor) -> _Reordered | None:
    try:
        found = _Reordered(
            weight_od, torch.ops.mkldnn._reorder_linear_weight(weight_od, None)
        )
        return found if found.times(weight_od[:FEWEST], None).isfinite().all() else None
    except (AttributeError, NotImplementedError, RuntimeError):  # another build of PyTorch
        return None


@dataclass(frozen=True)
class Panels:
    """For the products of `products.c`, of bfloat16 and on one thread, which are fast with few rows too."""

    weight_od: Tensor
    panels: Tensor
    library: CDLL

    def times(self, x_Td: Tensor, bias_o: Tensor | None) -> Tensor:
        x_Td, (outputs, inputs) = x_Td.contiguous(), self.weight_od.shape
        y_To = x_Td.new_empty(len(x_Td), outputs)
        bias = None if bias_o is None else bias_o.data_ptr()
        panels, y = self.panels.data_ptr(), y_To.data_ptr()
        self.library.multiply(x_Td.data_ptr(), len(x_Td), inputs, panels, outputs, bias, y)
        return y_To

    def back(self, y_To: Tensor) -> Tensor:
        outputs, inputs = self.weight_od.shape
        if outputs % 2:
            return y_To @ self.weight_od
        y_To, x_Td = y_To.contiguous(), y_To.new_empty(len(y_To), inputs)
        weight, x = self.weight_od.data_ptr(), x_Td.data_ptr()
        self.library.multiply_back(y_To.data_ptr(), len(y_To), outputs, weight, inputs, x)
        return x_Td


def _panels(weight_od: Tensor, library: CDLL) -> Panels | None:
    """None where the library has no such products, or wrong ones."""
    width, (outputs, inputs) = library.panel_width(), weight_od.shape
    if not width or weight_od.dtype != torch.bfloat16 or inputs % 2:
        return None
    weight_od = weight_od.contiguous()
    found = Panels(
        weight_od, weight_od.new_empty(-(-outputs // width) * width * inputs), library
    )
    library.pack(weight_od.data_ptr(), outputs, inputs, found.panels.data_ptr())
    for rows in _CHECKED:
        x_Td = weight_od[torch.arange(rows) % outputs]
        y_To = x_Td @ weight_od.T
        if not (
            allclose(found.times(x_Td, None), y_To)
            and allclose(found.back(y_To), y_To @ weight_od)
        ):
            return None
    return found
