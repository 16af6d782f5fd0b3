"""What the compiled functions are told of a model's layers: where its matrices, adapters, keys and values stand.

Telling takes longer than some of the functions do, so it is kept for as long as it is true.
"""

from ctypes import Array
from typing import NamedTuple

from torch import Tensor

from docendo.engines.cpu.library import Cache, LayerCall, ProjectionCall, Update
from docendo.engines.cpu.products import Panels
from docendo.engines.lora.linear import Projection
from docendo.engines.model.kv_cache import DecodePlan
from docendo.engines.model.llama import Layer, LlamaStack
from docendo.engines.model.ops import RMSNorm

__all__ = ["StepCalls", "cache_of", "layer_calls", "update_of"]


class StepCalls(NamedTuple):
    """All layers of a step."""

    layers: Array[LayerCall]
    outputs: int
    """The most of any projection."""
    inputs: int
    places: tuple[int, ...]
    """Where all that may move stood."""


def layer_calls(fused: LlamaStack, plan: DecodePlan) -> StepCalls | None:
    """For one call that does all layers; None where some matrix is not in panels."""
    projections = fused.projections
    if not all(isinstance(p.packed, Panels) for p in projections):
        return None
    places = tuple(t.data_ptr() for t in _moving(projections, plan))
    if isinstance(plan.calls, StepCalls) and plan.calls.places == places:
        return plan.calls
    calls = [
        _layer(i, layer, norm, plan)
        for i, (layer, norm) in enumerate(zip(fused.layers, fused.after, strict=True))
    ]
    outputs, inputs = (
        max(p.offsets[-1] for p in projections),
        max(p.a_SCd.shape[2] for p in projections),
    )
    plan.calls = StepCalls((LayerCall * len(calls))(*calls), outputs, inputs, places)
    return plan.calls


def update_of(projection: Projection) -> Update:
    a, b = projection.a_SCd, projection.b_SCo
    sizes = a.shape[2], len(projection.members), projection.rank
    return Update(a.data_ptr(), b.data_ptr(), *sizes, tuple(projection.offsets))


def cache_of(plan: DecodePlan, layer: int) -> Cache:
    prompts, answers = plan.store.prompts[layer], plan.store.answers[layer]
    whole = (prompts, answers, plan.prompt_B, plan.length_B, plan.column_B)
    return Cache(
        *(t.data_ptr() for t in whole), prompts.shape[1], prompts.shape[3], answers.shape[3]
    )


def _moving(projections: list[Projection], plan: DecodePlan) -> list[Tensor]:
    """New agents move the adapters; more or longer answers, keys and values."""
    return (
        [t for p in projections for t in (p.a_SCd, p.b_SCo)]
        + plan.store.prompts
        + plan.store.answers
    )


def _layer(number: int, layer: Layer, after: RMSNorm, plan: DecodePlan) -> LayerCall:
    called = [_projection(p) for p in (layer.qkv, layer.out, layer.gate_up, layer.down)]
    weights = layer.middle.weight_d.data_ptr(), after.weight_d.data_ptr()
    return LayerCall(
        *called, *weights, layer.middle.epsilon, after.epsilon, cache_of(plan, number)
    )


def _projection(projection: Projection) -> ProjectionCall:
    packed, bias = projection.packed, projection.bias_o
    assert isinstance(packed, Panels)  # noqa: S101
    return ProjectionCall(
        packed.panels.data_ptr(),
        None if bias is None else bias.data_ptr(),
        update_of(projection),
    )
