"""The layers of models of the Llama form, seen from the names of their parts.

Axes: T tokens of the batch, d hidden size, o outputs of a projection, H heads of size D.
"""

from typing import Any, NamedTuple

import torch
from torch import Tensor

from docendo.engines.lora.linear import Projection
from docendo.engines.model.ops import RMSNorm

__all__ = ["Half", "Layer", "read_layer", "read_norm", "rotate", "rotate_backward"]


class Half(NamedTuple):
    """Attention or the feed-forward part of a layer: x + f(norm(x)), with f between two products."""

    norm: RMSNorm
    first: Projection
    last: Projection
    norm_is_last: bool = False
    """x + norm(f(x)), as in OLMo 2 (2025)."""

    def norm_first(self, x_Td: Tensor) -> Tensor:
        return x_Td if self.norm_is_last else self.norm.infer(x_Td)

    def norm_last(self, x_Td: Tensor) -> Tensor:
        return self.norm.infer(x_Td) if self.norm_is_last else x_Td


class Layer(NamedTuple):
    """The parts of one layer, in the order of the forward pass."""

    attention: Half
    mlp: Half
    head_norms: tuple[RMSNorm, ...] = ()
    """Of queries and of keys: each head as in Qwen 3 (2025), or all together as in OLMo 2."""
    is_turned: bool = True
    """Whether queries and keys have rotary embeddings: not in all layers of SmolLM3 (2025)."""


def read_layer(layer: Any) -> Layer:
    """Raises AttributeError where the layer has other parts."""
    if getattr(layer, "residual_multiplier", 1) != 1:
        raise AttributeError("the layer does more than a Llama's")

    attention, mlp = layer.self_attn, layer.mlp
    norm_is_last = not hasattr(layer, "input_layernorm")
    if norm_is_last:
        norms = (layer.post_attention_layernorm, layer.post_feedforward_layernorm)
    else:
        norms = (layer.input_layernorm, layer.post_attention_layernorm)
    # two layers that are one already, as in Phi-3, have one adapter
    qkv = _read_projection(attention, "qkv_proj", "q_proj", "k_proj", "v_proj")
    gate_up = _read_projection(mlp, "gate_up_proj", "gate_proj", "up_proj")
    head_norms: tuple[RMSNorm, ...] = ()
    if hasattr(attention, "q_norm"):
        head_norms = (read_norm(attention.q_norm), read_norm(attention.k_norm))

    return Layer(
        Half(read_norm(norms[0]), qkv, Projection([attention.o_proj]), norm_is_last),
        Half(read_norm(norms[1]), gate_up, Projection([mlp.down_proj]), norm_is_last),
        head_norms,
        is_turned=bool(getattr(attention, "use_rope", True)),
    )


def _read_projection(module: Any, joint: str, *names: str) -> Projection:
    """The layer of the joint name, or all of the others as one."""
    names = (joint,) if hasattr(module, joint) else names
    return Projection([getattr(module, name) for name in names])


def read_norm(module: Any) -> RMSNorm:
    return RMSNorm(module.weight.detach(), float(module.variance_epsilon))


def rotate(layer: Layer, qkv_To: Tensor, cos_THD: Tensor, sin_THD: Tensor) -> Tensor:
    """Rotary position embedding (Su et al. 2021) of queries and keys."""
    x_THD = qkv_To.view(cos_THD.shape)
    if not layer.is_turned:
        return x_THD

    # Hugging Face pairs number i with i + D/2, not with its neighbour as the paper does; the two
    # differ by a permutation of the weights. The signs of the pairs are in the sines.
    half_turned_THD = x_THD.roll(cos_THD.shape[-1] // 2, -1)
    return torch.addcmul(x_THD * cos_THD, half_turned_THD, sin_THD)


def rotate_backward(
    layer: Layer, grad_THD: Tensor, cos_THD: Tensor, sin_THD: Tensor
) -> Tensor:
    """The transpose of `rotate`. Turning by half is its own inverse."""
    if not layer.is_turned:
        return grad_THD

    turned_THD = grad_THD * sin_THD
    half_turned_THD = turned_THD.roll(cos_THD.shape[-1] // 2, -1)
    return half_turned_THD.addcmul_(grad_THD, cos_THD)
