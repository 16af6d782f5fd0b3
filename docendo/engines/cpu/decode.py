"""Sampling with compiled functions between the large matrix products; the rest is `LlamaStack`'s.

Axes: B rows of one new token each, or tokens of prompts, d hidden size, f inner size of the
feed-forward part, H + 2K heads of size D, i inputs and o outputs of a projection, V vocabulary.
"""

from ctypes import CDLL, byref
from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor

from docendo.engines.cpu.calls import (
    StepCalls,
    adapter_update,
    head_calls,
    layer_cache,
    layer_calls,
)
from docendo.engines.cpu.structs import Batch, HeadSizes
from docendo.engines.lora.linear import Projection
from docendo.engines.lora.routing import Routing
from docendo.engines.model.attention import AttentionPlan, TreeAttention
from docendo.engines.model.kv_cache import DecodePlan
from docendo.engines.model.layers import Layer
from docendo.engines.model.llama import LlamaStack, Tape
from docendo.engines.model.ops import RMSNorm

__all__ = ["CpuStack", "sample_tokens_compiled"]

# What the functions of `kernels.c` work on at once, under the names they have there.
_WIDE = 16
"""Numbers in a vector."""
_TOGETHER = 4
"""Rows of one agent."""
_ABREAST = 8
"""Rows of one prompt."""
_BLOCK = 128
"""Logits whose weights are added up first."""


@dataclass(frozen=True)
class CpuStack:
    """A `DecoderStack` that samples by compiled functions and trains as `LlamaStack` does."""

    llama: LlamaStack
    library: CDLL
    thread_safe: ClassVar[bool] = True

    @property
    def projections(self) -> list[Projection]:
        return self.llama.projections

    def record(
        self,
        ids_T: Tensor,
        positions_T: Tensor,
        routing: Routing,
        tree: TreeAttention,
    ) -> tuple[Tensor, Tape]:
        """Hidden states behind the last layer, (T, d), and a tape for one `backward`."""
        return self.llama.record(ids_T, positions_T, routing, tree)

    def backward(self, tape: Tape, grad_Td: Tensor, part: int) -> None:
        """Adds the gradients of the adapters to those of the part, and empties the tape."""
        self.llama.backward(tape, grad_Td, part)

    def infer(
        self,
        ids_T: Tensor,
        positions_T: Tensor,
        routing: Routing,
        plan: AttentionPlan,
    ) -> Tensor:
        """Hidden states behind the last layer, (T, d)."""
        # The functions use one thread. With several, prompts, which are large products, are faster
        # by PyTorch; a step of one token a row is not.
        is_step = isinstance(plan, DecodePlan)
        if not is_step and torch.get_num_threads() > 1:
            return self.llama.infer(ids_T, positions_T, routing, plan)
        return _Pass(self, routing, plan).run(ids_T, positions_T)


