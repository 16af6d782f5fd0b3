import pytest
import torch

from docendo.engines.cpu.allclose import allclose


@pytest.mark.parametrize(
    ("factor", "is_close"), [(1.0, True), (1.015, True), (0.985, True), (1.03, False)]
)
def test_two_percent_of_the_norm_is_the_limit(factor: float, is_close: bool) -> None:
    expected = torch.tensor([3.0, 4.0])
    assert allclose(factor * expected, expected) is is_close


def test_one_nan_is_enough_to_differ() -> None:
    expected = torch.ones(1000)
    actual = expected.clone()
    actual[7] = float("nan")
    assert not allclose(actual, expected)


def test_number_formats_may_differ() -> None:
    expected = torch.linspace(-1, 1, 100)
    assert allclose(expected.bfloat16(), expected)
