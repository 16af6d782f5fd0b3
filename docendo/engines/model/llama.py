"""The forward and backward pass of models of the Llama form, written out.

Llama, Mistral, Qwen2 and SmolLM2 have it. A pass takes few operations and keeps little. Layers that
read the same input are one product (`Projection`). `build_network` compares the states with the model's.

Axes: T tokens of the batch, d hidden size, f inner size of the feed-forward part,
H + 2K heads of size D, o outputs of a projection.
"""

from dataclasses import dataclass, field
from typing import Any, ClassVar, NamedTuple

import torch
from torch import Tensor, nn

from docendo.engines.lora.linear import Projection
from docendo.engines.lora.routing import Routing
from docendo.engines.model.attention import AttentionPlan, TreeAttention
from docendo.engines.model.blocks import Heads
from docendo.engines.model.ops import ElementwiseOps, RMSNorm, TorchOps

__all__ = ["Layer", "LlamaStack", "Tape", "rotate"]

_BATCH_DEPENDENT_ROPE = ("dynamic", "longrope")
"""Rotary embeddings that change with the longest position, so that threads cannot share them."""


class Layer(NamedTuple):
    """The parts of one layer, in the order of the forward pass."""

    attention_norm: RMSNorm
    qkv: Projection
    out: Projection
    mlp_norm: RMSNorm
    gate_up: Projection
    down: Projection


class _AttentionTape(NamedTuple):
    """What the backward pass of one layer's attention half needs."""

    x_Td: Tensor
    factor_T: Tensor
    normed_Td: Tensor
    qkv_THD: Tensor
    qkv_lows: list[Tensor]
    """A x of each run, as `Projection.forward` gives it."""
    weights: list[Tensor]
    attended_TO: Tensor
    out_lows: list[Tensor]


class _MlpTape(NamedTuple):
    """What the backward pass of one layer's feed-forward half needs."""

    x_Td: Tensor
    factor_T: Tensor
    normed_Td: Tensor
    gate_up_Tf: Tensor
    gate_up_lows: list[Tensor]
    inner_Tf: Tensor
    down_lows: list[Tensor]


class Tape(NamedTuple):
    """A recorded forward pass."""

    layers: list[tuple[_AttentionTape, _MlpTape]]
    rope: tuple[Tensor, Tensor]
    last_Td: Tensor
    factor_T: Tensor
    tree: TreeAttention
    routing: Routing


