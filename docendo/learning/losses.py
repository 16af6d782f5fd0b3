"""Losses of the policy update: from log-probabilities and advantages to one number per token.

Axes: K tokens of all completions of a batch, one after the other; S completions.
A loss is a function from `LossInputs` to a tensor (K,), which is summed. Completions are never
split between batches, so a loss may look at whole sequences.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import Field

from docendo.parts import PartConfig

__all__ = [
    "GSPO",
    "GSPOConfig",
    "Loss",
    "LossInputs",
    "PPOClip",
    "PPOClipConfig",
    "PolicyGradientConfig",
    "make_loss_inputs",
    "needs_reference",
    "policy_gradient",
]


@dataclass(frozen=True)
class LossInputs:
    """What a loss may know of a batch. All are tensors of shape (K,) in float32, or (K,) of integers."""

    logprobs_K: Any
    """Log-probabilities under the weights that are trained, in nats; they carry the gradient."""
    old_logprobs_K: Any
    """Under the weights that sampled the tokens; equal to `logprobs_K` where nobody sampled them."""
    weights_K: Any
    """Advantage times scale times mask: what a token counts in the policy gradient."""
    scales_K: Any
    """What divides the sum into a mean: 1 / (completions of the agent * a constant length)."""
    mask_K: Any
    """1 where the agent chose the token, 0 where a tool or a grammar forced it."""
    sequence_ids_K: Any
    """The number of the completion that a token belongs to, ascending from 0."""
    ref_logprobs_K: Any | None = None
    """Under the reference, the base model; None where nothing asked for it."""

    @property
    def advantages_K(self) -> Any:  # noqa: N802
        """The advantage of each token's completion; 0 where the token is masked."""
        return self.weights_K / self.scales_K


Loss = Callable[[LossInputs], Any]


def make_loss_inputs(
    *, logprobs: Any, old_logprobs: Any, advantages: Any, sequence_ids: Any
) -> LossInputs:
    """Inputs for a test of a loss: every token counts fully, and nothing is divided."""
    ones = advantages.new_ones(advantages.shape)
    return LossInputs(
        logprobs_K=logprobs,
        old_logprobs_K=old_logprobs,
        weights_K=advantages,
        scales_K=ones,
        mask_K=ones,
        sequence_ids_K=sequence_ids,
    )


def needs_reference(loss: Loss) -> bool:
    """Whether a loss reads log-probabilities under the base, which cost a scoring pass.

    A loss says so by an attribute `needs_reference`.
    """
    # settings of a function make it a functools.partial
    return bool(getattr(getattr(loss, "func", loss), "needs_reference", False))


def policy_gradient(inputs: LossInputs) -> Any:
    """Minus weight times log-probability, (K,).

    With an advantage as weight its gradient is REINFORCE's (Williams 1992); with a positive weight
    it is that of supervised finetuning.
    """
    return -inputs.weights_K * inputs.logprobs_K


@dataclass(frozen=True)
class PPOClip:
    """The clipped surrogate of PPO (Schulman et al. 2017, eq. 7), per token."""

    low: float
    high: float
    kl_weight: float = 0.0
    """Weight of the divergence from the base, as in GRPO (Shao et al. 2024, eq. 3 and 4)."""

    @property
    def needs_reference(self) -> bool:
        """Whether it reads `ref_logprobs_K`."""
        return self.kl_weight > 0

    def __call__(self, inputs: LossInputs) -> Any:
        """-min(ratio * weight, clip(ratio, 1 - low, 1 + high) * weight), (K,)."""
        # r_t = pi(a_t) / pi_old(a_t); the minimum is pessimistic: it stops the gradient where the
        # ratio has moved far enough in the direction of the advantage, and never against it
        ratio_K = (inputs.logprobs_K - inputs.old_logprobs_K).exp()
        unclipped_K = ratio_K * inputs.weights_K
        clipped_K = ratio_K.clamp(1 - self.low, 1 + self.high) * inputs.weights_K
        losses_K = -unclipped_K.minimum(clipped_K)

        if self.kl_weight and inputs.ref_logprobs_K is not None:
            # Schulman's k3: x - 1 - log x with x = pi_ref / pi, never negative
            log_ratio_K = inputs.ref_logprobs_K - inputs.logprobs_K
            divergence_K = log_ratio_K.expm1() - log_ratio_K
            losses_K = losses_K + self.kl_weight * self._mean(inputs, divergence_K)
        return losses_K

    def _mean(self, inputs: LossInputs, values_K: Any) -> Any:
        """The values as shares of a mean over the agent's completions, as the weights are."""
        return inputs.scales_K * inputs.mask_K * values_K


@dataclass(frozen=True)
class GSPO:
    """Group sequence policy optimization (Zheng et al. 2025, eq. 5 to 7).

    The ratio is that of whole completions, exp of the mean log-ratio of their tokens; all tokens of
    a completion are clipped together. Each of its tokens carries an equal share of the loss.
    """

    low: float
    high: float

    def __call__(self, inputs: LossInputs) -> Any:
        # s = (pi(y) / pi_old(y)) ** (1 / |y|), the geometric mean of the tokens' ratios (eq. 7)
        log_ratio_K = (inputs.logprobs_K - inputs.old_logprobs_K) * inputs.mask_K
        length_K = _sum_by_sequence(inputs.mask_K, inputs.sequence_ids_K).clamp(min=1)
        mean_log_ratio_K = _sum_by_sequence(log_ratio_K, inputs.sequence_ids_K) / length_K

        ratio_K = mean_log_ratio_K.exp()
        unclipped_K = ratio_K * inputs.weights_K
        clipped_K = ratio_K.clamp(1 - self.low, 1 + self.high) * inputs.weights_K
        return -unclipped_K.minimum(clipped_K)


class PolicyGradientConfig(PartConfig):
    """The policy gradient: minus advantage times log-probability (REINFORCE, RLOO)."""

    type: str = "policy_gradient"

    def build(self, context: Any = None) -> Loss:
        return policy_gradient


class PPOClipConfig(PartConfig):
    """PPO's clipped surrogate, for several passes over the same completions."""

    type: str = "ppo_clip"
    clip_low: Annotated[float, Field(gt=0, lt=1)] = 0.2
    """Distance below 1 at which a token's probability ratio is clipped."""
    clip_high: Annotated[float, Field(gt=0)] = 0.2
    """Distance above 1 at which a token's probability ratio is clipped."""
    kl_weight: Annotated[float, Field(ge=0, le=10)] = 0.0
    """Weight of the KL divergence from the base model in the loss, as in GRPO. 0: none, and no
    scoring pass."""

    def build(self, context: Any = None) -> Loss:
        return PPOClip(self.clip_low, self.clip_high, self.kl_weight)


class GSPOConfig(PartConfig):
    """Sequence-level ratios, clipped as wholes (GSPO); for several passes over long completions."""

    type: str = "gspo"
    clip_low: Annotated[float, Field(gt=0, lt=1)] = 3e-4
    """Distance below 1 at which a completion's ratio is clipped."""
    clip_high: Annotated[float, Field(gt=0)] = 4e-4
    """Distance above 1 at which a completion's ratio is clipped."""

    def build(self, context: Any = None) -> Loss:
        return GSPO(low=self.clip_low, high=self.clip_high)


def _sum_by_sequence(values_K: Any, sequence_ids_K: Any) -> Any:
    """For every token the sum over its completion, (K,)."""
    count = int(sequence_ids_K.max()) + 1
    sums_S = values_K.new_zeros(count).index_add(0, sequence_ids_K, values_K)
    return sums_S[sequence_ids_K]
