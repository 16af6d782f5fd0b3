"""The engine on the pretended GPU does what it does on the processor."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import partial
from typing import NamedTuple

import pytest

from docendo.engines.local import engine as opening
from docendo.engines.local.engine import LocalEngine
from docendo.engines.model.cuda_graphs import CudaGraphStep, capture_cuda_graph
from docendo.engines.model.network import EagerStep
from docendo.records import Completion, Request
from tests.engines.pretend.cuda import pretend_gpu
from tests.engines.pretend.gpu import CUDA, Gpu
from tests.engines.toys import AGENTS, ask, fresh, vary

STEPPERS = {
    "replayed": partial(CudaGraphStep, capture=capture_cuda_graph),
    "step by step": EagerStep,
}


class Pair(NamedTuple):
    """The same engine on the processor and on the GPU."""

    on_cpu: LocalEngine
    on_gpu: LocalEngine
    gpu: Gpu


@pytest.fixture(scope="module")
def opened() -> Pair:
    with pretend_gpu() as gpu, pytest.MonkeyPatch.context() as patch:
        # each test says how it steps
        patch.setattr(opening, "autotune_step", lambda network, bank, candidate: network)
        on_gpu = fresh(*AGENTS, device=CUDA)
    return Pair(unpacked(fresh(*AGENTS)), on_gpu, gpu)


def unpacked(engine: LocalEngine) -> LocalEngine:
    """The engine without products that are for processors alone, whose last bits differ."""
    for projection in engine.network.stack.projections:
        projection.packed = None
    return vary(engine, network=replace(engine.network, packed_head=None))


@pytest.fixture
def pair(opened: Pair) -> Iterator[Pair]:
    """Shared: sample from it, never change a weight."""
    with pretend_gpu(opened.gpu):
        opened.gpu.reset()
        yield opened
    assert opened.gpu.faults == []


def crowd(count: int, tokens: int = 20) -> list[Request]:
    return [
        ask(AGENTS[i % 3], f"What is {i // 4} plus 2?", 100 + i, tokens)
        for i in range(count)
    ]


def check_same(ours: Sequence[Completion], theirs: Sequence[Completion]) -> None:
    """Equal tokens, and log-probabilities that are equal but for rounding."""
    for one, other in zip(ours, theirs, strict=True):
        assert replace(one, logprobs=()) == replace(other, logprobs=())
        assert one.logprobs == pytest.approx(other.logprobs, abs=1e-5)


@pytest.mark.parametrize("make_stepper", STEPPERS.values(), ids=STEPPERS)
def test_answers_are_those_of_the_processor(pair: Pair, make_stepper) -> None:
    network = replace(pair.on_gpu.network, make_stepper=make_stepper)
    engine = vary(pair.on_gpu, network=network)
    check_same(engine.sample(crowd(12)), pair.on_cpu.sample(crowd(12)))
