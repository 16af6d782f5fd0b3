"""Models of any other form: transformers' own forward pass and PyTorch's autograd, with docendo's attention in it."""

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


def attend(
    module: nn.Module,
    query: Tensor,
    key: Tensor,
    value: Tensor,
    attention_mask: Tensor | None,
    **kwargs: Any,
) -> tuple[Tensor, None]:
    """The attention function that transformers calls in every layer; the plan comes through the model's kwargs."""
    plan: AttentionPlan = kwargs["plan"]
    qkv_THD = torch.cat([query[0], key[0], value[0]]).transpose(0, 1).contiguous()
    out_To: Tensor
    if torch.is_grad_enabled() and isinstance(plan, TreeAttention):
        out_To = _Attend.apply(qkv_THD, plan)  # type: ignore[no-untyped-call]
    else:
        out_To = plan(int(module.layer_idx), qkv_THD)  # type: ignore[arg-type]
    return out_To.view(1, len(out_To), query.shape[1], -1), None


class _Attend(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, qkv_THD: Tensor, tree: TreeAttention) -> Tensor:
        out_To, shares = tree.forward(qkv_THD)
        ctx.save_for_backward(qkv_THD, *shares)
        ctx.tree = tree
        return out_To

    @staticmethod
    def backward(ctx: Any, grad_To: Tensor) -> tuple[Tensor, None]:
        qkv_THD, *shares = ctx.saved_tensors
        return ctx.tree.backward(qkv_THD, shares, grad_To), None


@dataclass(frozen=True)
class HFStack:
    body: Any
    bank: AdapterBank
    thread_safe: ClassVar[bool] = False

    @property
    def projections(self) -> list[Projection]:
        return [
            layer.projection
            for layer in self.bank.layers.values()
            if layer.projection is not None
        ]

    @staticmethod
    def of(body: Any, bank: AdapterBank) -> "HFStack":
        for layer in bank.layers.values():
            layer.projection = Projection([layer])
        return HFStack(body, bank)

    def infer(
        self, ids_T: Tensor, positions_T: Tensor, routing: Routing, plan: AttentionPlan
    ) -> Tensor:
        """Hidden states behind the last layer, (T, d)."""
        with self.bank.use_routing(routing):
            hidden_Td: Tensor = self.body(
                input_ids=ids_T[None],
                position_ids=positions_T[None],
                use_cache=False,
                plan=plan,
            )[0][0]
        return hidden_Td

    def record(
        self, ids_T: Tensor, positions_T: Tensor, routing: Routing, tree: TreeAttention
    ) -> tuple[Tensor, Tensor]:
        """Hidden states behind the last layer, (T, d), and what `back` needs: the same with its graph."""
        with torch.enable_grad():
            hidden_Td = self.infer(ids_T, positions_T, routing, tree)
        return hidden_Td.detach(), hidden_Td

    def backward(self, tape: Tensor, grad_Td: Tensor, part: int) -> None:
        """Adds the gradients of the adapters to those of the part."""
        self.bank.state.part = part
        tape.backward(grad_Td)  # type: ignore[no-untyped-call]