@dataclass(frozen=True)
class LlamaStack:
    """A `DecoderStack` for models of the Llama form."""

    base_model: Any
    """The model without its head, as transformers has it."""
    heads: Heads
    layers: tuple[Layer, ...]
    last_norm: RMSNorm
    ops: ElementwiseOps = field(default_factory=TorchOps)
    thread_safe: ClassVar[bool] = True

    @staticmethod
    def of(base_model: nn.Module, heads: Heads) -> "LlamaStack | None":
        """The model in this form; None where its parts have other names or other kinds."""
        config = base_model.config
        if getattr(config, "hidden_act", None) != "silu":
            return None
        rotary = getattr(base_model, "rotary_emb", None)
        rope_type = getattr(rotary, "rope_type", "default")
        if rotary is None or rope_type in _BATCH_DEPENDENT_ROPE:
            return None

        try:
            # an attribute that is missing means another form, not a failure
            layers = tuple(_read_layer(layer) for layer in base_model.layers)  # type: ignore[union-attr]
            return LlamaStack(base_model, heads, layers, _read_norm(base_model.norm))
        except AttributeError:
            return None

    @property
    def projections(self) -> list[Projection]:
        projections: list[Projection] = []
        for layer in self.layers:
            projections += (layer.qkv, layer.out, layer.gate_up, layer.down)
        return projections

    @property
    def following_norms(self) -> list[RMSNorm]:
        """The normalisation behind each layer: the next layer's first one, or the last one."""
        norms = [layer.attention_norm for layer in self.layers]
        return [*norms[1:], self.last_norm]

    def infer(
        self,
        ids_T: Tensor,
        positions_T: Tensor,
        routing: Routing,
        plan: AttentionPlan,
    ) -> Tensor:
        """Hidden states behind the last layer, (T, d)."""
        x_Td = self.base_model.embed_tokens(ids_T)
        rope = self.head_rope(x_Td, positions_T)
        for i, layer in enumerate(self.layers):
            # (T, d) -> (T, o), o = (H + 2K) * D -> (T, H + 2K, D) -> (T, O) -> (T, d)
            normed_Td = layer.attention_norm.infer(x_Td)
            qkv_To = layer.qkv.infer(normed_Td, routing)
            attended_TO = plan(i, rotate(qkv_To, *rope))
            x_Td = layer.out.infer(attended_TO, routing).add_(x_Td)

            # (T, d) -> (T, 2 f) -> (T, f) -> (T, d)
            normed_Td = layer.mlp_norm.infer(x_Td)
            gate_up_Tf = layer.gate_up.infer(normed_Td, routing)
            inner_Tf = self.ops.swiglu(gate_up_Tf)
            x_Td = layer.down.infer(inner_Tf, routing).add_(x_Td)
        return self.last_norm.infer(x_Td)

    def record(
        self,
        ids_T: Tensor,
        positions_T: Tensor,
        routing: Routing,
        tree: TreeAttention,
    ) -> tuple[Tensor, Tape]:
        """Hidden states behind the last layer, (T, d), and a tape for one `backward`."""
        x_Td = self.base_model.embed_tokens(ids_T)
        rope = self.head_rope(x_Td, positions_T)
        tapes = []
        for i in range(len(self.layers)):
            x_Td, attention_tape = self._record_attention(i, x_Td, rope, routing, tree)
            x_Td, mlp_tape = self._record_mlp(self.layers[i], x_Td, routing)
            tapes.append((attention_tape, mlp_tape))

        hidden_Td, factor_T = self.ops.rms_norm(self.last_norm, x_Td)
        return hidden_Td, Tape(tapes, rope, x_Td, factor_T, tree, routing)

    def _record_attention(
        self,
        number: int,
        x_Td: Tensor,
        rope: tuple[Tensor, Tensor],
        routing: Routing,
        tree: TreeAttention,
    ) -> tuple[Tensor, _AttentionTape]:
        layer = self.layers[number]
        normed_Td, factor_T = self.ops.rms_norm(layer.attention_norm, x_Td)
        qkv_To, qkv_lows = layer.qkv.forward(normed_Td, routing)
        qkv_THD = rotate(qkv_To, *rope)
        attended_TO, weights = tree.forward(number, qkv_THD)
        out_Td, out_lows = layer.out.forward(attended_TO, routing)

        tape = _AttentionTape(
            x_Td,
            factor_T,
            normed_Td,
            qkv_THD,
            qkv_lows,
            weights,
            attended_TO,
            out_lows,
        )
        return out_Td.add_(x_Td), tape

    def _record_mlp(
        self,
        layer: Layer,
        x_Td: Tensor,
        routing: Routing,
    ) -> tuple[Tensor, _MlpTape]:
        normed_Td, factor_T = self.ops.rms_norm(layer.mlp_norm, x_Td)
        gate_up_Tf, gate_up_lows = layer.gate_up.forward(normed_Td, routing)
        inner_Tf = self.ops.swiglu(gate_up_Tf)
        out_Td, down_lows = layer.down.forward(inner_Tf, routing)

        tape = _MlpTape(
            x_Td,
            factor_T,
            normed_Td,
            gate_up_Tf,
            gate_up_lows,
            inner_Tf,
            down_lows,
        )
        return out_Td.add_(x_Td), tape

    def backward(self, tape: Tape, grad_Td: Tensor, part: int) -> None:
        """Adds the gradients of the adapters to those of the part, and empties the tape."""
        grad_Td = self.ops.rms_norm_backward(
            self.last_norm,
            tape.last_Td,
            tape.factor_T,
            grad_Td,
        )
        for layer in reversed(self.layers):
            # popped, so that the memory of each layer is free once it was read
            attention_tape, mlp_tape = tape.layers.pop()
            # x + f(x): the gradient passes by the skip connection and through the branch
            branch_Td = self._mlp_backward(layer, mlp_tape, grad_Td, tape, part)
            grad_Td = grad_Td + branch_Td
            branch_Td = self._attention_backward(layer, attention_tape, grad_Td, tape, part)
            grad_Td = grad_Td + branch_Td

    def _mlp_backward(
        self,
        layer: Layer,
        layer_tape: _MlpTape,
        grad_Td: Tensor,
        tape: Tape,
        part: int,
    ) -> Tensor:
        """The gradient of the half's input by way of the branch, without the skip connection."""
        grad_inner_Tf = layer.down.backward(
            layer_tape.inner_Tf,
            layer_tape.down_lows,
            grad_Td,
            tape.routing,
            part,
        )
        grad_gate_up_Tf = self.ops.swiglu_backward(layer_tape.gate_up_Tf, grad_inner_Tf)
        grad_normed_Td = layer.gate_up.backward(
            layer_tape.normed_Td,
            layer_tape.gate_up_lows,
            grad_gate_up_Tf,
            tape.routing,
            part,
        )
        return self.ops.rms_norm_backward(
            layer.mlp_norm,
            layer_tape.x_Td,
            layer_tape.factor_T,
            grad_normed_Td,
        )

    def _attention_backward(
        self,
        layer: Layer,
        layer_tape: _AttentionTape,
        grad_Td: Tensor,
        tape: Tape,
        part: int,
    ) -> Tensor:
        """The gradient of the half's input by way of the branch, without the skip connection."""
        grad_attended_TO = layer.out.backward(
            layer_tape.attended_TO,
            layer_tape.out_lows,
            grad_Td,
            tape.routing,
            part,
        )
        grad_qkv_THD = tape.tree.backward(
            layer_tape.qkv_THD,
            layer_tape.weights,
            grad_attended_TO,
        )
        grad_qkv_To = _rotate_backward(grad_qkv_THD, *tape.rope).flatten(1)
        grad_normed_Td = layer.qkv.backward(
            layer_tape.normed_Td,
            layer_tape.qkv_lows,
            grad_qkv_To,
            tape.routing,
            part,
        )
        return self.ops.rms_norm_backward(
            layer.attention_norm,
            layer_tape.x_Td,
            layer_tape.factor_T,
            grad_normed_Td,
        )

    def rope(self, x_Td: Tensor, positions_T: Tensor) -> tuple[Tensor, Tensor]:
        """Cosines, and sines with the sign of their half, of every token, (T, D)."""
        cos_1TD, sin_1TD = self.base_model.rotary_emb(x_Td[None], positions_T[None])
        first_half, second_half = sin_1TD[0].chunk(2, -1)
        return cos_1TD[0], torch.cat([-first_half, second_half], -1)

    def head_rope(self, x_Td: Tensor, positions_T: Tensor) -> tuple[Tensor, Tensor]:
        """`rope` of every token and head, (T, H + 2K, D); it leaves values as they are."""
        cos_TD, sin_TD = self.rope(x_Td, positions_T)
        # cosine 1 and sine 0 for values: all heads then turn in one operation
        rotated_heads = self.heads.query + self.heads.key
        tokens, size = cos_TD.shape
        ones_TKD = cos_TD.new_ones(tokens, self.heads.key, size)
        cos_THD = cos_TD[:, None].expand(-1, rotated_heads, -1)
        sin_THD = sin_TD[:, None].expand(-1, rotated_heads, -1)
        return (
            torch.cat([cos_THD, ones_TKD], 1),
            torch.cat([sin_THD, torch.zeros_like(ones_TKD)], 1),
        )


