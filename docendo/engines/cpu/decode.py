"""Sampling with compiled functions between the large matrix products; all else is `Fused`'s.

Axes: B rows of one new token each, or tokens of prompts, d hidden size, f inner size of the feed-forward part,
H + 2K heads of size D, i inputs of a projection and o its outputs.
"""

from ctypes import CDLL, byref
from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor

from docendo.engines.cpu.calls import StepCalls, cache_of, layer_calls, update_of
from docendo.engines.cpu.library import Batch, HeadSizes
from docendo.engines.lora.linear import Projection
from docendo.engines.lora.routing import Routing
from docendo.engines.model.attention import AttentionPlan, Heads, TreeAttention
from docendo.engines.model.kv_cache import DecodePlan
from docendo.engines.model.llama import LlamaStack, Tape, rotate
from docendo.engines.model.ops import RMSNorm

__all__ = ["CpuStack", "sample_tokens_compiled"]

_WIDE, _TOGETHER, _ABREAST, _BLOCK = 16, 4, 8, 128
"""What the functions work on at once, as in `kernels.c`: numbers, rows of one agent, rows of one prompt, and logits
whose weights are added up."""


@dataclass(frozen=True)
class CpuStack:
    fused: LlamaStack
    library: CDLL
    thread_safe: ClassVar[bool] = True

    @property
    def heads(self) -> Heads:
        return self.fused.heads

    @property
    def projections(self) -> list[Projection]:
        return self.fused.projections

    def record(
        self, ids_T: Tensor, positions_T: Tensor, routing: Routing, tree: TreeAttention
    ) -> tuple[Tensor, Tape]:
        """Hidden states behind the last layer, (T, d), and what `back` needs."""
        return self.fused.record(ids_T, positions_T, routing, tree)

    def backward(self, tape: Tape, grad_Td: Tensor, part: int) -> None:
        """Adds the gradients of the adapters to those of the part, and empties the tape."""
        self.fused.backward(tape, grad_Td, part)

    def infer(
        self, ids_T: Tensor, positions_T: Tensor, routing: Routing, plan: AttentionPlan
    ) -> Tensor:
        """Hidden states behind the last layer, (T, d)."""
        if (
            not isinstance(plan, DecodePlan) and torch.get_num_threads() > 1
        ):  # which the functions do not use
            return self.fused.infer(ids_T, positions_T, routing, plan)
        return _Pass(self, routing, plan).run(ids_T, positions_T)


