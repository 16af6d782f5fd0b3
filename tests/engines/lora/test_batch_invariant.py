"""A row of a product is the same, to the last bit, in every batch."""

import pytest
import torch
from torch import Tensor

from docendo.engines.lora.batch_invariant import (
    MIN_ROWS,
    batch_invariant_bmm,
    batch_invariant_linear,
    is_batch_invariant,
    min_rows,
    pack_for_onednn,
)

INPUTS = (48, 64, 96, 128, 192, 256, 384, 576, 1536)
"""MKL changes the order of its sums at 3, 5, 6, 9, 11 or 16 rows, depending on the inputs."""
OUTPUTS = 16
ROWS = (1, 2, 3, 4, 5, 6, 8, 9, 10, 11, 13, 15, 16, 17, 31, 33, 64, 79)


def normal(*shape: int) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(0))


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
@pytest.mark.parametrize("inputs", INPUTS)
def test_a_row_of_a_product_is_the_same_in_every_batch(
    inputs: int, dtype: torch.dtype
) -> None:
    x_Td = normal(80, inputs).to(dtype)
    weight_od = normal(OUTPUTS, inputs).to(dtype)
    packed = pack_for_onednn(weight_od)

    for matrix in (None, packed):
        every_row = batch_invariant_linear(x_Td, weight_od, packed=matrix)
        for rows in ROWS:
            few_rows = batch_invariant_linear(x_Td[:rows], weight_od, packed=matrix)
            assert torch.equal(few_rows, every_row[:rows]), rows


@pytest.mark.parametrize("inputs", INPUTS)
def test_a_row_of_stacked_products_is_the_same_in_every_batch(inputs: int) -> None:
    x_NTd = normal(3, 80, inputs)
    weight_Nod = normal(3, OUTPUTS, inputs)
    every_row = batch_invariant_bmm(x_NTd, weight_Nod)

    for rows in ROWS:
        few_rows = batch_invariant_bmm(x_NTd[:, :rows], weight_Nod)
        assert few_rows.shape == (3, rows, OUTPUTS)
        assert torch.equal(few_rows, every_row[:, :rows]), rows


def test_products_over_many_inputs_have_at_least_sixteen_rows() -> None:
    like = torch.empty(0)
    assert [min_rows(inputs, like) for inputs in (12, 96, 128, 360, 4096)] == [
        4,
        5,
        6,
        16,
        16,
    ]
    assert min_rows(4096, like.bfloat16()) == MIN_ROWS
    assert min_rows(4096, torch.empty(0, device="meta")) == MIN_ROWS


class Uneven:
    """A packed matrix whose products are larger with many rows."""

    def __init__(self, weight_od: Tensor) -> None:
        self.weight_od = weight_od

    def linear(self, x_Td: Tensor, bias_o: Tensor | None) -> Tensor:
        return x_Td @ self.weight_od.T + (1e-6 if len(x_Td) > 33 else 0.0)

    def input_gradient(self, grad_To: Tensor) -> Tensor:
        return grad_To @ self.weight_od


def test_the_probe_detects_products_whose_rows_depend_on_the_batch_size() -> None:
    weight_od = normal(40, 48)
    assert is_batch_invariant(weight_od, None)
    assert is_batch_invariant(weight_od, pack_for_onednn(weight_od))
    assert not is_batch_invariant(weight_od, Uneven(weight_od))
