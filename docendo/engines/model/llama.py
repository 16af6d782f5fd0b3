"""The forward and backward pass of models of the Llama form, written out.

Llama, Mistral, Qwen 2 and 3, Phi-3, SmolLM2 and 3, and OLMo 2 have it. A pass takes few operations and
keeps little. Layers that read the same input are one product (`Projection`). `build_network` compares
the states with the model's.

Axes: T tokens of the batch, d hidden size, f inner size of the feed-forward part,
H + 2K heads of size D, i inputs and o outputs of a projection.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from typing import Any, ClassVar, NamedTuple

import torch
from torch import Tensor, nn

from docendo.engines.lora.linear import Projection
from docendo.engines.lora.routing import Routing
from docendo.engines.model.attention import AttentionPlan, TreeAttention
from docendo.engines.model.blocks import Heads
from docendo.engines.model.layers import (
    Half,
    Layer,
    read_layer,
    read_norm,
    rotate,
    rotate_backward,
)
from docendo.engines.model.ops import ElementwiseOps, RMSNorm, TorchOps

__all__ = ["LlamaStack", "Tape"]


class _HeadsTape(NamedTuple):
    """What the backward pass of one layer's attention needs, without its products."""

    unnormed: list[tuple[Tensor, Tensor]]
    """What each of `Layer.head_norms` read, and its factors."""
    qkv_THD: Tensor
    weights: list[Tensor]


class _HalfTape(NamedTuple):
    """What the backward pass of half a layer needs."""

    unnormed_Td: Tensor
    """What the normalisation read."""
    factor_T: Tensor
    input_Td: Tensor
    lows: list[Tensor]
    """A x of each run, as `Projection.forward` gives it."""
    middle: Any
    """What the backward pass between the products needs."""
    inner_Ti: Tensor
    last_lows: list[Tensor]


_LayerTape = tuple[_HalfTape, _HalfTape]


