"""Models of any other form: transformers' own forward pass and PyTorch's autograd.

Its attention is replaced by docendo's.

Axes: T tokens of the batch, d hidden size, H + 2K heads of size D, O = H * D.
"""

from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from contextvars import ContextVar
from dataclasses import dataclass
from functools import partial
from typing import Any, ClassVar

import torch
from torch import Tensor, nn
from torch.nn.functional import pad
from torch.utils.checkpoint import checkpoint

from docendo.engines.lora.bank import AdapterBank
from docendo.engines.lora.linear import Projection
from docendo.engines.lora.routing import Routing
from docendo.engines.model.attention import AttentionPlan, TreeAttention

__all__ = ["ATTENTION", "HFStack", "attend", "run_model", "use_plan"]

ATTENTION = "docendo"
"""The name of docendo's attention among transformers' implementations."""


_PLAN: ContextVar[AttentionPlan] = ContextVar("plan")
"""Of the pass that runs: not every model hands arguments on to its attention."""


@contextmanager
def use_plan(plan: AttentionPlan) -> Iterator[None]:
    """What `attend` calls within the block, in this thread."""
    token = _PLAN.set(plan)
    try:
        yield
    finally:
        _PLAN.reset(token)


def attend(
    module: nn.Module,
    query: Tensor,
    key: Tensor,
    value: Tensor,
    attention_mask: Tensor | None,
    **kwargs: Any,
) -> tuple[Tensor, None]:
    """The attention function that transformers calls in every layer of `run_model`'s model.

    Queries, keys and values are (1, heads, T, D); values may be narrower, and are then padded.
    """
    plan = _PLAN.get()
    layer: int = module.layer_idx  # type: ignore[assignment]
    missing = key.shape[-1] - value.shape[-1]
    if missing:
        value = pad(value, (0, missing))
    # side by side and by token, which is how every plan reads them
    qkv_1HTD = torch.cat([query, key, value], 1)
    qkv_THD = qkv_1HTD[0].transpose(0, 1).contiguous()

    attended_TO: Tensor
    if torch.is_grad_enabled() and isinstance(plan, TreeAttention):
        # in training by its own backward pass, which recomputes operands instead of keeping them
        attended_TO = _TreeAttentionFunction.apply(qkv_THD, plan, layer)  # type: ignore[no-untyped-call]
    else:
        attended_TO = plan(layer, qkv_THD)

    # (1, T, H, D), and no attention weights
    _, heads, tokens, size = query.shape
    attended_1THD = attended_TO.view(1, tokens, heads, size)
    return attended_1THD[..., : size - missing].contiguous(), None


class _TreeAttentionFunction(torch.autograd.Function):
    """`TreeAttention` within autograd."""

    @staticmethod
    def forward(ctx: Any, qkv_THD: Tensor, tree: TreeAttention, layer: int) -> Tensor:
        attended_TO, weights = tree.forward(layer, qkv_THD)
        ctx.save_for_backward(qkv_THD, *weights)
        ctx.tree = tree
        return attended_TO

    @staticmethod
    def backward(ctx: Any, grad_TO: Tensor) -> tuple[Tensor, None, None]:
        qkv_THD, *weights = ctx.saved_tensors
        return ctx.tree.backward(qkv_THD, weights, grad_TO), None, None


def run_model(
    base_model: Any, ids_T: Tensor, positions_T: Tensor, plan: AttentionPlan
) -> Tensor:
    """Hidden states behind the last layer, (T, d), by the model's own forward pass."""
    with use_plan(plan):
        # one row of T tokens, whatever sequences they are: the plan knows who sees whom
        outputs = base_model(
            input_ids=ids_T[None], position_ids=positions_T[None], use_cache=False
        )
    hidden_1Td: Tensor = outputs[0]
    return hidden_1Td[0]


@dataclass(frozen=True)
class HFStack:
    """A `DecoderStack` for every model that transformers can run."""

    base_model: Any
    """The model without its head."""
    bank: AdapterBank
    thread_safe: ClassVar[bool] = False

    @property
    def projections(self) -> list[Projection]:
        projections = (layer.projection for layer in self.bank.layers.values())
        return [projection for projection in projections if projection is not None]

    @staticmethod
    def of(base_model: Any, bank: AdapterBank, recompute: bool = False) -> "HFStack":
        """With `recompute` a backward pass computes each of the model's layers again."""
        # each layer is a product of its own: which share an input is unknown here
        for layer in bank.layers.values():
            layer.projection = Projection([layer])
        if recompute:
            _keep_inputs_alone(base_model, bank)
        return HFStack(base_model, bank)

    def infer(
        self,
        ids_T: Tensor,
        positions_T: Tensor,
        routing: Routing,
        plan: AttentionPlan,
    ) -> Tensor:
        """Hidden states behind the last layer, (T, d)."""
        with self.bank.use_routing(routing):
            return run_model(self.base_model, ids_T, positions_T, plan)

    def record(
        self,
        ids_T: Tensor,
        positions_T: Tensor,
        routing: Routing,
        tree: TreeAttention,
    ) -> tuple[Tensor, Tensor]:
        """Hidden states behind the last layer, (T, d), and as a tape the same with its graph."""
        with torch.enable_grad():
            hidden_Td = self.infer(ids_T, positions_T, routing, tree)
        return hidden_Td.detach(), hidden_Td

    def backward(self, tape: Tensor, grad_Td: Tensor, part: int) -> None:
        """Adds the gradients of the adapters to those of the part."""
        # autograd calls the layers' backward passes without arguments of ours
        self.bank.state.part = part
        tape.backward(grad_Td)  # type: ignore[no-untyped-call]


def _keep_inputs_alone(base_model: Any, bank: AdapterBank) -> None:
    """In training each decoder layer keeps what it read, and nothing else (Chen et al. 2016)."""
    from transformers.modeling_layers import GradientCheckpointingLayer

    for module in base_model.modules():
        if isinstance(module, GradientCheckpointingLayer):
            module.forward = partial(_forward_twice, bank, module.forward)


def _forward_twice(bank: AdapterBank, forward: Any, *args: Any, **kwargs: Any) -> Any:
    if not torch.is_grad_enabled():
        return forward(*args, **kwargs)

    plan, routing = _PLAN.get(), bank.state.routing
    assert routing is not None, "training has one"  # noqa: S101

    @contextmanager
    def again() -> Iterator[None]:
        # autograd computes the layer again in a thread of its own, behind the forward pass
        with use_plan(plan), bank.use_routing(routing):
            yield

    return checkpoint(
        forward,
        *args,
        **kwargs,
        use_reentrant=False,
        preserve_rng_state=False,
        context_fn=lambda: (nullcontext(), again()),
    )
