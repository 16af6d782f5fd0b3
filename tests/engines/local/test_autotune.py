"""The faster way of stepping is used where it gives the same answers."""

import logging
from collections.abc import Callable
from functools import partial

import pytest
import torch
from torch import Tensor

from docendo.engines.local.autotune import autotune_step, choose_step
from docendo.engines.local.decode_request import DecodeResult
from docendo.engines.model.cuda_graphs import CudaGraphStep
from docendo.engines.model.network import EagerStep, Network
from docendo.records import BASE
from tests.engines.local.test_decoding import crowd
from tests.engines.toys import AGENTS, Recorder, fresh, vary

OTHER = DecodeResult([4], [-2.0])

A, B = DecodeResult([1, 2], [-0.5, -1.0]), DecodeResult([3], [-2.0])
NEAR, FAR = DecodeResult([3], [-2.004]), DecodeResult([3], [-2.1])
OTHER = DecodeResult([4], [-2.0])


def plain_steps(network: Network) -> EagerStep:
    return EagerStep(network)


def other_steps(network: Network) -> EagerStep:
    return EagerStep(network)


def chosen(theirs: list[DecodeResult], seconds: tuple[float, float]) -> bool:
    """Whether the other way is taken when it answers so, and the two need so long."""

    def answers(steps: object) -> list[DecodeResult]:
        return theirs if steps is other_steps else [A, B]

    ticks = iter((0.0, seconds[0], 0.0, seconds[1]))
    return (
        choose_step(plain_steps, other_steps, answers, lambda: next(ticks)) is other_steps
    )


def test_the_faster_of_two_agreeing_steps_is_used(caplog: pytest.LogCaptureFixture) -> None:
    assert chosen([A, NEAR], (2.0, 1.0))
    assert not chosen([A, NEAR], (1.0, 2.0))
    assert caplog.records == []


@pytest.mark.parametrize(
    "theirs", [[A, FAR], [A, OTHER], [A, DecodeResult([3], [float("nan")])]]
)
def test_a_recording_with_other_answers_is_not_used_however_fast(
    theirs: list[DecodeResult], caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING, "docendo"):
        assert not chosen(theirs, (2.0, 1.0))
    assert [r.getMessage() for r in caplog.records] == [
        "decoding by replay gives other answers here; decoding step by step"
    ]


def test_a_failing_recording_is_not_used_with_a_one_line_reason(
    caplog: pytest.LogCaptureFixture,
) -> None:
    def answers(steps: object) -> list[DecodeResult]:
        if steps is other_steps:
            raise RuntimeError(
                "CUDA error: operation not permitted when stream is capturing\nmore\nlines"
            )
        return [A]

    with caplog.at_level(logging.WARNING, "docendo"):
        assert choose_step(plain_steps, other_steps, answers) is plain_steps
    assert [r.getMessage() for r in caplog.records] == [
        "decoding by replay fails here (CUDA error: operation not permitted when stream is capturing); "
        "decoding step by step"
    ]


def test_an_error_in_a_decoding_step_is_raised() -> None:
    def answers(steps: object) -> list[DecodeResult]:
        raise IndexError

    with pytest.raises(IndexError):
        choose_step(plain_steps, other_steps, answers)


def test_autotuning_compares_on_the_loaded_model_and_leaves_no_trace(
    caplog: pytest.LogCaptureFixture,
) -> None:
    engine, untouched, recorder = fresh(), fresh(), Recorder()
    network = autotune_step(
        engine.network, engine.bank, partial(CudaGraphStep, capture=recorder)
    )
    assert recorder.replayed > recorder.recorded > 0
    assert caplog.records == []
    assert network.make_stepper is EagerStep or isinstance(network.make_stepper, partial)
    assert engine.bank.slots == {BASE: 0}
    assert torch.equal(engine.bank.weights_SP, untouched.bank.weights_SP)
    for each in (engine, untouched):
        for agent in AGENTS:
            each.bank.add(agent, 1)
    assert torch.equal(engine.bank.weights_SP, untouched.bank.weights_SP)
    assert vary(engine, network=network).sample(crowd(8)) == untouched.sample(crowd(8))


def test_autotuning_rejects_a_recording_with_wrong_results(
    caplog: pytest.LogCaptureFixture,
) -> None:
    def stale(run: Callable[[], Tensor]) -> Callable[[], Tensor]:
        """A recording whose input never changes."""
        result = run().clone()
        return lambda: result

    engine = fresh()
    with caplog.at_level(logging.WARNING, "docendo"):
        network = autotune_step(
            engine.network, engine.bank, partial(CudaGraphStep, capture=stale)
        )
    assert network.make_stepper is EagerStep
    assert len(caplog.records) == 1
