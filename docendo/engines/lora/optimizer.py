"""Adam for a population: one state, one step count and one clipped gradient per agent.

Axes: S slots, P numbers per adapter.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from math import inf, isfinite

import torch
from torch import Tensor

from docendo.engines.lora.bank import AdapterBank
from docendo.records import AgentId

__all__ = ["Adam"]

_MAX_NORM = 1e6
"""In units of the clip. Once a larger gradient is clipped, float32 leaves nothing of it."""


@dataclass
class Adam:
    """Adam (Kingma & Ba 2015) for every agent; agents without gradients stay as they are."""

    beta1: float = 0.9
    beta2: float = 0.95
    epsilon: float = 1e-8
    clip: float = 1.0
    """Largest gradient norm of an agent, in the units of its loss."""
    mean_SP: Tensor = field(default_factory=lambda: torch.zeros(0))
    square_SP: Tensor = field(default_factory=lambda: torch.zeros(0))
    steps_S: Tensor = field(default_factory=lambda: torch.zeros(0))

    def resize(self, bank: AdapterBank) -> None:
        """Make room for agents that were added since the last call."""
        old_count, count = len(self.steps_S), len(bank.weights_SP)
        if old_count == count:
            return

        mean_SP = torch.zeros_like(bank.weights_SP)
        square_SP = torch.zeros_like(bank.weights_SP)
        steps_S = torch.zeros(count, device=bank.weights_SP.device)
        if old_count:
            mean_SP[:old_count] = self.mean_SP
            square_SP[:old_count] = self.square_SP
            steps_S[:old_count] = self.steps_S
        self.mean_SP = mean_SP
        self.square_SP = square_SP
        self.steps_S = steps_S

    def reset(self, slot: int) -> None:
        """Clear the state of a slot that another agent takes."""
        if slot < len(self.steps_S):
            for state in (self.mean_SP, self.square_SP, self.steps_S):
                state[slot] = 0

    @torch.no_grad()
    def step(
        self,
        bank: AdapterBank,
        rates: Mapping[AgentId, float],
        weight_decay: float = 0.0,
    ) -> dict[AgentId, float]:
        """One step for each agent named in `rates`; the norm of its gradient.

        Weights decay apart from the gradient (AdamW, Loshchilov & Hutter 2019). An adapter of
        zeros is the base model, so the decay draws agents back to the base.

        Gradients that are not finite or absurdly large are skipped: the agent's weights and state
        stay as they were. The norm is then NaN or infinite.
        """
        self.resize(bank)
        bank.reduce_grads()
        # allocated before anything changes: if memory ends here, all is as it was
        scratch_P = torch.empty_like(bank.weights_SP[0])

        norms = {}
        for agent, rate in rates.items():
            slot = bank.slots[agent]
            gradient_P = bank.grads_SP[slot]
            norm = float(gradient_P.norm())
            norms[agent] = inf if norm > _MAX_NORM * self.clip else norm
            if isfinite(norms[agent]):
                # As torch.nn.utils.clip_grad_norm_, for each agent by itself: one agent's exploding
                # gradient does not shrink another's step.
                factor = min(1.0, self.clip / (norm + 1e-12))
                gradient_P.mul_(factor)
                if weight_decay:
                    bank.weights_SP[slot].mul_(1 - rate * weight_decay)
                self._update(bank, slot, rate, scratch_P)

        bank.zero_grad()
        bank.refresh()
        return norms

    def _update(self, bank: AdapterBank, slot: int, rate: float, scratch_P: Tensor) -> None:
        gradient_P = bank.grads_SP[slot]
        mean_P = self.mean_SP[slot]
        square_P = self.square_SP[slot]
        self.steps_S[slot] += 1
        count = float(self.steps_S[slot])

        # m <- beta1 m + (1 - beta1) g and v <- beta2 v + (1 - beta2) g^2 (algorithm 1 of the paper)
        mean_P.lerp_(gradient_P, 1 - self.beta1)
        square_P.mul_(self.beta2)
        square_P.addcmul_(gradient_P, gradient_P, value=1 - self.beta2)

        # w <- w - lr m' / (sqrt(v') + epsilon): both averages start at zero, which the corrections
        # m' = m / (1 - beta1^t) and v' = v / (1 - beta2^t) undo (section 3 of the paper)
        torch.div(square_P, 1 - self.beta2**count, out=scratch_P)
        scratch_P.sqrt_().add_(self.epsilon)
        step_size = rate / (1 - self.beta1**count)
        bank.weights_SP[slot].addcdiv_(mean_P, scratch_P, value=-step_size)
