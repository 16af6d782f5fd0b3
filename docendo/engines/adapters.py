"""Many LoRA adapters on one frozen base, mixed in one batch.

Axes: S slots (slot 0 is the bare base), N agents in a batch, B rows, M rows per agent, T tokens, R rank, P numbers
per adapter. All adapters are rows of one (S, P) matrix, so clipping, optimizer steps, copies and checkpoints of an
agent are plain row operations; the (S, R, d) and (S, d, R) matrices of each layer are views into it.

LoRA: Hu et al. 2021, y = W x + (alpha / R) B A x. Departure: the scale is alpha / R with one alpha for all agents.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from math import sqrt
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

from docendo.errors import UseError, nearest
from docendo.records import BASE, AgentId
from docendo.seeds import seed_for

__all__ = ["AdaptedLinear", "AdapterBank", "Pair", "Routing", "adapt"]


class Routing(NamedTuple):
    """Which slot each row of a batch uses. Rows of one agent are adjacent."""

    slots_N: Tensor
    groups: tuple[tuple[int, int, int], ...]
    """(slot, first row, row after the last) of each agent."""
    rows_F: Tensor | None
    """Row numbers, groups padded to the largest (F = N * M); None where all groups are equally large."""
    kept_B: Tensor | None
    """Where each row stands in `rows_F`."""

    @staticmethod
    def of(slots_B: Sequence[int], device: torch.device) -> "Routing":
        order = list(dict.fromkeys(slots_B))
        starts = [slots_B.index(s) for s in order]
        groups = tuple(zip(order, starts, [*starts[1:], len(slots_B)], strict=True))
        if any(slots_B[i] != slot for slot, start, stop in groups for i in range(start, stop)):
            raise ValueError("rows of one agent must be adjacent in a batch")
        slots, widest = torch.tensor(order, device=device), max(stop - start for _, start, stop in groups)
        if all(stop - start == widest for _, start, stop in groups):
            return Routing(slots, groups, None, None)
        padded = [min(start + m, stop - 1) for _, start, stop in groups for m in range(widest)]
        kept = [n * widest + m for n, (_, start, stop) in enumerate(groups) for m in range(stop - start)]
        return Routing(slots, groups, torch.tensor(padded, device=device), torch.tensor(kept, device=device))

    def group(self, x_BTd: Tensor) -> Tensor:
        """(N, M*T, d): the rows of each agent together."""
        rows = x_BTd if self.rows_F is None else x_BTd[self.rows_F]
        return rows.reshape(len(self.slots_N), -1, x_BTd.shape[-1])

    def ungroup(self, y_NMd: Tensor, rows_B: int) -> Tensor:
        """The inverse of `group`: (B, T, d)."""
        if self.rows_F is None or self.kept_B is None:
            return y_NMd.reshape(rows_B, -1, y_NMd.shape[-1])
        return y_NMd.reshape(len(self.rows_F), -1, y_NMd.shape[-1])[self.kept_B]


class AdaptedLinear(nn.Module):
    """A frozen linear layer plus, for each row, the low-rank update of the row's agent."""

    def __init__(self, base: nn.Linear, bank: "AdapterBank") -> None:
        super().__init__()
        self.base, self.bank = base, bank
        self.weights = self.grads = self.fast = Pair(torch.empty(0), torch.empty(0))

    def forward(self, x_BTd: Tensor) -> Tensor:
        routing = self.bank.routing
        y_BTd: Tensor
        if routing is None:
            y_BTd = self.base(x_BTd)
            return y_BTd
        if torch.is_grad_enabled():
            return _Update.apply(x_BTd, self.bank.anchor, self, routing)  # type: ignore[no-any-return, no-untyped-call]
        low = torch.bmm(routing.group(x_BTd), self.fast.a_SRd[routing.slots_N].transpose(1, 2))
        update = torch.bmm(low, self.fast.b_SdR[routing.slots_N].transpose(1, 2))
        y_BTd = self.base(x_BTd)
        return y_BTd.add_(routing.ungroup(update, len(x_BTd)), alpha=self.bank.scale)


