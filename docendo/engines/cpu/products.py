"""Products with the base model's matrices, in the memory order that the C functions read.

Axes: T tokens, d inputs, o outputs.
"""

from ctypes import CDLL
from dataclasses import dataclass

import torch
from torch import Tensor

from docendo.engines.cpu.allclose import allclose
from docendo.engines.lora.batch_invariant import PackedWeight, pack_for_onednn

__all__ = ["Panels", "pack_panels", "prepack", "products_agree"]

_CHECKED_ROWS = (1, 40)
"""Numbers of rows with which compiled products are compared with PyTorch's."""


def prepack(weight_od: Tensor, library: CDLL | None = None) -> PackedWeight | None:
    """The matrix in the order of the compiled products or of oneDNN; None if neither helps."""
    weight_od = weight_od.detach()
    if weight_od.device.type != "cpu":
        return None
    if weight_od.dtype not in {torch.float32, torch.bfloat16}:
        return None

    if library is not None:
        panels = pack_panels(weight_od, library)
        if panels is not None:
            return panels
    return pack_for_onednn(weight_od)


@torch.inference_mode()
def products_agree(library: CDLL, dtype: torch.dtype) -> bool:
    """Whether compiled products equal PyTorch's within the number format, or there are none."""
    if dtype != torch.bfloat16 or not library.panel_width():
        return True

    # 70 outputs and 44 inputs fill neither the last panel nor the last vector
    weight_od = torch.linspace(0, 900, 70 * 44).sin_().view(70, 44).to(dtype)
    return pack_panels(weight_od, library) is not None


@dataclass(frozen=True)
class Panels:
    """A bfloat16 matrix for the one-threaded products of `products.c`.

    They are fast with few rows too.
    """

    weight_od: Tensor
    panels: Tensor
    library: CDLL

    def linear(self, x_Td: Tensor, bias_o: Tensor | None) -> Tensor:
        x_Td = x_Td.contiguous()
        outputs, inputs = self.weight_od.shape
        y_To = x_Td.new_empty(len(x_Td), outputs)

        self.library.multiply(
            x_Td.data_ptr(),
            len(x_Td),
            inputs,
            self.panels.data_ptr(),
            outputs,
            None if bias_o is None else bias_o.data_ptr(),
            y_To.data_ptr(),
        )
        return y_To

    def input_gradient(self, grad_To: Tensor) -> Tensor:
        outputs, inputs = self.weight_od.shape
        if outputs % 2:  # the function reads outputs in pairs
            return grad_To @ self.weight_od

        grad_To = grad_To.contiguous()
        grad_Td = grad_To.new_empty(len(grad_To), inputs)
        self.library.multiply_back(
            grad_To.data_ptr(),
            len(grad_To),
            outputs,
            self.weight_od.data_ptr(),
            inputs,
            grad_Td.data_ptr(),
        )
        return grad_Td


def pack_panels(weight_od: Tensor, library: CDLL) -> Panels | None:
    """None where the library has no products for this matrix, or wrong ones."""
    width = library.panel_width()
    outputs, inputs = weight_od.shape
    if not width or weight_od.dtype != torch.bfloat16 or inputs % 2:
        return None

    # a panel is `width` outputs, whose inputs lie in the order in which a product reads them
    weight_od = weight_od.contiguous()
    padded_outputs = -(-outputs // width) * width
    panels = Panels(weight_od, weight_od.new_empty(padded_outputs * inputs), library)
    library.pack(weight_od.data_ptr(), outputs, inputs, panels.panels.data_ptr())

    return panels if _is_right(panels) else None


def _is_right(panels: Panels) -> bool:
    # on every matrix itself: a wrong product would only show in what the model writes
    weight_od = panels.weight_od
    for rows in _CHECKED_ROWS:
        x_Td = weight_od[torch.arange(rows) % len(weight_od)]
        y_To = x_Td @ weight_od.T
        if not allclose(panels.linear(x_Td, None), y_To):
            return False
        if not allclose(panels.input_gradient(y_To), y_To @ weight_od):
            return False
    return True
