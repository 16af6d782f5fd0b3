"""The forward and backward pass of models of the Llama form, written out: few operations, and no more kept than needed.

Llama, Mistral, Qwen2 and SmolLM have it. Layers that read the same input are one product (`Projection`). Whether the
model really has this form is not guessed from its name: `open_engine` compares the result with the model's own.

Axes: T tokens of the batch, d hidden size, f inner size of the feed-forward part, H + 2K heads of size D.
"""

from dataclasses import dataclass, field
from typing import Any, ClassVar, NamedTuple

import torch
from torch import Tensor, nn

from docendo.engines.lora.linear import Projection
from docendo.engines.lora.routing import Routing
from docendo.engines.model.attention import AttentionPlan, Heads, TreeAttention
from docendo.engines.model.ops import ElementwiseOps, RMSNorm, TorchOps

__all__ = ["Layer", "LlamaStack", "Tape", "rotate"]


_CHANGING = ("dynamic", "longrope")
"""Rotary embeddings that change with the longest position in the batch: no two lanes may share them."""


class Layer(NamedTuple):
    before: RMSNorm
    qkv: Projection
    out: Projection
    middle: RMSNorm
    gate_up: Projection
    down: Projection


class _Kept(NamedTuple):
    """What one layer's backward pass needs: in the order of the forward pass, A x of each projection last."""

    x_Td: Tensor
    factor_T: Tensor
    normed_Td: Tensor
    qkv_THD: Tensor
    shares: list[Tensor]
    attended_To: Tensor
    middle_Td: Tensor
    middle_factor_T: Tensor
    middle_normed_Td: Tensor
    gate_up_Tf: Tensor
    inner_Tf: Tensor
    lows: tuple[list[Tensor], list[Tensor], list[Tensor], list[Tensor]]


class Tape(NamedTuple):
    """A recorded forward pass."""

    layers: list[_Kept]
    tables: tuple[Tensor, Tensor]
    last_Td: Tensor
    factor_T: Tensor
    tree: TreeAttention
    routing: Routing