class Pair(NamedTuple):
    """The two matrices of one layer for all slots; views of the bank's big matrix."""

    a_SRd: Tensor
    b_SdR: Tensor


class _Update(torch.autograd.Function):
    """The training pass of an adapted layer, written out: gradients go straight to the bank, in float32, and nothing
    is gathered or scattered. Agents are few and their rows adjacent, so slices serve better than padding."""

    @staticmethod
    def forward(ctx: Any, x_BTd: Tensor, _anchor: Tensor, layer: AdaptedLinear, routing: Routing) -> Tensor:
        x_BTd = x_BTd.contiguous()
        y_BTd: Tensor = layer.base(x_BTd)
        lows = []
        for slot, start, stop in routing.groups:
            x, y = (t[start:stop].flatten(0, 1) for t in (x_BTd, y_BTd))
            lows.append(x @ layer.fast.a_SRd[slot].T)
            y.addmm_(lows[-1], layer.fast.b_SdR[slot].T, alpha=layer.bank.scale)
        ctx.save_for_backward(x_BTd, *lows)
        ctx.layer, ctx.routing = layer, routing
        return y_BTd

    @staticmethod
    def backward(ctx: Any, grad_BTd: Tensor) -> tuple[Tensor | None, None, None, None]:
        layer, scale = ctx.layer, ctx.layer.bank.scale
        x_BTd, *lows = ctx.saved_tensors
        grad_BTd = grad_BTd.contiguous()
        into_BTd = grad_BTd @ layer.base.weight if ctx.needs_input_grad[0] else None
        for (slot, start, stop), low in zip(ctx.routing.groups, lows, strict=True):
            x, grad = x_BTd[start:stop].flatten(0, 1), grad_BTd[start:stop].flatten(0, 1)
            grad_low = grad @ layer.fast.b_SdR[slot]
            layer.grads.b_SdR[slot].add_(grad.T @ low, alpha=scale)
            layer.grads.a_SRd[slot].add_(grad_low.T @ x, alpha=scale)
            if into_BTd is not None:
                into_BTd[start:stop].flatten(0, 1).addmm_(grad_low, layer.fast.a_SRd[slot], alpha=scale)
        return into_BTd, None, None, None


