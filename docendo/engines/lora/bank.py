"""Many LoRA adapters on one frozen base.

Axes: S slots (slot 0 is the bare base), R rank, P numbers per adapter, L parts of a step's rows. All adapters are
rows of one (S, P) matrix, so clipping, optimizer steps, copies and checkpoints of an agent are plain row operations;
the (S, R, d) and (S, d, R) matrices of each layer are views into it.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from math import inf, sqrt
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

from docendo.engines.lora.linear import Projection
from docendo.engines.lora.routing import Routing
from docendo.errors import UserError, suggestion
from docendo.records import BASE, AgentId
from docendo.seeds import seed_for

__all__ = ["AdaptedLinear", "AdapterBank", "Pair", "adapt", "serve"]


class Pair(NamedTuple):
    """The two matrices of one layer for all slots; views of the bank's big matrix."""

    a_SRd: Tensor
    b_SdR: Tensor


class AdaptedLinear(nn.Module):
    """A frozen linear layer in the place where the model keeps it, with the adapters of all agents."""

    def __init__(self, base: nn.Linear, bank: "AdapterBank") -> None:
        super().__init__()
        self.base, self.bank = base, bank
        self.weights = Pair(torch.empty(0), torch.empty(0))
        self.grads: list[Pair] = []
        """One for each part."""
        self.alone: Projection | None = None
        """Set where the model's own forward pass is used, which calls its layers one by one."""

    def forward(self, x_1Td: Tensor) -> Tensor:
        routing, alone = self.bank.routing, self.alone
        y: Tensor
        if routing is None or alone is None:
            y = self.base(x_1Td)
            return y
        if torch.is_grad_enabled():
            y = _Update.apply(x_1Td[0], self.bank.anchor, alone, routing)  # type: ignore[no-untyped-call]
            return y[None]
        return alone.infer(x_1Td[0], routing)[None]


class _Update(torch.autograd.Function):
    """The training pass of one adapted layer: gradients of adapters go straight to the bank."""

    @staticmethod
    def forward(
        ctx: Any, x_Td: Tensor, _anchor: Tensor, layer: Projection, routing: Routing
    ) -> Tensor:
        y_To, lows = layer.forward(x_Td.contiguous(), routing)
        ctx.save_for_backward(x_Td, *lows)
        ctx.layer, ctx.routing = layer, routing
        return y_To

    @staticmethod
    def backward(ctx: Any, grad_To: Tensor) -> tuple[Tensor, None, None, None]:
        x_Td, *lows = ctx.saved_tensors
        return (
            ctx.layer.backward(
                x_Td, lows, grad_To.contiguous(), ctx.routing, ctx.layer.bank.part
            ),
            None,
            None,
            None,
        )


