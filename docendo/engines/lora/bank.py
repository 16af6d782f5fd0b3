"""Many LoRA adapters on one frozen base.

Axes: S slots (slot 0 is the bare base), R rank, P numbers per adapter, L parts of a step's rows.

All adapters are rows of one (S, P) matrix. Clipping, optimizer steps, copies and checkpoints of
an agent are therefore row operations. The matrices of each layer are views into it.
"""

from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import chain
from math import inf, sqrt

import torch
from torch import Tensor, nn

from docendo.engines.lora.linear import AdaptedLinear, LoraMatrices, PassState, Projection
from docendo.engines.lora.routing import Routing
from docendo.errors import UserError, suggestion
from docendo.records import BASE, AgentId
from docendo.seeds import seed_for

__all__ = ["AdapterBank", "adapt"]


@dataclass
class AdapterBank:
    """All adapters' weights and gradients, and the layers that read them."""

    rank: int
    alpha: float
    device: torch.device
    dtype: torch.dtype
    """The number format of the layers; the weights themselves are float32."""
    layers: dict[str, AdaptedLinear] = field(default_factory=dict)
    projections: list[Projection] = field(default_factory=list)
    """What sampling and training compute with."""
    slots: dict[AgentId, int] = field(default_factory=lambda: {BASE: 0})
    weights_SP: Tensor = field(default_factory=lambda: torch.zeros(1, 0))
    grads_LSP: list[Tensor] = field(
        default_factory=lambda: [torch.zeros(1, 0), torch.zeros(1, 0)]
    )
    """The even parts are one half of the rows, the odd ones the other."""
    state: PassState = field(default_factory=PassState)

    @property
    def scale(self) -> float:
        return self.alpha / self.rank

    @property
    def size(self) -> int:
        """P, the numbers in one adapter."""
        return sum(layer.size for layer in self.layers.values())

    @property
    def grads_SP(self) -> Tensor:  # noqa: N802
        """The gradients of the first part; `reduce_grads` adds the others to it."""
        return self.grads_LSP[0]

    def add(self, agent: AgentId, seed: int) -> None:
        """A new adapter that changes nothing yet.

        A is uniformly random, as in PEFT; B is zero.
        """
        self._check_new(agent)
        # on the processor, where the generator gives the same numbers for every device
        row_P = torch.zeros(self.size)
        generator = torch.Generator().manual_seed(seed_for(seed, "adapter", agent))
        for layer, start in self._layer_starts():
            # Kaiming's uniform bound with a = sqrt(5), PEFT's default for A: 1 / sqrt(inputs)
            bound = 1 / sqrt(layer.base.in_features)
            stop = start + self.rank * layer.base.in_features
            row_P[start:stop].uniform_(-bound, bound, generator=generator)
        self._insert(agent, row_P)

    def clone(self, source: AgentId, name: AgentId) -> None:
        """A copy of an adapter under a new name: a snapshot, unless somebody trains it."""
        self._check_new(name)
        slot = self._adapter_slot(source)
        self._insert(name, self.weights_SP[slot].clone())

    def copy(self, source: AgentId, into: AgentId) -> None:
        """Overwrite an agent's adapter with another's."""
        target_slot, source_slot = self._adapter_slot(into), self._adapter_slot(source)
        self.weights_SP[target_slot] = self.weights_SP[source_slot]
        self.refresh()

    def mutate(self, agent: AgentId, scale: float, seed: int) -> None:
        """Add Gaussian noise to each matrix; zeros stay zeros.

        The noise has `scale` times the matrix's root mean square. Raises UserError for a scale
        that is negative or not finite.
        """
        slot = self._adapter_slot(agent)
        if not 0 <= scale < inf:
            raise UserError(
                f"a mutation of scale {scale}; expected a number from 0, like 0.1"
            )

        generator = torch.Generator().manual_seed(seed_for(seed, "mutation", agent))
        for matrices in chain.from_iterable(
            layer.weights for layer in self.layers.values()
        ):
            # Relative to each matrix, since A and B differ in size: B starts at zero. Drawn on the
            # processor, as a new adapter is.
            matrix = matrices[slot]
            noise = torch.randn(matrix.shape, generator=generator)
            size = scale * matrix.square().mean().sqrt()
            matrix.add_(noise.to(self.device) * size)
        self.refresh()

    def cross(self, first: AgentId, second: AgentId, into: AgentId, seed: int) -> None:
        """Overwrite an agent's adapter by a cross of two parents.

        A fair coin decides for each layer which parent its matrices come from.
        """
        child = self._adapter_slot(into)
        parents = self._adapter_slot(first), self._adapter_slot(second)
        for name, layer in self.layers.items():
            # A and B by one coin: the A of one parent and the B of the other have no meaning
            coin = seed_for(seed, "cross", into, name) % 2
            for matrices in layer.weights:
                matrices[child] = matrices[parents[coin]]
        self.refresh()

    def remove(self, agent: AgentId) -> int:
        """Forget an agent; the slot that the next new agent takes."""
        slot = self._adapter_slot(agent)
        del self.slots[agent]
        self.weights_SP[slot] = 0
        self.refresh()
        return slot

    def slot(self, agent: AgentId) -> int:
        """The row of an agent. Raises UserError where there is none."""
        if agent not in self.slots:
            raise UserError(
                f"there is no agent named {agent!r}{suggestion(agent, self.slots)}"
            )
        return self.slots[agent]

    def use_projections(self, projections: Sequence[Projection]) -> None:
        """Sample and train with these."""
        self.projections = list(projections)
        self.refresh()

    def refresh(self) -> None:
        """Call after writing to `weights_SP`: the projections hold copies of it."""
        for projection in self.projections:
            projection.refresh()

    @contextmanager
    def use_routing(self, routing: Routing) -> Iterator[None]:
        """Within the block the model's own layers see these tokens."""
        self.state.routing = routing
        try:
            yield
        finally:
            self.state.routing = None

    def matrices(self, agent: AgentId) -> dict[str, tuple[Tensor, Tensor]]:
        """(A (R, in), B (out, R)) of each adapted layer.

        They are views that may be written; then call `refresh`.
        """
        slot = self.slot(agent)
        matrices = {}
        for name, layer in self.layers.items():
            a_SRd, b_SdR = layer.weights
            matrices[name] = a_SRd[slot], b_SdR[slot]
        return matrices

    def set_weights(self, weights_SP: Tensor) -> None:
        """Take these weights, one row per slot, with zero gradients."""
        self.weights_SP = weights_SP
        self.grads_LSP = [torch.zeros_like(weights_SP) for _ in self.grads_LSP]
        for layer, start in self._layer_starts():
            layer.weights = _matrix_views(layer, start, weights_SP)
            layer.grads = [_matrix_views(layer, start, grads) for grads in self.grads_LSP]
        self.refresh()

    def split_grads(self, parts: int) -> None:
        """Keep the gradients of so many parts apart, an even number."""
        self.grads_LSP = [torch.empty(0)] * parts
        self.set_weights(self.weights_SP)

    def reduce_grads(self) -> None:
        """Add all gradients up in the first part, always in the same order."""
        first_SP, second_SP = self.grad_halves()
        first_SP.add_(second_SP)
        second_SP.zero_()

    def grad_halves(self) -> tuple[Tensor, Tensor]:
        """The gradients of both halves of the rows, (S, P) each.

        They are summed in the first two parts; the other parts become zero.
        """
        # Floating-point sums depend on their order: by part, not by which thread ended first.
        for i, grads_SP in enumerate(self.grads_LSP[2:]):
            self.grads_LSP[i % 2].add_(grads_SP)
            grads_SP.zero_()
        return self.grads_LSP[0], self.grads_LSP[1]

    def zero_grad(self) -> None:
        for grads_SP in self.grads_LSP:
            grads_SP.zero_()

    def _check_new(self, agent: AgentId) -> None:
        if agent in self.slots:
            raise UserError(f"there is already an agent named {agent!r}")

    def _adapter_slot(self, agent: AgentId) -> int:
        """The slot of an agent that has an adapter."""
        if agent == BASE:
            raise UserError(
                "the base has no adapter to copy, to change or to remove; add a new agent instead"
            )
        return self.slot(agent)

    def _layer_starts(self) -> Iterator[tuple[AdaptedLinear, int]]:
        """Every layer, with the first of its numbers in a row of the bank."""
        start = 0
        for layer in self.layers.values():
            yield layer, start
            start += layer.size

    def _insert(self, agent: AgentId, row_P: Tensor) -> None:
        """Give the agent the first free slot, or a new one."""
        # a free row is used again, so that the matrix grows only with the largest population
        row_P = row_P.to(self.device)
        rows = len(self.weights_SP)
        taken = set(self.slots.values())
        slot = min(set(range(rows + 1)) - taken)
        self.slots[agent] = slot

        if slot < rows:
            self.weights_SP[slot] = row_P
            self.refresh()
        else:
            # a larger matrix: every layer's views move, and gradients start at zero
            larger_SP = torch.cat([self.weights_SP, row_P[None]])
            self.set_weights(larger_SP)


