"""Linear layers with a low-rank update for each token's agent; those that share an input as one.

Axes: S slots, R rank, N agents in the batch, T tokens, d inputs of a layer, o outputs of all
members together, C rank times members.

LoRA (Hu et al. 2021): y = W x + (alpha / R) B A x. The A of all members are stacked. Their B are
the blocks of one block-diagonal matrix, so that all members together cost two small products.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

from docendo.engines.lora.batch_invariant import (
    PackedWeight,
    batch_invariant_bmm,
    batch_invariant_linear,
    input_gradient,
)
from docendo.engines.lora.routing import Routing

__all__ = ["AdaptedLinear", "LoraMatrices", "PassState", "Projection"]


class LoraMatrices(NamedTuple):
    """The two matrices of one layer for all slots; views of the bank's big matrix."""

    a_SRd: Tensor
    b_SdR: Tensor


@dataclass
class PassState:
    """What a model's own forward pass cannot hand to its layers as arguments."""

    routing: Routing | None = None
    """None outside `AdapterBank.use_routing`: the layers are then those of the bare base."""
    part: int = 0
    """The part of the gradients that autograd adds to."""
    anchor: Tensor = field(default_factory=lambda: torch.zeros((), requires_grad=True))
    """Makes autograd visit the adapted layers, none of whose inputs may need a gradient."""


class AdaptedLinear(nn.Module):
    """A frozen linear layer where the model keeps it, with the adapters of all agents."""

    def __init__(self, base: nn.Linear, rank: int, scale: float, state: PassState) -> None:
        super().__init__()
        self.base = base
        self.rank = rank
        self.scale = scale
        self.state = state
        self.weights = LoraMatrices(torch.empty(0), torch.empty(0))
        self.grads: list[LoraMatrices] = []
        """One for each part."""
        self.projection: Projection | None = None
        """Set where the model's own forward pass calls its layers one by one."""

    @property
    def size(self) -> int:
        """Numbers in the adapter of one agent."""
        return self.rank * (self.base.in_features + self.base.out_features)

    @property
    def weight(self) -> Tensor:
        """The base's, whose number format and device some models look at."""
        return self.base.weight

    def forward(self, x_XTd: Tensor) -> Tensor:
        routing, projection = self.state.routing, self.projection
        y_XTo: Tensor
        if routing is None or projection is None:
            y_XTo = self.base(x_XTd)
            return y_XTo

        # all tokens in their order, whatever axes of length 1 the model gives them
        x_Td = x_XTd.flatten(0, -2)
        if torch.is_grad_enabled():
            # the anchor needs a gradient, the first layer's input does not: nothing before it learns
            y_To = _TrainingPass.apply(x_Td, self.state.anchor, projection, self.state)  # type: ignore[no-untyped-call]
        else:
            y_To = projection.infer(x_Td, routing)
        y_XTo = y_To.view(*x_XTd.shape[:-1], -1)
        return y_XTo