@dataclass
class AdapterBank:
    """All adapters' weights, gradients and the layers that read them."""

    rank: int
    alpha: float
    device: torch.device
    dtype: torch.dtype
    """What the layers compute in; the weights themselves are kept in float32."""
    layers: dict[str, AdaptedLinear] = field(default_factory=dict)
    projections: list[Projection] = field(default_factory=list)
    """What sampling and training compute with."""
    slots: dict[AgentId, int] = field(default_factory=lambda: {BASE: 0})
    weights_SP: Tensor = field(default_factory=lambda: torch.zeros(1, 0))
    grads_LSP: list[Tensor] = field(
        default_factory=lambda: [torch.zeros(1, 0), torch.zeros(1, 0)]
    )
    """The even parts are one half of the rows, the odd ones the other."""
    part: int = 0
    """Whose gradients autograd adds to."""
    routing: Routing | None = None
    anchor: Tensor = field(default_factory=lambda: torch.zeros((), requires_grad=True))
    """Makes autograd visit the adapted layers, none of whose inputs may need a gradient."""

    @property
    def scale(self) -> float:
        return self.alpha / self.rank

    @property
    def size(self) -> int:
        """P, the numbers in one adapter."""
        return sum(
            self.rank * (m.base.in_features + m.base.out_features)
            for m in self.layers.values()
        )

    @property
    def grads_SP(self) -> Tensor:  # noqa: N802
        """The gradients of the first part, to which those of the others are added before a step."""
        return self.grads_LSP[0]

    def add(self, agent: AgentId, seed: int) -> None:
        """A new adapter that changes nothing yet: A is random (uniform, as in PEFT), B is zero."""
        self._new(agent)
        row = torch.zeros(self.size)
        generator = torch.Generator().manual_seed(seed_for(seed, "adapter", agent))
        for layer, start in self._offsets():
            bound = 1 / sqrt(layer.base.in_features)
            count = self.rank * layer.base.in_features
            row[start : start + count].uniform_(-bound, bound, generator=generator)
        self._place(agent, row)

    def clone(self, source: AgentId, name: AgentId) -> None:
        """A copy of an adapter under a new name: a snapshot, where nobody trains it."""
        self._new(name)
        self._place(name, self.weights_SP[self._own(source)].clone())

    def copy(self, source: AgentId, into: AgentId) -> None:
        """Overwrite an agent's adapter with another's."""
        mine, theirs = self._own(into), self._own(source)
        self.weights_SP[mine] = self.weights_SP[theirs]
        self.changed()

    def mutate(self, agent: AgentId, scale: float, seed: int) -> None:
        """Add Gaussian noise to each matrix, of `scale` times the matrix's root mean square; zeros stay zeros."""
        slot = self._own(agent)
        if not 0 <= scale < inf:
            raise UserError(
                f"a mutation of scale {scale}; wanted a number from 0, like 0.1"
            )
        generator = torch.Generator().manual_seed(seed_for(seed, "mutation", agent))
        for layer in self.layers.values():
            for matrix in (x[slot] for x in layer.weights):
                noise = torch.randn(matrix.shape, generator=generator).to(self.device)
                matrix.add_(noise * (scale * matrix.square().mean().sqrt()))
        self.changed()

    def cross(self, first: AgentId, second: AgentId, into: AgentId, seed: int) -> None:
        """Overwrite an agent's adapter: each layer's pair is that of one of the two parents, by a fair coin."""
        mine, parents = self._own(into), (self._own(first), self._own(second))
        for name, layer in self.layers.items():
            theirs = parents[seed_for(seed, "cross", into, name) % 2]
            for matrices in layer.weights:
                matrices[mine] = matrices[theirs]
        self.changed()

    def remove(self, agent: AgentId) -> int:
        """Forget an agent; the slot that the next new agent takes."""
        slot = self._own(agent)
        del self.slots[agent]
        self.weights_SP[slot] = 0
        self.changed()
        return slot

    def slot(self, agent: AgentId) -> int:
        """The row of an agent. Raises UseError where there is none."""
        if agent not in self.slots:
            raise UserError(
                f"there is no agent named {agent!r}{suggestion(agent, self.slots)}"
            )
        return self.slots[agent]

    def changed(self) -> None:
        """Call after writing to `weights_SP`: refreshes what sampling and training read."""
        for projection in self.projections:
            projection.refresh()

    @contextmanager
    def routed(self, routing: Routing) -> Iterator[None]:
        """Within the block the model's own layers see these tokens."""
        self.routing = routing
        try:
            yield
        finally:
            self.routing = None

    def matrices(self, agent: AgentId) -> dict[str, tuple[Tensor, Tensor]]:
        """(A (R, in), B (out, R)) of each adapted layer; views that may be written, then call `changed`."""
        slot = self.slot(agent)
        return {
            n: (m.weights.a_SRd[slot], m.weights.b_SdR[slot])
            for n, m in self.layers.items()
        }

    def hold(self, weights_SP: Tensor) -> None:
        """Take these weights, one row per slot, and make every layer read from them."""
        self.weights_SP = weights_SP
        self.grads_LSP = [torch.zeros_like(weights_SP) for _ in self.grads_LSP]
        for layer, start in self._offsets():
            layer.weights = self._pair(layer, start, weights_SP)
            layer.grads = [
                self._pair(layer, start, grads_SP) for grads_SP in self.grads_LSP
            ]
        self.changed()

    def divide(self, parts: int) -> None:
        """Keep the gradients of so many parts apart, an even number."""
        self.grads_LSP = [torch.empty(0)] * parts
        self.hold(self.weights_SP)

    def collect(self) -> None:
        """Add all gradients up in the first part, always in the same order."""
        first_SP, second_SP = self.halves()
        first_SP.add_(second_SP)
        second_SP.zero_()

    def halves(self) -> tuple[Tensor, Tensor]:
        """The gradients of both halves of the rows, (S, P) each, in the first two parts; the others become zero."""
        for i, other_SP in enumerate(self.grads_LSP[2:]):
            self.grads_LSP[i % 2].add_(other_SP)
            other_SP.zero_()
        return self.grads_LSP[0], self.grads_LSP[1]

    def discard(self) -> None:
        """Forget all gradients."""
        for grads_SP in self.grads_LSP:
            grads_SP.zero_()

    def _new(self, agent: AgentId) -> None:
        if agent in self.slots:
            raise UserError(f"there is already an agent named {agent!r}")

    def _own(self, agent: AgentId) -> int:
        """The slot of an agent that has an adapter."""
        if agent == BASE:
            raise UserError(
                "the base has no adapter to copy, to change or to remove; add a new agent instead"
            )
        return self.slot(agent)

    def _offsets(self) -> Iterator[tuple[AdaptedLinear, int]]:
        start = 0
        for layer in self.layers.values():
            yield layer, start
            start += self.rank * (layer.base.in_features + layer.base.out_features)

    def _place(self, agent: AgentId, row_P: Tensor) -> None:
        """Give the agent the first free slot, or a new one."""
        taken, row_P = set(self.slots.values()), row_P.to(self.device)
        slot = min(set(range(len(self.weights_SP) + 1)) - taken)
        self.slots[agent] = slot
        if slot < len(self.weights_SP):
            self.weights_SP[slot] = row_P
            self.changed()
        else:
            self.hold(torch.cat([self.weights_SP, row_P[None]]))

    def _pair(self, layer: AdaptedLinear, start: int, flat_SP: Tensor) -> Pair:
        """The layer's matrices as views of the big ones."""
        d_in, d_out, r = layer.base.in_features, layer.base.out_features, self.rank
        middle, stop = start + r * d_in, start + r * (d_in + d_out)
        return Pair(
            flat_SP[:, start:middle].view(-1, r, d_in),
            flat_SP[:, middle:stop].view(-1, d_out, r),
        )


def adapt(model: nn.Module, bank: AdapterBank) -> None:
    """Put an adapter on every linear layer of `model` except its output head (LoRA without regret, 2025)."""
    head = model.get_output_embeddings()  # type: ignore[operator]
    found = [
        (n, m)
        for n, m in model.named_modules()
        if isinstance(m, nn.Linear) and m is not head
    ]
    for name, linear in found:
        parent, _, child = name.rpartition(".")
        layer = AdaptedLinear(linear, bank)
        setattr(model.get_submodule(parent), child, layer)
        bank.layers[name] = layer
    if not bank.layers:
        raise UserError(f"{type(model).__name__} has no linear layers to adapt")
    bank.hold(torch.zeros(1, bank.size, device=bank.device))


def serve(bank: AdapterBank, projections: Sequence[Projection]) -> None:
    """Compute with these."""
    bank.projections = list(projections)
    bank.changed()