def sample_tokens_compiled(
    library: CDLL, logits_BV: Tensor, temperatures_B: Tensor, uniform_B: Tensor
) -> tuple[Tensor, Tensor]:
    """As `sampling.pick`."""
    logits_BV, (rows, count) = logits_BV.contiguous(), logits_BV.shape
    tokens_B, logprobs_B = torch.full((rows,), -1), torch.full((rows,), float("nan"))
    sums = torch.empty(-(-count // _BLOCK), dtype=torch.double)
    others = temperatures_B.float(), uniform_B.double(), sums, tokens_B, logprobs_B
    library.draw(logits_BV.data_ptr(), rows, count, *(x.data_ptr() for x in others))
    return tokens_B, logprobs_B


class _Pass:
    """The calls of one pass, and what they work on."""

    def __init__(self, body: CpuStack, routing: Routing, plan: AttentionPlan) -> None:
        self.fused, self.library, self.heads = body.fused, body.library, body.heads
        self.routing, self.plan = routing, plan
        room = _TOGETHER * max(p.a_SCd.shape[1] for p in self.fused.projections)
        if isinstance(plan, DecodePlan):
            columns, g, size = (
                plan.width + plan.store.answers[0].shape[3],
                self.heads.group,
                self.heads.size,
            )
            room = max(room, _ABREAST * g * (size + columns + _WIDE) + _WIDE * size)
        self.scratch, self.slots_B = torch.empty(room), routing.slots_T
        self.batch = Batch(
            len(self.slots_B), self.slots_B.data_ptr(), self.scratch.data_ptr()
        )
        self.sizes = HeadSizes(*self.heads)

    def run(self, ids_B: Tensor, positions_B: Tensor) -> Tensor:
        layers = self.fused.layers
        x_Bd = self.fused.body.embed_tokens(ids_B)
        one_token = isinstance(self.plan, DecodePlan)
        tables = (
            self.fused.rope(x_Bd, positions_B)
            if one_token
            else self.fused.tables(x_Bd, positions_B)
        )
        normed_Bd = torch.full_like(
            x_Bd, float("nan")
        )  # fresh memory may hold another body's answer
        self._norm(x_Bd, layers[0].before, normed_Bd)
        if isinstance(self.plan, DecodePlan) and (
            calls := layer_calls(self.fused, self.plan)
        ):
            self._all(calls, x_Bd, normed_Bd, tables)
            return normed_Bd
        for i, (layer, after) in enumerate(zip(layers, self.fused.after, strict=True)):
            attend = self._attend if one_token else self._read
            attended_Bo = attend(i, layer.qkv, normed_Bd, tables)
            self._join(layer.out, attended_Bo, x_Bd, layer.middle, normed_Bd)
            inner_Bf = self._gate(layer.gate_up, normed_Bd)
            self._join(layer.down, inner_Bf, x_Bd, after, normed_Bd)
        return normed_Bd

    def _all(
        self,
        calls: StepCalls,
        x_Bd: Tensor,
        normed_Bd: Tensor,
        tables: tuple[Tensor, Tensor],
    ) -> None:
        """All layers in one call."""
        y_Bo, found_Bi = (
            x_Bd.new_empty(len(x_Bd), width) for width in (calls.outputs, calls.inputs)
        )
        given = tuple(t.data_ptr() for t in (*tables, x_Bd, normed_Bd, y_Bo, found_Bi))
        sizes, number = byref(self.sizes), len(self.fused.layers)
        self.library.run_layers(
            byref(self.batch), calls.layers, number, *given[:2], sizes, *given[2:]
        )

    def _norm(self, x_Bd: Tensor, norm: RMSNorm, into_Bd: Tensor) -> None:
        weight, x, into = (t.data_ptr() for t in (norm.weight_d, x_Bd, into_Bd))
        self.library.join(
            byref(self.batch),
            None,
            None,
            None,
            x,
            weight,
            norm.epsilon,
            into,
            x_Bd.shape[1],
        )

    def _join(
        self,
        projection: Projection,
        from_Bi: Tensor,
        x_Bd: Tensor,
        norm: RMSNorm,
        into_Bd: Tensor,
    ) -> None:
        """x += the projection of `from_Bi`, and its normalisation."""
        y_Bd = projection.base(from_Bi)
        given, y, x, weight, into = (
            t.data_ptr() for t in (from_Bi, y_Bd, x_Bd, norm.weight_d, into_Bd)
        )
        update = byref(update_of(projection))
        self.library.join(
            byref(self.batch),
            update,
            given,
            y,
            x,
            weight,
            norm.epsilon,
            into,
            x_Bd.shape[1],
        )

    def _read(
        self,
        layer: int,
        projection: Projection,
        from_Bd: Tensor,
        tables: tuple[Tensor, Tensor],
    ) -> Tensor:
        """Attention over prompts: large products, which PyTorch does well."""
        return self.plan(layer, rotate(projection.infer(from_Bd, self.routing), *tables))

    def _attend(
        self,
        layer: int,
        projection: Projection,
        from_Bd: Tensor,
        tables: tuple[Tensor, Tensor],
    ) -> Tensor:
        y_Bo, plan = projection.base(from_Bd), self.plan
        assert isinstance(plan, DecodePlan)  # noqa: S101
        out_Bo = y_Bo.new_empty(len(y_Bo), self.heads.query * self.heads.size)
        cache = cache_of(plan, layer)
        given, y, cos, sin, out = (t.data_ptr() for t in (from_Bd, y_Bo, *tables, out_Bo))
        update = byref(update_of(projection))
        self.library.attend(
            byref(self.batch),
            update,
            given,
            y,
            cos,
            sin,
            byref(self.sizes),
            byref(cache),
            out,
        )
        return out_Bo

    def _gate(self, projection: Projection, from_Bd: Tensor) -> Tensor:
        y_Bo = projection.base(from_Bd)
        inner_Bf = y_Bo.new_empty(len(y_Bo), y_Bo.shape[1] // 2)
        given, y, inner = (t.data_ptr() for t in (from_Bd, y_Bo, inner_Bf))
        self.library.gate(byref(self.batch), byref(update_of(projection)), given, y, inner)
        return inner_Bf
