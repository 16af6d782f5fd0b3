"""The arguments of compiled functions: where matrices, adapters, keys and values are in memory.

Collecting them takes longer than some of the functions run, so they are kept while they hold.
"""

from ctypes import Array
from typing import NamedTuple

from docendo.engines.cpu.products import Panels
from docendo.engines.cpu.structs import Cache, HeadCalls, LayerCall, ProjectionCall, Update
from docendo.engines.lora.linear import Projection
from docendo.engines.model.kv_cache import DecodePlan
from docendo.engines.model.layers import Layer
from docendo.engines.model.llama import LlamaStack
from docendo.engines.model.ops import RMSNorm

__all__ = ["StepCalls", "adapter_update", "head_calls", "layer_cache", "layer_calls"]


class StepCalls(NamedTuple):
    """The arguments of one step through all layers."""

    layers: Array[LayerCall]
    max_outputs: int
    """The most of any projection."""
    max_inputs: int
    addresses: tuple[int, ...]
    """Of all tensors that may move between steps."""


def layer_calls(llama: LlamaStack, plan: DecodePlan) -> StepCalls | None:
    """For the one call that computes all layers; None where a matrix is not in panels."""
    projections = llama.projections
    if not all(isinstance(projection.packed, Panels) for projection in projections):
        return None

    # adapters that only changed their numbers stay where they are
    addresses = _movable_addresses(projections, plan)
    if isinstance(plan.calls, StepCalls) and plan.calls.addresses == addresses:
        return plan.calls

    # each layer also writes the normalisation that the next one reads
    norms = llama.following_norms
    calls: list[LayerCall] = []
    for layer, norm in zip(llama.layers, norms, strict=True):
        calls.append(_layer_call(layer, norm, layer_cache(plan, len(calls))))
    plan.calls = StepCalls(
        layers=(LayerCall * len(calls))(*calls),
        max_outputs=max(p.offsets[-1] for p in projections),
        max_inputs=max(p.a_SCd.shape[2] for p in projections),
        addresses=addresses,
    )
    return plan.calls


def adapter_update(projection: Projection) -> Update:
    return Update(
        projection.a_SCd.data_ptr(),
        projection.b_SCo.data_ptr(),
        projection.a_SCd.shape[2],
        len(projection.members),
        projection.rank,
        tuple(projection.offsets),
    )


def layer_cache(plan: DecodePlan, layer: int) -> Cache:
    """The keys and values of one layer."""
    prompts, answers = plan.cache.prompts[layer], plan.cache.answers[layer]
    return Cache(
        prompts.data_ptr(),
        answers.data_ptr(),
        plan.prompt_B.data_ptr(),
        plan.length_B.data_ptr(),
        plan.column_B.data_ptr(),
        prompts.shape[1],
        prompts.shape[3],
        answers.shape[3],
    )


def head_calls(layer: Layer) -> HeadCalls:
    """What a layer does to queries and keys before they meet."""
    norms = layer.head_norms
    return HeadCalls(
        tuple(norm.weight_d.data_ptr() for norm in norms),
        tuple(len(norm.weight_d) for norm in norms),
        tuple(norm.epsilon for norm in norms),
        layer.is_turned,
    )


def _movable_addresses(projections: list[Projection], plan: DecodePlan) -> tuple[int, ...]:
    """New agents move the adapters; more or longer answers move keys and values."""
    tensors = [*plan.cache.prompts, *plan.cache.answers]
    for projection in projections:
        tensors += (projection.a_SCd, projection.b_SCo)
    return tuple(tensor.data_ptr() for tensor in tensors)


def _layer_call(layer: Layer, following_norm: RMSNorm, cache: Cache) -> LayerCall:
    return LayerCall(
        _projection_call(layer.attention.first),
        _projection_call(layer.attention.last),
        _projection_call(layer.mlp.first),
        _projection_call(layer.mlp.last),
        layer.mlp.norm.weight_d.data_ptr(),
        following_norm.weight_d.data_ptr(),
        layer.mlp.norm.epsilon,
        following_norm.epsilon,
        head_calls(layer),
        cache,
    )


def _projection_call(projection: Projection) -> ProjectionCall:
    packed, bias_o = projection.packed, projection.bias_o
    assert isinstance(packed, Panels)  # noqa: S101
    bias = None if bias_o is None else bias_o.data_ptr()
    return ProjectionCall(packed.panels.data_ptr(), bias, adapter_update(projection))
