"""What a pass costs in floating-point operations: matrix products, two for each multiply-add.

An attention context position costs ``4 * width`` operations a layer: scores and values.
"""

from typing import NamedTuple

__all__ = ["ModelShape", "causal_positions"]


class ModelShape(NamedTuple):
    """The sizes of a base model and one adapter on it."""

    body: int
    """Weights of the linear layers, without embedding and head."""
    head: int
    adapter: int
    attention: int
    """Layers times query heads times head size."""

    def forward_flops(self, tokens: int, context: int, predicted: int) -> float:
        """Reading `tokens` that look at `context` positions in all, with logits for `predicted`."""
        # 2 N a token for N weights (Kaplan et al. 2020, section 2.1); attention has no weights
        return (
            2.0 * (self.body + self.adapter) * tokens
            + 4.0 * self.attention * context
            + 2.0 * self.head * predicted
        )

    def training_flops(self, tokens: int, context: int, predicted: int) -> float:
        """Forward and backward.

        The frozen base needs gradients of its inputs but none of its weights.
        """
        # Backward is a forward pass for the inputs' gradients, another one for the weights' of
        # the adapter, and another one for attention, which has two operands to each product.
        return (
            2.0 * self.forward_flops(tokens, context, predicted)
            + 2.0 * self.adapter * tokens
            + 4.0 * self.attention * context
        )


def causal_positions(tokens: int) -> int:
    """Positions that so many tokens look at when each sees itself and those before it."""
    return tokens * (tokens + 1) // 2
