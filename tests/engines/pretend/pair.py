"""The same engine on the processor and on the pretended GPU, and how their results compare."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from typing import NamedTuple, TypeVar

import pytest
import torch

from docendo.engines.local import engine as opening
from docendo.engines.local.engine import LocalEngine
from docendo.engines.model.cuda_graphs import CudaGraphStep, capture_cuda_graph
from docendo.engines.model.network import EagerStep, StepperFactory
from docendo.records import Completion, Request
from tests.engines.pretend.cuda import pretend_gpu
from tests.engines.pretend.gpu import CUDA, Gpu
from tests.engines.toys import AGENTS, CPU, ask, vary

__all__ = ["STEPPERS", "Pair", "check_same", "crowd", "open_pair"]

_Result = TypeVar("_Result")

STEPPERS: dict[str, StepperFactory] = {
    "replayed": partial(CudaGraphStep, capture=capture_cuda_graph),
    "step by step": EagerStep,
}


class Pair(NamedTuple):
    on_cpu: LocalEngine
    on_gpu: LocalEngine
    gpu: Gpu

    def both(self, run: Callable[[LocalEngine], _Result]) -> tuple[_Result, _Result]:
        """What both make of it."""
        return run(self.on_gpu), run(self.on_cpu)

    def check_weights(self) -> None:
        """Weights and moments are equal but for rounding."""
        for ours, theirs in zip(*self.both(_state), strict=True):
            torch.testing.assert_close(ours.cpu(), theirs, rtol=1e-4, atol=1e-5)


def open_pair(open_on: Callable[[torch.device], LocalEngine]) -> Pair:
    """An engine opened on both; it decodes step by step."""
    with pretend_gpu() as gpu, pytest.MonkeyPatch.context() as patch:
        patch.setattr(opening, "autotune_step", lambda network, bank, candidate: network)
        on_gpu = open_on(CUDA)
    on_cpu = open_on(CPU)
    # products that are for processors alone have other last bits
    for projection in on_cpu.network.stack.projections:
        projection.packed = None
    return Pair(
        vary(on_cpu, network=replace(on_cpu.network, packed_head=None)), on_gpu, gpu
    )


def _state(engine: LocalEngine) -> list[torch.Tensor]:
    return [engine.bank.weights_SP, engine.adam.mean_SP, engine.adam.square_SP]


def crowd(count: int, tokens: int = 10) -> list[Request]:
    """Four requests a prompt, and three agents in turn."""
    return [
        ask(AGENTS[i % 3], f"What is {i // 4} plus 2?", 100 + i, tokens)
        for i in range(count)
    ]


def check_same(ours: Sequence[Completion], theirs: Sequence[Completion]) -> None:
    """Equal tokens, and log-probabilities that are equal but for rounding."""
    for one, other in zip(ours, theirs, strict=True):
        assert replace(one, logprobs=()) == replace(other, logprobs=())
        assert one.logprobs == pytest.approx(other.logprobs, abs=1e-5)