class Projection:
    """One or several adapted layers that read the same input, as one matrix product."""

    def __init__(self, members: Sequence[AdaptedLinear]) -> None:
        bases = [member.base for member in members]
        self.members = members
        self.rank = members[0].rank
        self.scale = members[0].scale
        self.packed: PackedWeight | None = None
        self.weight_od = bases[0].weight.detach()
        self.bias_o: Tensor | None = None
        if bases[0].bias is not None:
            self.bias_o = bases[0].bias.detach()
        if len(bases) > 1:
            self._join(bases)

        self.offsets = [0]
        """First output of each member, and behind the last one the number of outputs."""
        for base in bases:
            stop = self.offsets[-1] + base.out_features
            self.offsets.append(stop)
        self.a_SCd = torch.empty(0)
        self.b_SCo = torch.empty(0)

    def _join(self, bases: Sequence[nn.Linear]) -> None:
        """One matrix for all members. Their own weights become views of it, which saves memory."""
        weights = [base.weight.detach() for base in bases]
        self.weight_od = torch.cat(weights)
        if self.bias_o is not None:
            biases = [base.bias.detach() for base in bases]
            self.bias_o = torch.cat(biases)

        start = 0
        for base in bases:
            stop = start + base.out_features
            base.weight.data = self.weight_od[start:stop]
            if self.bias_o is not None:
                base.bias.data = self.bias_o[start:stop]
            start = stop

    def refresh(self) -> None:
        """Copies the adapters in the model's number format, with the scale multiplied into B."""
        slots = len(self.members[0].weights.a_SRd)
        if len(self.a_SCd) != slots:
            # the zeros between the blocks of B stay zero: only the blocks are written below
            width = self.rank * len(self.members)
            d_out, d_in = self.weight_od.shape
            self.a_SCd = self.weight_od.new_zeros(slots, width, d_in)
            self.b_SCo = self.weight_od.new_zeros(slots, width, d_out)

        # scaled in float32 and rounded once, to the model's format
        for i, member in enumerate(self.members):
            ranks, outputs = self._block(i)
            scaled_b_SdR = member.weights.b_SdR * self.scale
            self.a_SCd[:, ranks] = member.weights.a_SRd
            self.b_SCo[:, ranks, outputs] = scaled_b_SdR.transpose(1, 2)

    def _block(self, member: int) -> tuple[slice, slice]:
        """The rows (C) and columns (o) of a member."""
        first_rank = member * self.rank
        ranks = slice(first_rank, first_rank + self.rank)
        start, stop = self.offsets[member : member + 2]
        return ranks, slice(start, stop)

    def base(self, x_Td: Tensor) -> Tensor:
        """W x + b without adapters, (T, o)."""
        return batch_invariant_linear(x_Td, self.weight_od, self.bias_o, self.packed)

    def infer(self, x_Td: Tensor, routing: Routing) -> Tensor:
        """(T, o)."""
        # all agents' tokens in one product with the base's matrix
        y_To = self.base(x_Td)
        if routing.is_base:
            return y_To

        # (T, d) -> (T, C) -> (T, o): never B A, which would be as large as the base's matrix
        if len(routing.slots) == 1:
            slot = routing.slots[0]
            low_TC = batch_invariant_linear(x_Td, self.a_SCd[slot])
            update_To = batch_invariant_linear(low_TC, self.b_SCo[slot].T)
            return y_To.add_(update_To)

        # (T, d) -> (N, M, d) -> (N, M, C) -> (N, M, o) -> (T, o): a product for each of N agents,
        # batched, the idea of Punica (Chen et al. 2023) and S-LoRA (Sheng et al. 2023)
        a_NCd = routing.select(self.a_SCd)
        b_NCo = routing.select(self.b_SCo)
        x_NMd = routing.group(x_Td)
        low_NMC = batch_invariant_bmm(x_NMd, a_NCd)
        update_NMo = torch.bmm(low_NMC, b_NCo)
        return y_To.add_(routing.ungroup(update_NMo))

    def forward(self, x_Td: Tensor, routing: Routing) -> tuple[Tensor, list[Tensor]]:
        """(T, o), and for `backward` A x of each run.

        In training runs are few and long, so slices cost less than padding.
        """
        y_To = self.base(x_Td)
        lows = []
        # in place: the update is added where the base's product stands
        for slot, start, stop in routing.runs:
            run = slice(start, stop)
            low_TC = x_Td[run] @ self.a_SCd[slot].T
            y_To[run].addmm_(low_TC, self.b_SCo[slot])
            lows.append(low_TC)
        return y_To, lows

    def backward(
        self,
        x_Td: Tensor,
        lows: Sequence[Tensor],
        grad_To: Tensor,
        routing: Routing,
        part: int,
    ) -> Tensor:
        """The gradient of the input, (T, d).

        Those of the adapters are added to the part's gradients, in float32.
        """
        # y = W x + s B A x: dx = W^T dy + A^T (s B)^T dy, dA = (s B)^T dy x^T, dB = s dy (A x)^T
        grad_Td = input_gradient(grad_To, self.weight_od, self.packed)
        for (slot, start, stop), low_TC in zip(routing.runs, lows, strict=True):
            run = slice(start, stop)
            grad_low_TC = grad_To[run] @ self.b_SCo[slot].T
            grad_Td[run].addmm_(grad_low_TC, self.a_SCd[slot])

            # one product for the A of all members; B's blocks are taken one by one, since the
            # gradient between them belongs to zeros
            grad_a_Cd = grad_low_TC.T @ x_Td[run]
            for i, member in enumerate(self.members):
                ranks, outputs = self._block(i)
                grads = member.grads[part]
                grads.a_SRd[slot].add_(grad_a_Cd[ranks])
                # the copy of B has the scale in it, so A's gradient has it already; B's has not
                grad_b_oR = grad_To[run, outputs].T @ low_TC[:, ranks]
                grads.b_SdR[slot].add_(grad_b_oR, alpha=self.scale)
        return grad_Td


class _TrainingPass(torch.autograd.Function):
    """One adapted layer within autograd. Gradients of adapters go straight to the bank."""

    @staticmethod
    def forward(
        ctx: Any,
        x_Td: Tensor,
        _anchor: Tensor,
        projection: Projection,
        state: PassState,
    ) -> Tensor:
        assert state.routing is not None  # noqa: S101
        y_To, lows = projection.forward(x_Td.contiguous(), state.routing)
        ctx.save_for_backward(x_Td, *lows)
        ctx.projection, ctx.routing, ctx.state = projection, state.routing, state
        return y_To

    @staticmethod
    def backward(ctx: Any, grad_To: Tensor) -> tuple[Tensor, None, None, None]:
        x_Td, *lows = ctx.saved_tensors
        grad_Td = ctx.projection.backward(
            x_Td,
            lows,
            grad_To.contiguous(),
            ctx.routing,
            ctx.state.part,
        )
        return grad_Td, None, None, None
