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

_ABSURD = 1e6
"""Times the clip. Of a gradient that large, float32 leaves nothing to learn from once it is clipped."""


@dataclass
class Adam:
    """Adam (Kingma & Ba 2015) with one state and one step count per agent; agents without gradients are untouched."""

    beta1: float = 0.9
    beta2: float = 0.95
    epsilon: float = 1e-8
    clip: float = 1.0
    """Largest gradient norm of an agent, in the units of its loss."""
    mean_SP: Tensor = field(default_factory=lambda: torch.zeros(0))
    square_SP: Tensor = field(default_factory=lambda: torch.zeros(0))
    steps_S: Tensor = field(default_factory=lambda: torch.zeros(0))

    def fit(self, bank: AdapterBank) -> None:
        """Make room for agents that were added since."""
        size = len(bank.weights_SP)
        if len(self.steps_S) == size:
            return
        like, old = bank.weights_SP, len(self.steps_S)
        mean, square, steps = (
            torch.zeros_like(like),
            torch.zeros_like(like),
            torch.zeros(size, device=like.device),
        )
        if old:
            mean[:old], square[:old], steps[:old] = (
                self.mean_SP,
                self.square_SP,
                self.steps_S,
            )
        self.mean_SP, self.square_SP, self.steps_S = mean, square, steps

    def forget(self, slot: int) -> None:
        """Start the slot afresh, for another agent."""
        if slot < len(self.steps_S):
            for state in (self.mean_SP, self.square_SP, self.steps_S):
                state[slot] = 0

    @torch.no_grad()
    def step(
        self, bank: AdapterBank, rates: Mapping[AgentId, float]
    ) -> dict[AgentId, float]:
        """One step for each agent named in `rates`; its gradient's norm, NaN or infinite where the step was skipped.

        Skipped are gradients that are not finite or absurdly large: the agent's weights and state stay as they were.
        """
        self.fit(bank)
        bank.collect()
        room_P = torch.empty_like(
            bank.weights_SP[0]
        )  # before anything changes: where memory ends, all is as it was
        norms = {}
        for agent, rate in rates.items():
            s = bank.slots[agent]
            gradient_P = bank.grads_SP[s]
            norm = float(gradient_P.norm())
            norms[agent] = inf if norm > _ABSURD * self.clip else norm
            if isfinite(norms[agent]):
                gradient_P.mul_(min(1.0, self.clip / (norm + 1e-12)))
                self._move(bank, s, rate, room_P)
        bank.discard()
        bank.changed()
        return norms

    def _move(self, bank: AdapterBank, s: int, rate: float, room_P: Tensor) -> None:
        gradient_P = bank.grads_SP[s]
        self.steps_S[s] += 1
        count = float(self.steps_S[s])
        self.mean_SP[s].lerp_(gradient_P, 1 - self.beta1)
        self.square_SP[s].mul_(self.beta2).addcmul_(
            gradient_P, gradient_P, value=1 - self.beta2
        )
        spread_P = (
            torch.div(self.square_SP[s], 1 - self.beta2**count, out=room_P)
            .sqrt_()
            .add_(self.epsilon)
        )
        bank.weights_SP[s].addcdiv_(
            self.mean_SP[s], spread_P, value=-rate / (1 - self.beta1**count)
        )
