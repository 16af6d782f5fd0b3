"""What sampling and training compute with: the model's layers with all adapters, and its head.

Axes: T tokens of a batch, B rows of one new token each, d hidden size, V vocabulary.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple, Protocol

import torch
from torch import Tensor

from docendo.engines.lora.batch_invariant import (
    PackedWeight,
    batch_invariant_linear,
    input_gradient,
)
from docendo.engines.lora.linear import Projection
from docendo.engines.lora.routing import Routing
from docendo.engines.model.attention import AttentionPlan, TreeAttention
from docendo.engines.model.blocks import Heads
from docendo.engines.model.kv_cache import DecodePlan
from docendo.engines.model.ops import ElementwiseOps, TorchOps
from docendo.engines.model.sampling import sample_tokens
from docendo.engines.model.transfer import to_device

__all__ = [
    "DecoderStack",
    "EagerStep",
    "LastTokens",
    "Network",
    "Stepper",
    "StepperFactory",
    "TokenSampler",
]


class DecoderStack(Protocol):
    """The model's layers, without its head."""

    @property
    def thread_safe(self) -> bool:
        """Whether several threads may compute at the same time."""
        ...

    @property
    def projections(self) -> list[Projection]: ...

    def infer(
        self,
        ids_T: Tensor,
        positions_T: Tensor,
        routing: Routing,
        plan: AttentionPlan,
    ) -> Tensor:
        """Hidden states behind the last layer, (T, d)."""
        ...

    def record(
        self,
        ids_T: Tensor,
        positions_T: Tensor,
        routing: Routing,
        tree: TreeAttention,
    ) -> tuple[Tensor, Any]:
        """Hidden states behind the last layer, (T, d), and a tape for one `backward`."""
        ...

    def backward(self, tape: Any, grad_Td: Tensor, part: int) -> None:
        """Adds the gradients of the adapters to those of the part."""
        ...


class LastTokens(NamedTuple):
    """The last token of every row, its position in the text and its column in the cache."""

    tokens_B: Sequence[int]
    positions_B: Sequence[int]
    columns_B: Sequence[int]


class Stepper(Protocol):
    """One step of decoding."""

    def __call__(self, last: LastTokens, routing: Routing, plan: DecodePlan, /) -> Tensor:
        """Logits of the token after the last, (B, V); valid until the next call."""
        ...


class EagerStep:
    """A step of decoding, operation by operation."""

    def __init__(self, network: "Network") -> None:
        self.network = network

    def __call__(self, last: LastTokens, routing: Routing, plan: DecodePlan) -> Tensor:
        # one transfer for all three
        last_3B = to_device(torch.tensor(last), self.network.head_Vd.device)
        return self.network.step(last_3B, routing, plan)


TokenSampler = Callable[[Tensor, Tensor, Tensor], tuple[Tensor, Tensor]]
"""(logits, temperatures, uniform numbers) to tokens and their log-probabilities."""
StepperFactory = Callable[["Network"], Stepper]
"""A way of decoding; every batch has a stepper of its own."""


@dataclass(frozen=True)
class Network:
    """The stack, the head, and how to decode with them."""

    stack: DecoderStack
    heads: Heads
    layers: int
    head_Vd: Tensor
    packed_head: PackedWeight | None
    make_stepper: StepperFactory = EagerStep
    sample_tokens: TokenSampler = sample_tokens
    ops: ElementwiseOps = field(default_factory=TorchOps)
    recompute_logits: bool = False
    """Whether a backward pass computes the logits again, block by block, instead of keeping them."""

    def logits(self, hidden_Td: Tensor) -> Tensor:
        """(T, V)."""
        return batch_invariant_linear(hidden_Td, self.head_Vd, None, self.packed_head)

    def logits_backward(self, grad_TV: Tensor) -> Tensor:
        """The gradient of the hidden states, (T, d)."""
        return input_gradient(grad_TV, self.head_Vd, self.packed_head)

    def step(self, last_3B: Tensor, routing: Routing, plan: DecodePlan) -> Tensor:
        """Logits of the token after the last, (B, V). `last_3B` is `LastTokens` as a tensor."""
        tokens_B, positions_B, columns_B = last_3B
        plan.set_columns(columns_B)
        hidden_Bd = self.stack.infer(tokens_B, positions_B, routing, plan)
        return self.logits(hidden_Bd)