@dataclass
class AdapterBank:
    """All adapters' weights, gradients and the layers that read them."""

    rank: int
    alpha: float
    device: torch.device
    dtype: torch.dtype
    """What the layers compute in; the weights themselves are kept in float32."""
    layers: dict[str, AdaptedLinear] = field(default_factory=dict)
    slots: dict[AgentId, int] = field(default_factory=lambda: {BASE: 0})
    weights_SP: Tensor = field(default_factory=lambda: torch.zeros(1, 0))
    grads_SP: Tensor = field(default_factory=lambda: torch.zeros(1, 0))
    fast_SP: Tensor = field(default_factory=lambda: torch.zeros(1, 0))
    """The weights in `dtype`, for sampling; the same memory where `dtype` is float32."""
    routing: Routing | None = None
    anchor: Tensor = field(default_factory=lambda: torch.zeros((), requires_grad=True))
    """Makes autograd visit the adapted layers, none of whose inputs may need a gradient."""

    @property
    def scale(self) -> float:
        return self.alpha / self.rank

    @property
    def size(self) -> int:
        """P, the numbers in one adapter."""
        return sum(self.rank * (m.base.in_features + m.base.out_features) for m in self.layers.values())

    def add(self, agent: AgentId, seed: int) -> None:
        """A new adapter that changes nothing yet: A is random (uniform, as in PEFT), B is zero."""
        if agent in self.slots:
            raise UseError(f"there is already an agent named {agent!r}")
        row = torch.zeros(self.size)
        generator = torch.Generator().manual_seed(seed_for(seed, "adapter", agent))
        for layer, start in self._offsets():
            bound = 1 / sqrt(layer.base.in_features)
            count = self.rank * layer.base.in_features
            row[start : start + count].uniform_(-bound, bound, generator=generator)
        self._grow(agent, row)

    def clone(self, source: AgentId, name: AgentId) -> None:
        """A copy of an adapter under a new name."""
        if name in self.slots:
            raise UseError(f"there is already an agent named {name!r}")
        if source == BASE:
            raise UseError("the base has no adapter to copy; add a new agent instead")
        self._grow(name, self.weights_SP[self.slot(source)].detach().cpu().clone())

    def slot(self, agent: AgentId) -> int:
        """The row of an agent. Raises UseError where there is none."""
        if agent not in self.slots:
            raise UseError(f"there is no agent named {agent!r}{nearest(agent, self.slots)}")
        return self.slots[agent]

    def changed(self) -> None:
        """Call after writing to `weights_SP`: refreshes what sampling reads."""
        if self.fast_SP.data_ptr() != self.weights_SP.data_ptr():
            self.fast_SP.copy_(self.weights_SP)

    @contextmanager
    def routed(self, slots_B: Sequence[int]) -> Iterator[None]:
        """Within the block row i of every batch belongs to slot `slots_B[i]`."""
        self.routing = Routing.of(slots_B, self.device)
        try:
            yield
        finally:
            self.routing = None

    def matrices(self, agent: AgentId) -> dict[str, tuple[Tensor, Tensor]]:
        """(A (R, in), B (out, R)) of each adapted layer; views that may be written, then call `changed`."""
        slot = self.slot(agent)
        return {n: (m.weights.a_SRd[slot], m.weights.b_SdR[slot]) for n, m in self.layers.items()}

    def _offsets(self) -> Iterator[tuple[AdaptedLinear, int]]:
        start = 0
        for layer in self.layers.values():
            yield layer, start
            start += self.rank * (layer.base.in_features + layer.base.out_features)

    def _grow(self, agent: AgentId, row_P: Tensor) -> None:
        self.slots[agent] = len(self.slots)
        self.hold(torch.cat([self.weights_SP, row_P.to(self.device)[None]]))

    def hold(self, weights_SP: Tensor) -> None:
        """Take these weights, one row per slot, and make every layer read from them."""
        self.weights_SP = weights_SP
        self.grads_SP = torch.zeros_like(weights_SP)
        self.fast_SP = weights_SP.to(self.dtype)
        for layer, start in self._offsets():
            self._bind(layer, start)

    def _bind(self, layer: AdaptedLinear, start: int) -> None:
        """Make the layer's matrices views of the big ones."""
        d_in, d_out, r = layer.base.in_features, layer.base.out_features, self.rank
        middle, stop = start + r * d_in, start + r * (d_in + d_out)

        def views(flat_SP: Tensor) -> Pair:
            a, b = flat_SP[:, start:middle], flat_SP[:, middle:stop]
            return Pair(a.view(-1, r, d_in), b.view(-1, d_out, r))

        layer.weights, layer.grads, layer.fast = views(self.weights_SP), views(self.grads_SP), views(self.fast_SP)


def adapt(model: nn.Module, bank: AdapterBank) -> None:
    """Put an adapter on every linear layer of `model` except its output head (LoRA without regret, 2025)."""
    head = model.get_output_embeddings()  # type: ignore[operator]
    found = [(n, m) for n, m in model.named_modules() if isinstance(m, nn.Linear) and m is not head]
    for name, linear in found:
        parent, _, child = name.rpartition(".")
        layer = AdaptedLinear(linear, bank)
        setattr(model.get_submodule(parent), child, layer)
        bank.layers[name] = layer
    if not bank.layers:
        raise UseError(f"{type(model).__name__} has no linear layers to adapt")
    bank.hold(torch.zeros(1, bank.size, device=bank.device))
