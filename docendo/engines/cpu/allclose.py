"""Whether compiled functions made what PyTorch's operations make."""

from torch import Tensor

__all__ = [
    "allclose",
]

_TOLERANCE = 0.02
"""Of the norm of what is wanted; bfloat16 alone makes about half a percent."""


def allclose(got: Tensor, wanted: Tensor) -> bool:
    """Within what the number format loses; never where something is no number."""
    return bool((got.float() - wanted.float()).norm() <= _TOLERANCE * wanted.float().norm())
