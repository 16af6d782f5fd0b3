"""Losses of single tokens. Axes: K tokens. Each returns (K,), to be summed.

`weight` is the advantage of the token's completion (divided by what `Learner` divides by) or the example's weight.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import Field

from docendo.parts import PartConfig

__all__ = [
    "PPOClip",
    "PPOClipConfig",
    "PolicyGradientConfig",
    "TokenLoss",
    "policy_gradient",
]


def policy_gradient(logprob: Any, sampled: Any, weight: Any) -> Any:
    """-weight * log p: the gradient of REINFORCE where weight is an advantage, of imitation where it is positive."""
    return -weight * logprob


@dataclass(frozen=True)
class PPOClip:
    """The clipped surrogate of PPO (Schulman et al. 2017), for more than one pass over the same completions."""

    low: float
    high: float

    def __call__(self, logprob: Any, sampled: Any, weight: Any) -> Any:
        """-min(ratio * weight, clip(ratio, 1 - low, 1 + high) * weight), tensors of shape (K,)."""
        ratio = (logprob - sampled).exp()
        free, held = ratio * weight, ratio.clamp(1 - self.low, 1 + self.high) * weight
        return -free.minimum(held)


TokenLoss = Callable[[Any, Any, Any], Any]


class PolicyGradientConfig(PartConfig):
    """The policy gradient: minus advantage times log-probability (REINFORCE, RLOO)."""

    type: str = "policy_gradient"

    def build(self, context: Any = None) -> TokenLoss:
        return policy_gradient


class PPOClipConfig(PartConfig):
    """PPO's clipped surrogate, for several passes over the same completions."""

    type: str = "ppo_clip"
    clip_low: Annotated[float, Field(gt=0, lt=1)] = 0.2
    """How far below 1 the probability ratio may fall before its gradient stops."""
    clip_high: Annotated[float, Field(gt=0)] = 0.2
    """How far above 1 the probability ratio may rise before its gradient stops."""

    def build(self, context: Any = None) -> TokenLoss:
        return PPOClip(low=self.clip_low, high=self.clip_high)
