"""Products with the base's matrices in panels: exact where floats are, and a row never depends on the others."""

import ctypes
from types import SimpleNamespace

import pytest
import torch
from torch import Tensor

from docendo.engines.cpu import decode as compiled
from docendo.engines.cpu.calls import StepCalls
from docendo.engines.cpu.decode import CpuStack
from docendo.engines.cpu.library import load_kernels
from docendo.engines.cpu.products import Panels, pack_panels, prepack
from docendo.engines.cpu.selfcheck import Probe, random_layer
from docendo.engines.local.capacity import DecodingLimits
from docendo.engines.local.decoding import RunningBatch
from docendo.engines.local.engine import LocalEngine
from docendo.engines.local.model_names import TINY
from docendo.engines.local.workers import Workers
from docendo.engines.lora.batch_invariant import batch_invariant_linear, input_gradient
from docendo.engines.model.blocks import Heads
from docendo.records import AgentId
from tests.engines.toys import AGENTS, ALPHA, CPU, RANK, ask, open_toy, wake

LIBRARY = load_kernels(torch.bfloat16)
needs_pairs = pytest.mark.skipif(
    LIBRARY is None or not LIBRARY.panel_width() or Workers.for_device(CPU).threads > 1,
    reason="no compiler, a processor that libraries serve better, or more cores than lanes",
)
SHAPES = [(1, 2), (31, 34), (32, 64), (70, 576), (97, 2050), (64, 4100)]
"""(o, d): less than a panel, more than one, and more inputs than are summed up at once."""


def whole(*shape: int, seed: int) -> Tensor:
    """Small whole numbers, whose sums of products float32 holds exactly."""
    return torch.randint(
        -3, 4, shape, generator=torch.Generator().manual_seed(seed)
    ).bfloat16()


def packed(weight_od: Tensor) -> Panels:
    assert LIBRARY is not None
    found = pack_panels(weight_od, LIBRARY)
    assert found is not None
    return found


@needs_pairs
@pytest.mark.parametrize("rows", [1, 2, 11, 12, 13, 25, 265, 800])
@pytest.mark.parametrize(("outputs", "inputs"), SHAPES)
def test_whole_numbers_are_multiplied_exactly(outputs: int, inputs: int, rows: int) -> None:
    weight, x, bias = (
        whole(outputs, inputs, seed=0),
        whole(rows, inputs, seed=1),
        whole(outputs, seed=2),
    )
    panels = packed(weight)
    exact = x.float() @ weight.float().T
    assert torch.equal(panels.linear(x, None), exact.bfloat16())
    assert torch.equal(panels.linear(x, bias), (exact + bias.float()).bfloat16())


@needs_pairs
@pytest.mark.parametrize("rows", [1, 13, 500, 800])
@pytest.mark.parametrize(
    ("outputs", "inputs"), [*SHAPES, (1026, 100), (2050, 98), (33, 64)]
)
def test_whole_numbers_are_multiplied_exactly_in_the_backward_pass(
    outputs: int, inputs: int, rows: int
) -> None:
    """With an odd number of outputs too, which PyTorch multiplies."""
    weight, y = whole(outputs, inputs, seed=0), whole(rows, outputs, seed=1)
    assert torch.equal(
        packed(weight).input_gradient(y), (y.float() @ weight.float()).bfloat16()
    )


@needs_pairs
def test_a_compiled_product_row_is_bit_identical_alone_and_in_a_batch() -> None:
    generator = torch.Generator().manual_seed(0)
    weight, x = (torch.randn(n, 576, generator=generator).bfloat16() for n in (200, 300))
    panels = packed(weight)
    together = panels.linear(x, None)
    for start, stop in ((0, 1), (5, 17), (7, 40), (260, 300)):
        assert torch.equal(panels.linear(x[start:stop], None), together[start:stop])