class Tape(NamedTuple):
    """A recorded forward pass."""

    layers: list[_LayerTape | Tensor]
    """Of each layer; only what it read, (T, d), where the backward pass computes it again."""
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
    recompute: bool = False
    """Whether `backward` computes each layer again, from what it read (Chen et al. 2016)."""
    thread_safe: ClassVar[bool] = True

    @staticmethod
    def of(base_model: nn.Module, heads: Heads) -> "LlamaStack | None":
        """The model in this form; None where its parts have other names or other kinds."""
        config = base_model.config
        if getattr(config, "hidden_act", None) != "silu":
            return None
        rotary = getattr(base_model, "rotary_emb", None)
        # "dynamic" changes with the texts that were read before, which threads cannot share
        if rotary is None or getattr(rotary, "rope_type", "default") == "dynamic":
            return None

        try:
            # an attribute that is missing means another form, not a failure
            layers = tuple(read_layer(layer) for layer in base_model.layers)  # type: ignore[union-attr]
            return LlamaStack(base_model, heads, layers, read_norm(base_model.norm))
        except AttributeError:
            return None

    @property
    def projections(self) -> list[Projection]:
        projections: list[Projection] = []
        for layer in self.layers:
            for half in (layer.attention, layer.mlp):
                projections += (half.first, half.last)
        return projections

    @property
    def following_norms(self) -> list[RMSNorm]:
        """The normalisation behind each layer: the next layer's first one, or the last one."""
        norms = [layer.attention.norm for layer in self.layers]
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
            half = layer.attention
            qkv_To = half.first.infer(half.norm_first(x_Td), routing)
            attended_TO = plan(i, self.turn(layer, qkv_To, rope))
            x_Td = half.norm_last(half.last.infer(attended_TO, routing)).add_(x_Td)

            # (T, d) -> (T, 2 f) -> (T, f) -> (T, d)
            half = layer.mlp
            gate_up_Tf = half.first.infer(half.norm_first(x_Td), routing)
            inner_Tf = self.ops.swiglu(gate_up_Tf)
            x_Td = half.norm_last(half.last.infer(inner_Tf, routing)).add_(x_Td)
        return self.last_norm.infer(x_Td)

    def turn(self, layer: Layer, qkv_To: Tensor, rope: tuple[Tensor, Tensor]) -> Tensor:
        """Queries, keys and values as attention reads them, (T, H + 2K, D)."""
        for norm, heads_TXD in self._normed_heads(layer, qkv_To):
            heads_TXD.copy_(norm.infer(heads_TXD))
        return rotate(layer, qkv_To, *rope)

    def _normed_heads(
        self, layer: Layer, qkv_To: Tensor
    ) -> Iterator[tuple[RMSNorm, Tensor]]:
        """The normalisations of queries and keys, each with a view of what it reads, (T, X, D)."""
        key_start = self.heads.query * self.heads.size
        value_start = key_start + self.heads.key * self.heads.size
        spans = (slice(key_start), slice(key_start, value_start))
        for norm, span in zip(layer.head_norms, spans, strict=False):
            yield norm, qkv_To[:, span].view(len(qkv_To), -1, len(norm.weight_d))

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
        tapes: list[_LayerTape | Tensor] = []
        for i in range(len(self.layers)):
            read_Td = x_Td
            x_Td, layer_tape = self._record_layer(i, read_Td, rope, routing, tree)
            tapes.append(read_Td if self.recompute else layer_tape)

        hidden_Td, factor_T = self.ops.rms_norm(self.last_norm, x_Td)
        return hidden_Td, Tape(tapes, rope, x_Td, factor_T, tree, routing)

    def _record_layer(
        self,
        number: int,
        x_Td: Tensor,
        rope: tuple[Tensor, Tensor],
        routing: Routing,
        tree: TreeAttention,
    ) -> tuple[Tensor, _LayerTape]:
        layer = self.layers[number]
        attend = partial(self._record_heads, number, rope, tree)
        x_Td, attention_tape = self._record_half(layer.attention, x_Td, routing, attend)
        x_Td, mlp_tape = self._record_half(layer.mlp, x_Td, routing, self._record_gate)
        return x_Td, (attention_tape, mlp_tape)

    def _record_half(
        self,
        half: Half,
        x_Td: Tensor,
        routing: Routing,
        record_middle: Callable[[Tensor], tuple[Tensor, Any]],
    ) -> tuple[Tensor, _HalfTape]:
        unnormed_Td = input_Td = x_Td
        if not half.norm_is_last:
            input_Td, factor_T = self.ops.rms_norm(half.norm, x_Td)
        outputs_To, lows = half.first.forward(input_Td, routing)
        inner_Ti, middle = record_middle(outputs_To)
        branch_Td, last_lows = half.last.forward(inner_Ti, routing)
        if half.norm_is_last:
            unnormed_Td = branch_Td
            branch_Td, factor_T = self.ops.rms_norm(half.norm, unnormed_Td)

        tape = _HalfTape(
            unnormed_Td,
            factor_T,
            input_Td,
            lows,
            middle,
            inner_Ti,
            last_lows,
        )
        return branch_Td.add_(x_Td), tape

    def _record_gate(self, gate_up_Tf: Tensor) -> tuple[Tensor, Tensor]:
        return self.ops.swiglu(gate_up_Tf), gate_up_Tf

    def _record_heads(
        self, number: int, rope: tuple[Tensor, Tensor], tree: TreeAttention, qkv_To: Tensor
    ) -> tuple[Tensor, _HeadsTape]:
        layer = self.layers[number]
        unnormed = []
        for norm, heads_TXD in self._normed_heads(layer, qkv_To):
            # a copy, since the normalised heads are written where these stand
            copied_TXD = heads_TXD.clone(memory_format=torch.contiguous_format)
            unnormed_YD = copied_TXD.flatten(0, 1)
            normed_YD, factor_Y = self.ops.rms_norm(norm, unnormed_YD)
            unnormed.append((unnormed_YD, factor_Y))
            heads_TXD.copy_(normed_YD.view_as(heads_TXD))

        qkv_THD = rotate(layer, qkv_To, *rope)
        attended_TO, weights = tree.forward(number, qkv_THD)
        return attended_TO, _HeadsTape(unnormed, qkv_THD, weights)

    def backward(self, tape: Tape, grad_Td: Tensor, part: int) -> None:
        """Adds the gradients of the adapters to those of the part, and empties the tape."""
        grad_Td = self.ops.rms_norm_backward(
            self.last_norm,
            tape.last_Td,
            tape.factor_T,
            grad_Td,
        )
        for i in reversed(range(len(self.layers))):
            layer = self.layers[i]
            # popped, so that the memory of each layer is free once it was read
            layer_tape = tape.layers.pop()
            if isinstance(layer_tape, Tensor):
                _, layer_tape = self._record_layer(
                    i, layer_tape, tape.rope, tape.routing, tape.tree
                )
            attention_tape, mlp_tape = layer_tape
            gate_back = partial(self.ops.swiglu_backward, mlp_tape.middle)
            grad_Td = self._half_backward(
                layer.mlp, mlp_tape, grad_Td, tape, part, gate_back
            )
            heads_back = partial(self._heads_backward, layer, attention_tape.middle, tape)
            grad_Td = self._half_backward(
                layer.attention, attention_tape, grad_Td, tape, part, heads_back
            )

    def _half_backward(
        self,
        half: Half,
        half_tape: _HalfTape,
        grad_Td: Tensor,
        tape: Tape,
        part: int,
        middle_backward: Callable[[Tensor], Tensor],
    ) -> Tensor:
        """The gradient of the half's input, from that of its output."""
        norm_backward = partial(
            self.ops.rms_norm_backward,
            half.norm,
            half_tape.unnormed_Td,
            half_tape.factor_T,
        )
        branch_Td = norm_backward(grad_Td) if half.norm_is_last else grad_Td
        grad_inner_Ti = half.last.backward(
            half_tape.inner_Ti,
            half_tape.last_lows,
            branch_Td,
            tape.routing,
            part,
        )
        branch_Td = half.first.backward(
            half_tape.input_Td,
            half_tape.lows,
            middle_backward(grad_inner_Ti),
            tape.routing,
            part,
        )
        if not half.norm_is_last:
            branch_Td = norm_backward(branch_Td)
        # x + f(x): the gradient passes by the skip connection and through the branch
        return grad_Td + branch_Td

    def _heads_backward(
        self, layer: Layer, heads_tape: _HeadsTape, tape: Tape, grad_attended_TO: Tensor
    ) -> Tensor:
        """The gradient of the projection of queries, keys and values, (T, o)."""
        grad_THD = tape.tree.backward(
            heads_tape.qkv_THD,
            heads_tape.weights,
            grad_attended_TO,
        )
        grad_To = rotate_backward(layer, grad_THD, *tape.rope).flatten(1)

        normed_heads = self._normed_heads(layer, grad_To)
        for (norm, grad_TXD), kept in zip(normed_heads, heads_tape.unnormed, strict=True):
            grad_YD = grad_TXD.flatten(0, 1)
            grad_YD = self.ops.rms_norm_backward(norm, *kept, grad_YD)
            grad_TXD.copy_(grad_YD.view_as(grad_TXD))
        return grad_To

    def rope(self, x_Td: Tensor, positions_T: Tensor) -> tuple[Tensor, Tensor]:
        """Cosines, and sines with the sign of their half, of every token, (T, D)."""
        angles = self.base_model.rotary_emb(x_Td[None], positions_T[None])
        # OLMo 2 gives them in float32, whatever its number format is
        cos_TD, sin_TD = (angles_1TD[0].to(x_Td.dtype) for angles_1TD in angles)
        first_half, second_half = sin_TD.chunk(2, -1)
        return cos_TD, torch.cat([-first_half, second_half], -1)

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
