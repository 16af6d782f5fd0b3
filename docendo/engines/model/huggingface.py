"""Models of any other form: transformers' own forward pass and PyTorch's autograd.

Its attention is replaced by docendo's.

Axes: T tokens of the batch, d hidden size, H + 2K heads of size D, O = H * D.
"""

from dataclasses import dataclass
from typing import Any, ClassVar

import torch
from torch import Tensor, nn

from docendo.engines.lora.bank import AdapterBank
from docendo.engines.lora.linear import Projection
from docendo.engines.lora.routing import Routing
from docendo.engines.model.attention import AttentionPlan, TreeAttention

__all__ = ["ATTENTION", "HFStack", "attend"]

ATTENTION = "docendo"
"""The name of docendo's attention among transformers' implementations."""


def attend(
    module: nn.Module,
    query: Tensor,
    key: Tensor,
    value: Tensor,
    attention_mask: Tensor | None,
    **kwargs: Any,
) -> tuple[Tensor, None]:
    """The attention function that transformers calls in every layer.

    The plan comes through the model's keyword arguments. Queries, keys and values are
    (1, heads, T, D).
    """
    plan: AttentionPlan = kwargs["plan"]
    # side by side and by token, which is how every plan reads them
    qkv_1HTD = torch.cat([query, key, value], 1)
    qkv_THD = qkv_1HTD[0].transpose(0, 1).contiguous()

    attended_TO: Tensor
    if torch.is_grad_enabled() and isinstance(plan, TreeAttention):
        # in training by its own backward pass, which recomputes operands instead of keeping them
        attended_TO = _TreeAttentionFunction.apply(qkv_THD, plan)  # type: ignore[no-untyped-call]
    else:
        attended_TO = plan(int(module.layer_idx), qkv_THD)  # type: ignore[arg-type]

    # (1, T, H, D), and no attention weights
    _, heads, tokens, _ = query.shape
    return attended_TO.view(1, tokens, heads, -1), None


class _TreeAttentionFunction(torch.autograd.Function):
    """`TreeAttention` within autograd."""

    @staticmethod
    def forward(ctx: Any, qkv_THD: Tensor, tree: TreeAttention) -> Tensor:
        attended_TO, weights = tree.forward(qkv_THD)
        ctx.save_for_backward(qkv_THD, *weights)
        ctx.tree = tree
        return attended_TO

    @staticmethod
    def backward(ctx: Any, grad_TO: Tensor) -> tuple[Tensor, None]:
        qkv_THD, *weights = ctx.saved_tensors
        return ctx.tree.backward(qkv_THD, weights, grad_TO), None


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
    def of(base_model: Any, bank: AdapterBank) -> "HFStack":
        # each layer is a product of its own: which share an input is unknown here
        for layer in bank.layers.values():
            layer.projection = Projection([layer])
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
            # one row of T tokens, whatever sequences they are: the plan knows who sees whom
            outputs = self.base_model(
                input_ids=ids_T[None],
                position_ids=positions_T[None],
                use_cache=False,
                plan=plan,
            )
        hidden_1Td: Tensor = outputs[0]
        return hidden_1Td[0]

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