def sample_tokens_compiled(
    library: CDLL,
    logits_BV: Tensor,
    temperatures_B: Tensor,
    uniform_B: Tensor,
) -> tuple[Tensor, Tensor]:
    """The same as `sampling.sample_tokens`."""
    logits_BV = logits_BV.contiguous()
    temperatures_B, uniform_B = temperatures_B.float(), uniform_B.double()
    # -1 and NaN show where the function wrote nothing
    rows, vocabulary = logits_BV.shape
    tokens_B = torch.full((rows,), -1)
    logprobs_B = torch.full((rows,), float("nan"))
    block_sums = torch.empty(-(-vocabulary // _BLOCK), dtype=torch.double)

    library.draw(
        logits_BV.data_ptr(),
        rows,
        vocabulary,
        temperatures_B.data_ptr(),
        uniform_B.data_ptr(),
        block_sums.data_ptr(),
        tokens_B.data_ptr(),
        logprobs_B.data_ptr(),
    )
    return tokens_B, logprobs_B


class _Pass:
    """The calls of one pass, and the memory they work in."""

    def __init__(self, stack: CpuStack, routing: Routing, plan: AttentionPlan) -> None:
        self.llama = stack.llama
        self.library = stack.library
        self.heads = stack.llama.heads
        self.routing = routing
        self.plan = plan
        # the records hold addresses alone, so the tensors are kept beside them
        self.slots_B = routing.slots_T
        self.scratch = torch.empty(self._scratch_size())
        self.batch = Batch(
            len(self.slots_B),
            self.slots_B.data_ptr(),
            self.scratch.data_ptr(),
        )
        self.sizes = HeadSizes(*self.heads[:4])

    def _scratch_size(self) -> int:
        """Floats that the functions need, as the comments in `kernels.c` count them."""
        max_low = max(p.a_SCd.shape[1] for p in self.llama.projections)
        for_updates = _TOGETHER * max_low
        if not isinstance(self.plan, DecodePlan):
            return for_updates

        size = self.heads.size
        columns = self.plan.width + self.plan.cache.answers[0].shape[3]
        per_row = self.heads.group * (size + columns + _WIDE)
        return max(for_updates, _ABREAST * per_row + _WIDE * size)

    def run(self, ids_B: Tensor, positions_B: Tensor) -> Tensor:
        """Hidden states behind the last layer, (B, d)."""
        layers = self.llama.layers
        x_Bd = self.llama.base_model.embed_tokens(ids_B)
        # fresh memory may hold an earlier answer; NaN shows where a function wrote nothing
        normed_Bd = torch.full_like(x_Bd, float("nan"))
        self._norm(x_Bd, layers[0].attention.norm, normed_Bd)

        if isinstance(self.plan, DecodePlan):
            rope = self.llama.rope(x_Bd, positions_B)
            attend = self._attend
            calls = layer_calls(self.llama, self.plan)
            if calls is not None:
                self._run_layers(calls, x_Bd, normed_Bd, rope)
                return normed_Bd
        else:
            rope = self.llama.head_rope(x_Bd, positions_B)
            attend = self._attend_prompts

        # layer by layer: PyTorch's products of the base, and a function for each gap between them
        norms = self.llama.following_norms
        for i, (layer, following_norm) in enumerate(zip(layers, norms, strict=True)):
            attended_Bo = attend(i, layer, normed_Bd, rope)
            self._join(layer.attention.last, attended_Bo, x_Bd, layer.mlp.norm, normed_Bd)
            inner_Bf = self._gate(layer.mlp.first, normed_Bd)
            self._join(layer.mlp.last, inner_Bf, x_Bd, following_norm, normed_Bd)
        return normed_Bd

    def _run_layers(
        self,
        calls: StepCalls,
        x_Bd: Tensor,
        normed_Bd: Tensor,
        rope: tuple[Tensor, Tensor],
    ) -> None:
        """All layers in one call; it overwrites `x_Bd` and `normed_Bd`."""
        # ctypes lets go of Python's lock for the whole step, so that workers run side by side
        outputs_Bo = x_Bd.new_empty(len(x_Bd), calls.max_outputs)
        inputs_Bi = x_Bd.new_empty(len(x_Bd), calls.max_inputs)
        cos_BD, sin_BD = rope

        self.library.run_layers(
            byref(self.batch),
            calls.layers,
            len(self.llama.layers),
            cos_BD.data_ptr(),
            sin_BD.data_ptr(),
            byref(self.sizes),
            x_Bd.data_ptr(),
            normed_Bd.data_ptr(),
            outputs_Bo.data_ptr(),
            inputs_Bi.data_ptr(),
        )

    def _norm(self, x_Bd: Tensor, norm: RMSNorm, normed_Bd: Tensor) -> None:
        """Writes the normalisation of x to `normed_Bd`."""
        # `join` without a projection to add
        self.library.join(
            byref(self.batch),
            None,
            None,
            None,
            x_Bd.data_ptr(),
            norm.weight_d.data_ptr(),
            norm.epsilon,
            normed_Bd.data_ptr(),
            x_Bd.shape[1],
        )

    def _join(
        self,
        projection: Projection,
        input_Bi: Tensor,
        x_Bd: Tensor,
        norm: RMSNorm,
        normed_Bd: Tensor,
    ) -> None:
        """Adds the projection of the input to x, and writes its normalisation."""
        base_Bd = projection.base(input_Bi)

        self.library.join(
            byref(self.batch),
            byref(adapter_update(projection)),
            input_Bi.data_ptr(),
            base_Bd.data_ptr(),
            x_Bd.data_ptr(),
            norm.weight_d.data_ptr(),
            norm.epsilon,
            normed_Bd.data_ptr(),
            x_Bd.shape[1],
        )

    def _attend_prompts(
        self,
        number: int,
        layer: Layer,
        normed_Bd: Tensor,
        rope: tuple[Tensor, Tensor],
    ) -> Tensor:
        """Attention over prompts: large products, which PyTorch does well."""
        qkv_Bo = layer.attention.first.infer(normed_Bd, self.routing)
        return self.plan(number, self.llama.turn(layer, qkv_Bo, rope))

    def _attend(
        self,
        number: int,
        layer: Layer,
        normed_Bd: Tensor,
        rope: tuple[Tensor, Tensor],
    ) -> Tensor:
        """Attention of one new token for every row, which also stores its keys and values."""
        assert isinstance(self.plan, DecodePlan)  # noqa: S101
        projection = layer.attention.first
        base_Bo = projection.base(normed_Bd)
        attended_Bo = base_Bo.new_empty(len(base_Bo), self.heads.query * self.heads.size)
        cos_BD, sin_BD = rope

        self.library.attend(
            byref(self.batch),
            byref(adapter_update(projection)),
            normed_Bd.data_ptr(),
            base_Bo.data_ptr(),
            cos_BD.data_ptr(),
            sin_BD.data_ptr(),
            byref(self.sizes),
            byref(head_calls(layer)),
            byref(layer_cache(self.plan, number)),
            attended_Bo.data_ptr(),
        )
        return attended_Bo

    def _gate(self, projection: Projection, normed_Bd: Tensor) -> Tensor:
        """SwiGLU of the projection."""
        base_Bo = projection.base(normed_Bd)
        inner_Bf = base_Bo.new_empty(len(base_Bo), base_Bo.shape[1] // 2)

        self.library.gate(
            byref(self.batch),
            byref(adapter_update(projection)),
            normed_Bd.data_ptr(),
            base_Bo.data_ptr(),
            inner_Bf.data_ptr(),
        )
        return inner_Bf
