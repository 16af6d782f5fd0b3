"""What sampling and training compute with: the model's layers with all adapters in them, and its output head."""

from collections.abc import Callable
from ctypes import CDLL
from dataclasses import dataclass, field, replace
from functools import partial
from logging import getLogger
from typing import Any, Protocol

import torch
from torch import Tensor

from docendo.engines.cpu.decode import CpuStack, drawn
from docendo.engines.cpu.products import (
    Packed,
    prepack,
    product,
    product_back,
    products_alike,
)
from docendo.engines.cpu.selfcheck import Probe, draw_alike
from docendo.engines.local.base_model import BaseModel
from docendo.engines.local.sampling import pick
from docendo.engines.local.workers import Workers
from docendo.engines.lora.bank import AdapterBank, adapt, serve
from docendo.engines.lora.linear import Projection
from docendo.engines.lora.routing import Routing
from docendo.engines.model.attention import AttentionPlan, Heads, Tree
from docendo.engines.model.cuda_graphs import EagerStep, Stepper
from docendo.engines.model.huggingface import HFStack
from docendo.engines.model.llama import LlamaStack
from docendo.engines.model.ops import CpuOps, ElementwiseOps, TorchOps, between_alike

__all__ = ["DecoderStack", "Network", "Pick", "Steps", "build_network"]

_TOLERANCE = 0.02
"""Of the norm of the model's own states; bfloat16 alone makes about one percent."""

_UNLIKE = "the compiled functions do not agree with PyTorch's here; working without them"


class DecoderStack(Protocol):
    @property
    def thread_safe(self) -> bool:
        """Whether several threads may compute at the same time."""
        ...

    @property
    def projections(self) -> list[Projection]: ...

    def infer(
        self, ids_T: Tensor, positions_T: Tensor, routing: Routing, plan: AttentionPlan
    ) -> Tensor:
        """Hidden states behind the last layer, (T, d)."""
        ...

    def record(
        self, ids_T: Tensor, positions_T: Tensor, routing: Routing, tree: Tree
    ) -> tuple[Tensor, Any]:
        """Hidden states behind the last layer, (T, d), and what `back` needs, once."""
        ...

    def back(self, tape: Any, grad_Td: Tensor, part: int) -> None:
        """Adds the gradients of the adapters to those of the part."""
        ...


Pick = Callable[[Tensor, Tensor, Tensor], tuple[Tensor, Tensor]]
"""(logits, temperatures, uniform numbers) to tokens and their log-probabilities."""
Steps = Callable[["Network"], Stepper]
"""A way of decoding; every flight of rows has a stepper of its own."""


@dataclass(frozen=True)
class Network:
    body: DecoderStack
    heads: Heads
    layers: int
    head_Vd: Tensor
    packed_head: Packed | None
    steps: Steps = EagerStep
    pick: Pick = pick
    between: ElementwiseOps = field(default_factory=TorchOps)

    def logits(self, hidden_Td: Tensor) -> Tensor:
        """(T, V)."""
        return product(hidden_Td, self.head_Vd, None, self.packed_head)

    def logits_back(self, grad_TV: Tensor) -> Tensor:
        """The gradient of the hidden states, (T, d)."""
        return product_back(grad_TV, self.head_Vd, self.packed_head)


def build_network(
    base: BaseModel, bank: AdapterBank, library: CDLL | None = None
) -> Network:
    """Adapts the model, and writes its passes out where that gives the model's own states.

    Decodes with the functions of `library` where these give the same states.
    """
    head = base.model.get_output_embeddings()  # type: ignore[operator]
    body: Any = base.model.base_model
    adapt(base.model, bank)
    own: DecoderStack = HFStack.of(body, bank)
    fused = LlamaStack.of(body, base.heads)
    chosen: DecoderStack = own
    if fused is not None:
        if _apart(own, fused, base, bank) < _TOLERANCE:
            chosen = fused
            for layer in bank.layers.values():
                layer.alone = None
        else:
            chosen = HFStack.of(
                body, bank
            )  # anew: the weights of layers that share an input were joined
    library = (
        library
        if fused is not None and chosen is fused and _trusted(library, bank.dtype)
        else None
    )
    alone = (
        library if Workers.for_device(bank.device).threads == 1 else None
    )  # functions of training use one thread
    between: ElementwiseOps = TorchOps() if alone is None else CpuOps(alone)
    if fused is not None and chosen is fused:
        chosen = fused = replace(fused, between=between)
    for projection in chosen.projections:
        projection.packed = prepack(projection.weight_od, alone)
    bank.projections = chosen.projections
    bank.changed()
    weight = head.weight.detach()
    network = Network(
        chosen, base.heads, base.layers, weight, prepack(weight, alone), between=between
    )
    return (
        network if library is None or fused is None else _compiled(network, fused, library)
    )


def _compiled(network: Network, fused: LlamaStack, library: CDLL) -> Network:
    compiled = CpuStack(fused, library)
    probe = Probe(network.layers, network.heads, network.head_Vd, (0, 0, 0, 0))
    if probe.agree(fused, compiled) and draw_alike(library, network.head_Vd):
        return replace(network, body=compiled, pick=partial(drawn, library))
    getLogger("docendo").warning(_UNLIKE)
    return network


def _trusted(library: CDLL | None, dtype: torch.dtype) -> bool:
    if library is None or (
        between_alike(library, dtype) and products_alike(library, dtype)
    ):
        return True
    getLogger("docendo").warning(_UNLIKE)
    return False


@torch.no_grad()
def _apart(
    own: DecoderStack, other: DecoderStack, base: BaseModel, bank: AdapterBank
) -> float:
    """The relative distance of the states that the two make of some tokens; infinite where the other cannot."""
    ids = torch.arange(100, 132, device=bank.device) % base.config.vocab_size
    positions, routing = (
        torch.arange(len(ids), device=bank.device),
        Routing.of([0] * len(ids), bank.device),
    )
    like = torch.empty(0, dtype=bank.dtype, device=bank.device)
    tree = Tree.whole(len(ids), base.heads, like)
    states = []
    for body in (own, other):
        serve(bank, body.projections)
        try:
            states.append(body.infer(ids, positions, routing, tree).float())
        except (RuntimeError, TypeError, ValueError):
            if body is own:
                raise
            return float("inf")
    return float((states[0] - states[1]).norm() / states[0].norm())