def _matrix_views(layer: AdaptedLinear, start: int, flat_SP: Tensor) -> LoraMatrices:
    """The layer's matrices as views of the bank's rows."""
    rank = layer.rank
    d_in, d_out = layer.base.in_features, layer.base.out_features
    middle = start + rank * d_in
    stop = start + layer.size
    flat_a = flat_SP[:, start:middle]
    flat_b = flat_SP[:, middle:stop]
    return LoraMatrices(flat_a.view(-1, rank, d_in), flat_b.view(-1, d_out, rank))


def adapt(
    model: nn.Module, bank: AdapterBank, names: Collection[str] | None = None
) -> None:
    """Put adapters on the linear layers of `model` with these names, or on all but its output head.

    All of them, and not attention alone, as in "LoRA without regret" (Thinking Machines 2025).
    Raises UserError where there are none.
    """
    head = model.get_output_embeddings()  # type: ignore[operator]
    # a list, since the loop changes the model
    for name, module in list(model.named_modules()):
        # no subclass: some are routers of experts, with other results
        if type(module) is not nn.Linear or module is head:
            continue
        if names is not None and name not in names:
            continue
        parent, _, child = name.rpartition(".")
        layer = AdaptedLinear(module, bank.rank, bank.scale, bank.state)
        setattr(model.get_submodule(parent), child, layer)
        bank.layers[name] = layer

    if not bank.layers:
        raise UserError(f"{type(model).__name__} has no linear layers to adapt")
    bank.set_weights(torch.zeros(1, bank.size, device=bank.device))