@dataclass(frozen=True)
class LlamaStack:
    body: Any
    """The model without its head, as transformers has it."""
    heads: Heads
    layers: tuple[Layer, ...]
    last: RMSNorm
    ops: ElementwiseOps = field(default_factory=TorchOps)
    thread_safe: ClassVar[bool] = True

    @staticmethod
    def of(body: nn.Module, heads: Heads) -> "LlamaStack | None":
        """The model in this form; None where its parts have other names or other kinds."""
        config: Any = body.config
        if getattr(config, "hidden_act", None) != "silu" or not hasattr(body, "rotary_emb"):
            return None
        if getattr(body.rotary_emb, "rope_type", "default") in _CHANGING:
            return None
        try:
            layers = tuple(_layer(layer) for layer in body.layers)  # type: ignore[union-attr]
            return LlamaStack(body, heads, layers, _norm(body.norm))
        except AttributeError:
            return None

    @property
    def projections(self) -> list[Projection]:
        return [
            p
            for layer in self.layers
            for p in (layer.qkv, layer.out, layer.gate_up, layer.down)
        ]

    @property
    def after(self) -> list[RMSNorm]:
        """The normalisation behind each layer, which is in front of the next one or the last."""
        return [*(layer.before for layer in self.layers[1:]), self.last]

    def infer(
        self, ids_T: Tensor, positions_T: Tensor, routing: Routing, plan: AttentionPlan
    ) -> Tensor:
        """Hidden states behind the last layer, (T, d)."""
        x_Td = self.body.embed_tokens(ids_T)
        tables = self.tables(x_Td, positions_T)
        for i, layer in enumerate(self.layers):
            qkv_THD = rotate(layer.qkv.infer(layer.before.infer(x_Td), routing), *tables)
            x_Td = layer.out.infer(plan(i, qkv_THD), routing).add_(x_Td)
            both_Tf = layer.gate_up.infer(layer.middle.infer(x_Td), routing)
            x_Td = layer.down.infer(self.ops.swiglu(both_Tf), routing).add_(x_Td)
        return self.last.infer(x_Td)

    def record(
        self, ids_T: Tensor, positions_T: Tensor, routing: Routing, tree: TreeAttention
    ) -> tuple[Tensor, Tape]:
        """Hidden states behind the last layer, (T, d), and what `back` needs."""
        x_Td = self.body.embed_tokens(ids_T)
        tables, kept = self.tables(x_Td, positions_T), list[_Kept]()
        for layer in self.layers:
            normed, factor = self.ops.rms_norm(layer.before, x_Td)
            flat, low_qkv = layer.qkv.forward(normed, routing)
            qkv_THD = rotate(flat, *tables)
            attended, shares = tree.forward(qkv_THD)
            middle, low_out = layer.out.forward(attended, routing)
            middle.add_(x_Td)
            middle_normed, middle_factor = self.ops.rms_norm(layer.middle, middle)
            both, low_both = layer.gate_up.forward(middle_normed, routing)
            inner = self.ops.swiglu(both)
            after, low_down = layer.down.forward(inner, routing)
            lows = (low_qkv, low_out, low_both, low_down)
            first, second = (x_Td, factor, normed), (middle, middle_factor, middle_normed)
            kept.append(
                _Kept(*first, qkv_THD, shares, attended, *second, both, inner, lows)
            )
            x_Td = after.add_(middle)
        hidden_Td, factor = self.ops.rms_norm(self.last, x_Td)
        return hidden_Td, Tape(kept, tables, x_Td, factor, tree, routing)

    def backward(self, tape: Tape, grad_Td: Tensor, part: int) -> None:
        """Adds the gradients of the adapters to those of the part, and empties the tape."""
        grad_Td = self.ops.rms_norm_backward(
            self.last, tape.last_Td, tape.factor_T, grad_Td
        )
        for layer in reversed(self.layers):
            kept = tape.layers.pop()
            grad_Td = grad_Td + self._back_inner(layer, kept, grad_Td, tape.routing, part)
            grad_Td = grad_Td + self._back_attention(layer, kept, grad_Td, tape, part)

    def _back_inner(
        self, layer: Layer, kept: _Kept, grad_Td: Tensor, routing: Routing, part: int
    ) -> Tensor:
        _, _, low_both, low_down = kept.lows
        grad_Tf = layer.down.backward(kept.inner_Tf, low_down, grad_Td, routing, part)
        into = self.ops.swiglu_backward(kept.gate_up_Tf, grad_Tf)
        grad = layer.gate_up.backward(kept.middle_normed_Td, low_both, into, routing, part)
        return self.ops.rms_norm_backward(
            layer.middle, kept.middle_Td, kept.middle_factor_T, grad
        )

    def _back_attention(
        self, layer: Layer, kept: _Kept, grad_Td: Tensor, tape: Tape, part: int
    ) -> Tensor:
        low_qkv, low_out, _, _ = kept.lows
        attended = layer.out.backward(
            kept.attended_To, low_out, grad_Td, tape.routing, part
        )
        qkv = _rotate_back(
            tape.tree.backward(kept.qkv_THD, kept.shares, attended), *tape.tables
        )
        grad = layer.qkv.backward(
            kept.normed_Td, low_qkv, qkv.flatten(1), tape.routing, part
        )
        return self.ops.rms_norm_backward(layer.before, kept.x_Td, kept.factor_T, grad)

    def rope(self, x_Td: Tensor, positions_T: Tensor) -> tuple[Tensor, Tensor]:
        """Cosines, and sines with the sign of their half, of every token, (T, D)."""
        cos, sin = (t[0] for t in self.body.rotary_emb(x_Td[None], positions_T[None]))
        half = cos.shape[-1] // 2
        return cos, torch.cat([-sin[:, :half], sin[:, half:]], -1)

    def tables(self, x_Td: Tensor, positions_T: Tensor) -> tuple[Tensor, Tensor]:
        """Cosines, and sines with the sign of their half, of every token and head, (T, H + 2K, D); values stay."""
        cos, signed = self.rope(x_Td, positions_T)
        turned = self.heads.query + self.heads.key
        still = cos.new_ones(len(cos), self.heads.key, cos.shape[-1])
        cos_THD = torch.cat([cos[:, None].expand(-1, turned, -1), still], 1)
        return cos_THD, torch.cat(
            [signed[:, None].expand(-1, turned, -1), torch.zeros_like(still)], 1
        )


def rotate(flat_To: Tensor, cos_THD: Tensor, sin_THD: Tensor) -> Tensor:
    """Rotary position embedding (Su et al. 2021) of queries and keys."""
    x_THD = flat_To.view(cos_THD.shape)
    return torch.addcmul(x_THD * cos_THD, x_THD.roll(cos_THD.shape[-1] // 2, -1), sin_THD)


def _rotate_back(grad_THD: Tensor, cos_THD: Tensor, sin_THD: Tensor) -> Tensor:
    """The transpose of `rotate`: turning by half is its own inverse."""
    return (grad_THD * sin_THD).roll(cos_THD.shape[-1] // 2, -1).addcmul_(grad_THD, cos_THD)


def _norm(module: Any) -> RMSNorm:
    return RMSNorm(module.weight.detach(), float(module.variance_epsilon))


def _layer(layer: Any) -> Layer:
    attention, inner = layer.self_attn, layer.mlp
    if hasattr(attention, "q_norm"):
        raise AttributeError("queries are normalised")
    return Layer(
        _norm(layer.input_layernorm),
        Projection([attention.q_proj, attention.k_proj, attention.v_proj]),
        Projection([attention.o_proj]),
        _norm(layer.post_attention_layernorm),
        Projection([inner.gate_proj, inner.up_proj]),
        Projection([inner.down_proj]),
    )
