import pytest

from docendo.engines.local.timed_round import timed_round
from docendo.engines.profiling.flops import ModelShape
from docendo.engines.profiling.roofline import (
    Ceiling,
    WorkloadBatch,
    WorkloadModel,
    bound,
    sampling_seconds,
    step_bound,
    training_seconds,
)
from tests.engines.toys import ANN, BOB, fresh

MODEL = WorkloadModel(
    ModelShape(body=100, head=30, adapter=10, attention=8), column=12, itemsize=2
)
BATCH = WorkloadBatch(prompts=2, group=3, prompt=4, answer=3)
ENDLESS = float("inf")


def test_a_pass_takes_the_longer_of_compute_and_memory_time():
    assert bound(100, 10, Ceiling(50, 10)) == (2.0, 1.0)
    assert (
        bound(100, 10, Ceiling(50, 10)).seconds,
        bound(100, 10, Ceiling(50, 10)).limit,
    ) == (2.0, "arithmetic")
    assert (
        bound(100, 30, Ceiling(50, 10)).seconds,
        bound(100, 30, Ceiling(50, 10)).limit,
    ) == (3.0, "memory")


def test_a_decoding_step_reads_weights_and_a_shared_prompt_once():
    weights, columns = 2 * (100 + 10 + 30), 2 * 4 + 6 * 2
    assert (
        step_bound(MODEL, BATCH, 2, Ceiling(1, 1)).memory
        == weights + 2 * 6 * columns
        == 520
    )


def test_the_compute_of_a_decoding_step_grows_with_its_rows():
    linear, attended, head = 2 * (100 + 10), 4 * 8 * (4 + 2), 2 * 30
    assert (
        step_bound(MODEL, BATCH, 2, Ceiling(1, 1)).arithmetic
        == 6 * (linear + attended + head)
        == 2832
    )


def test_sampling_is_one_prompt_pass_and_a_step_per_token_but_the_first():
    # 2 prompts of 4 tokens that see 10 positions; then two steps, of which the second is as above
    reading = 2 * (2 * 110 * 4 + 4 * 8 * 10 + 2 * 30)
    assert (
        sampling_seconds(MODEL, BATCH, Ceiling(1, ENDLESS))
        == reading + (2832 - 6 * 32) + 2832
        == 7992
    )
    assert (
        sampling_seconds(MODEL, BATCH, Ceiling(ENDLESS, 1))
        == 280 + (520 - 6 * 12) + 520
        == 1248
    )


def test_every_pass_is_limited_by_compute_or_by_memory_on_its_own():
    # the prompts are limited by arithmetic, 2520 / 6 against 280; both steps by memory
    assert sampling_seconds(MODEL, BATCH, Ceiling(6, 1)) == 2520 / 6 + 448 + 520


def test_training_goes_through_a_prompt_once_for_all_its_answers():
    # 4 + 3 * 3 tokens; the prompt sees 10 positions and each answer 5 + 6 + 7
    row = MODEL.shape.training_flops(13, 10 + 3 * 18, 9)
    assert row == 4 * 100 * 13 + 6 * 10 * 13 + 12 * 8 * 64 + 4 * 30 * 9 == 13204
    assert training_seconds(MODEL, BATCH, Ceiling(100, ENDLESS)) == pytest.approx(
        2 * 13204 / 100
    )


def test_the_flops_of_the_engine_are_those_of_the_roofline():
    engine = fresh(ANN, BOB)
    batch = WorkloadBatch(prompts=4, group=2, prompt=9, answer=5)
    model, once = WorkloadModel(engine.model.shape, 1, 1), Ceiling(1, ENDLESS)
    for agents in ([ANN], [ANN, BOB]):
        sampled, trained = timed_round(engine, batch, agents, 0)
        assert sampled.flops == sampling_seconds(model, batch, once)
        assert trained.flops == training_seconds(model, batch, once)
        assert sampled.tokens == trained.tokens == 4 * (9 + 2 * 5)
    assert engine.tokens.end == 0
