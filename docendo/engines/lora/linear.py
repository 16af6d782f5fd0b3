"""Linear layers that read the same input, as one matrix product, with the low-rank update of each token's agent.

Axes: S slots, N agents in the batch, T tokens, d inputs, o outputs of all members together, C rank times members.

LoRA: Hu et al. 2021, y = W x + (alpha / R) B A x. The A of all members stand on top of each other; their B stand on the
diagonal of one matrix, zero elsewhere, so that members cost two small products together and not two each.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from docendo.engines.cpu.products import Packed, product, product_back
from docendo.engines.lora.routing import Routing

if TYPE_CHECKING:
    from docendo.engines.lora.bank import AdaptedLinear

__all__ = ["Projection"]


class Projection:
    def __init__(self, members: Sequence["AdaptedLinear"]) -> None:
        self.members = members
        self.bank = members[0].bank
        bases = [m.base for m in members]
        self.weight_od, self.bias_o = (
            bases[0].weight.detach(),
            None if bases[0].bias is None else bases[0].bias.detach(),
        )
        if len(bases) > 1:
            self._join(bases)
        self.packed: Packed | None = None
        self.outs = [0]
        for base in bases:
            self.outs.append(self.outs[-1] + base.out_features)
        self.a_SCd = self.b_SCo = torch.empty(0)

    def _join(self, bases: Sequence[torch.nn.Linear]) -> None:
        """One matrix for all members, of which their own weights become views: no memory is spent twice."""
        self.weight_od = torch.cat([b.weight.detach() for b in bases])
        if self.bias_o is not None:
            self.bias_o = torch.cat([b.bias.detach() for b in bases])
        start = 0
        for base in bases:
            stop = start + base.out_features
            base.weight.data = self.weight_od[start:stop]
            if self.bias_o is not None:
                base.bias.data = self.bias_o[start:stop]
            start = stop

    def refresh(self) -> None:
        """Take over the bank's weights: in its number format, the scale multiplied into B."""
        bank, rank = self.bank, self.bank.rank
        slots, width = len(bank.weights_SP), rank * len(self.members)
        if len(self.a_SCd) != slots:
            self.a_SCd = self.weight_od.new_zeros(slots, width, self.weight_od.shape[1])
            self.b_SCo = self.weight_od.new_zeros(slots, width, self.outs[-1])
        for i, member in enumerate(self.members):
            ranks, outs = (
                slice(i * rank, (i + 1) * rank),
                slice(self.outs[i], self.outs[i + 1]),
            )
            self.a_SCd[:, ranks] = member.weights.a_SRd
            self.b_SCo[:, ranks, outs] = (member.weights.b_SdR * bank.scale).transpose(1, 2)

    def base(self, x_Td: Tensor) -> Tensor:
        """What the bare base makes of it, (T, o)."""
        return product(x_Td, self.weight_od, self.bias_o, self.packed)

    def infer(self, x_Td: Tensor, routing: Routing) -> Tensor:
        """(T, o)."""
        y_To = self.base(x_Td)
        if routing.bare:
            return y_To
        if len(routing.slots) == 1:
            slot = routing.slots[0]
            return y_To.add_(product(product(x_Td, self.a_SCd[slot]), self.b_SCo[slot].T))
        low_NMC = torch.bmm(routing.group(x_Td), routing.pick(self.a_SCd).transpose(1, 2))
        return y_To.add_(routing.ungroup(torch.bmm(low_NMC, routing.pick(self.b_SCo))))

    def forward(self, x_Td: Tensor, routing: Routing) -> tuple[Tensor, list[Tensor]]:
        """(T, o), and for `backward` A x of each run. Runs are few, so slices serve better than padding."""
        y_To, lows = self.base(x_Td), []
        for slot, start, stop in routing.runs:
            lows.append(x_Td[start:stop] @ self.a_SCd[slot].T)
            y_To[start:stop].addmm_(lows[-1], self.b_SCo[slot])
        return y_To, lows

    def backward(
        self,
        x_Td: Tensor,
        lows: Sequence[Tensor],
        grad_To: Tensor,
        routing: Routing,
        part: int,
    ) -> Tensor:
        """The gradient of the input, (T, d); those of the adapters are added to the part's, in float32."""
        grad_Td = product_back(grad_To, self.weight_od, self.packed)
        rank, scale = self.bank.rank, self.bank.scale
        for (slot, start, stop), low in zip(routing.runs, lows, strict=True):
            x, grad = x_Td[start:stop], grad_To[start:stop]
            grad_low = grad @ self.b_SCo[slot].T
            grad_Td[start:stop].addmm_(grad_low, self.a_SCd[slot])
            grad_a = grad_low.T @ x
            for i, member in enumerate(self.members):
                ranks, into = slice(i * rank, (i + 1) * rank), member.grads[part]
                into.a_SRd[slot].add_(grad_a[ranks])
                into.b_SdR[slot].add_(
                    grad[:, self.outs[i] : self.outs[i + 1]].T @ low[:, ranks], alpha=scale
                )
        return grad_Td