@needs_pairs
def test_a_nan_stays_in_its_row_of_a_product() -> None:
    weight, x = whole(64, 32, seed=0), whole(20, 32, seed=1)
    x[3, 5] = float("nan")
    got, back = (
        packed(weight).linear(x, None),
        packed(whole(32, 64, seed=0)).input_gradient(x),
    )
    for found in (got, back):
        assert found[3].isnan().all()
        assert found[[i for i in range(20) if i != 3]].isfinite().all()


@needs_pairs
def test_rows_that_are_not_contiguous_are_multiplied_correctly() -> None:
    weight, wide = whole(40, 32, seed=0), whole(10, 64, seed=1)
    exact = wide[:, :32].float() @ weight.float().T
    assert torch.equal(
        batch_invariant_linear(wide[:, :32], weight, None, packed(weight)), exact.bfloat16()
    )
    assert torch.equal(
        input_gradient(wide[:, :40], weight, packed(weight)), (wide[:, :40] @ weight)
    )


def no_product(
    _x: int, rows: int, _inputs: int, _panels: int, outputs: int, _bias: None, y: int
) -> None:
    ctypes.memset(y, 0, 2 * rows * outputs)


@pytest.mark.parametrize("width", [0, 32])
def test_wrong_or_missing_compiled_products_are_not_used(width: int) -> None:
    wrong = SimpleNamespace(
        panel_width=lambda: width, pack=lambda *_: None, multiply=no_product
    )
    assert not isinstance(prepack(whole(64, 32, seed=0), wrong), Panels)  # type: ignore[arg-type]


@needs_pairs
@pytest.mark.parametrize(
    "heads", [Heads(9, 3, 64, 0.125), Heads(2, 1, 128, 0.1), Heads(4, 4, 20, 0.2)]
)
def test_all_layers_in_one_call_give_the_same_bits_as_one_call_per_gap(
    heads: Heads, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With biases, four agents and the bare base."""
    assert LIBRARY is not None
    fused = random_layer(heads, torch.bfloat16)
    for projection in fused.projections:
        projection.bias_o = torch.linspace(-1, 1, projection.offsets[-1]).bfloat16()
        projection.packed = prepack(projection.weight_od, LIBRARY)
    probe, body = (
        Probe(1, heads, torch.zeros(0, dtype=torch.bfloat16), (4, 0, 1, 2)),
        CpuStack(fused, LIBRARY),
    )
    with torch.inference_mode():
        plan = probe.read(fused)
        together = [probe.step(body, plan, column) for column in range(20)]
        assert isinstance(plan.calls, StepCalls), "it was one call"
        monkeypatch.setattr(compiled, "layer_calls", lambda fused, plan: None)
        plan = probe.read(fused)
        assert all(
            torch.equal(probe.step(body, plan, column), wanted)
            for column, wanted in enumerate(together)
        )


@needs_pairs
def test_matrices_of_unsupported_shape_or_type_use_torch_products() -> None:
    for weight in (whole(64, 33, seed=0), whole(64, 32, seed=0).float()):
        assert not isinstance(prepack(weight, LIBRARY), Panels)


@needs_pairs
def test_adding_an_agent_during_sampling_changes_no_answer() -> None:
    """Its adapter moves those of all agents in memory."""

    def opened() -> LocalEngine:
        engine = open_toy(TINY, RANK, ALPHA, torch.bfloat16, CPU, compiled=True)
        for agent in AGENTS:
            engine.bank.add(agent, 1)
            wake(engine, agent)
        return engine

    answers = []
    with torch.inference_mode():
        for come in (False, True):
            engine = opened()
            assert Workers.for_device(CPU).threads > 1 or all(
                isinstance(p.packed, Panels) for p in engine.bank.projections
            )
            rows = [
                engine.prepare(ask(AGENTS[i % 3], "why?", seed=i, max_tokens=9))
                for i in range(6)
            ]
            flight = RunningBatch(
                engine.network, rows, frozenset(), DecodingLimits(6, 10_000, 1000)
            )
            flight.admit()
            for step in range(8):
                if come and step == 4:
                    for number in range(20):
                        engine.bank.add(AgentId(f"new-{number}"), number)
                flight.step()
            answers.append([result.tokens for result in flight.results])
    assert answers[0] == answers[1]