def rotate(qkv_To: Tensor, cos_THD: Tensor, sin_THD: Tensor) -> Tensor:
    """Rotary position embedding (Su et al. 2021) of queries and keys."""
    # Hugging Face pairs number i with i + D/2, not with its neighbour as the paper does; the two
    # differ by a permutation of the weights. The signs of the pairs are in the sines.
    x_THD = qkv_To.view(cos_THD.shape)
    half_turned_THD = x_THD.roll(cos_THD.shape[-1] // 2, -1)
    return torch.addcmul(x_THD * cos_THD, half_turned_THD, sin_THD)


def _rotate_backward(grad_THD: Tensor, cos_THD: Tensor, sin_THD: Tensor) -> Tensor:
    """The transpose of `rotate`. Turning by half is its own inverse."""
    turned_THD = grad_THD * sin_THD
    half_turned_THD = turned_THD.roll(cos_THD.shape[-1] // 2, -1)
    return half_turned_THD.addcmul_(grad_THD, cos_THD)


def _read_norm(module: Any) -> RMSNorm:
    return RMSNorm(module.weight.detach(), float(module.variance_epsilon))


def _read_layer(layer: Any) -> Layer:
    """Raises AttributeError where the layer has other parts."""
    attention, mlp = layer.self_attn, layer.mlp
    # Qwen3, SmolLM3 and Granite have a Llama's parts, and more that would be left out without a word
    more = hasattr(attention, "q_norm") or not getattr(attention, "use_rope", True)
    if more or getattr(layer, "residual_multiplier", 1) != 1:
        raise AttributeError("the layer does more than a Llama's")
    return Layer(
        attention_norm=_read_norm(layer.input_layernorm),
        qkv=Projection([attention.q_proj, attention.k_proj, attention.v_proj]),
        out=Projection([attention.o_proj]),
        mlp_norm=_read_norm(layer.post_attention_layernorm),
        gate_up=Projection([mlp.gate_proj, mlp.up_proj]),
        down=Projection([mlp.down_proj]),
    )
