"""Whether compiled functions gave what PyTorch's operations give."""

from torch import Tensor

__all__ = ["allclose"]

_TOLERANCE = 0.02
"""Relative to the norm of the expected result; bfloat16 alone makes about half a percent."""


def allclose(actual: Tensor, expected: Tensor) -> bool:
    """Equal within the number format. False where any number is NaN."""
    distance = (actual.float() - expected.float()).norm()
    return bool(distance <= _TOLERANCE * expected.float().norm())
