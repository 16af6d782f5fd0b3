"""Losses of single tokens. Axes: K tokens. Each returns (K,), to be summed.

`weight` is the advantage of the token's completion (divided by what `Learner` divides by) or the example's weight.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

__all__ = ["PPOClip", "TokenLoss", "policy_gradient"]


def policy_gradient(logprob: Any, sampled: Any, weight: Any) -> Any:
    """-weight * log p: the gradient of REINFORCE where weight is an advantage, of imitation where it is positive."""
    return -weight * logprob


@dataclass(frozen=True)
class PPOClip:
    """The clipped surrogate of PPO (Schulman et al. 2017), for more than one pass over the same completions."""

    low: float = 0.2
    high: float = 0.2

    def __call__(self, logprob: Any, sampled: Any, weight: Any) -> Any:
        """-min(ratio * weight, clip(ratio, 1 - low, 1 + high) * weight), tensors of shape (K,)."""
        ratio = (logprob - sampled).exp()
        free, held = ratio * weight, ratio.clamp(1 - self.low, 1 + self.high) * weight
        return -free.minimum(held)


TokenLoss = Callable[[Any, Any, Any], Any]
