"""Sampling on the pretended GPU gives the processor's tokens, at a cost that is held in numbers."""

import logging
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest

from docendo.engines.local import autotune
from docendo.engines.local.engine import LocalEngine
from docendo.engines.model.network import StepperFactory
from docendo.records import Grammar, Request
from tests.engines.families import write_family
from tests.engines.pretend.cuda import pretend_gpu
from tests.engines.pretend.gpu import CUDA
from tests.engines.pretend.pair import STEPPERS, Pair, check_same, crowd, open_pair
from tests.engines.toys import ANN, ask, open_toy, vary, wake

LAUNCHES_OF_A_STEP = {"replayed": 45, "step by step": 192}
"""Of the tiny model's two layers, drawing a token included."""
WAITS_OF_A_STEP = 1


def with_steps(pair: Pair, make_stepper: StepperFactory) -> Pair:
    network = replace(pair.on_gpu.network, make_stepper=make_stepper)
    return pair._replace(on_gpu=vary(pair.on_gpu, network=network))


KINDS = {
    "plain": crowd(12),
    "of different prompts": [ask(ANN, "why " * i, i) for i in range(1, 6)],
    "greedy": [replace(request, temperature=0.0) for request in crowd(4)],
    "of every temperature": [
        replace(request, temperature=0.3 * i) for i, request in enumerate(crowd(5))
    ],
    "from a nucleus": [
        replace(request, top_p=0.5 + i / 8) for i, request in enumerate(crowd(5))
    ],
    "in a grammar": [
        replace(request, grammar=Grammar("regex", "[0-9]{3}( [a-z]+)?"))
        for request in crowd(4)
    ],
    "with and without a grammar": [
        replace(request, grammar=Grammar("regex", "yes|no") if i % 2 else None)
        for i, request in enumerate(crowd(6))
    ],
    "that stop": [replace(request, stop=("a", "e", "$")) for request in crowd(6)],
    "behind a prefix": [replace(request, prefix_ids=(70, 71, 72)) for request in crowd(5)],
    "that end one by one": [
        replace(request, max_tokens=2 + i) for i, request in enumerate(crowd(12))
    ],
    "that outgrow their cache": crowd(1, tokens=66),
}


@pytest.mark.parametrize("requests", KINDS.values(), ids=KINDS)
def test_replayed_steps_give_the_answers_of_the_processor(
    pair: Pair, requests: list[Request]
) -> None:
    pair = with_steps(pair, STEPPERS["replayed"])
    check_same(*pair.both(lambda engine: engine.sample(requests)))
    assert pair.gpu.launches["replay"] > 0


def test_single_steps_give_the_answers_of_the_processor(pair: Pair) -> None:
    check_same(*pair.both(lambda engine: engine.sample(crowd(12))))
    assert pair.gpu.launches["replay"] == 0


@pytest.mark.parametrize(
    "limits", [{"max_num_seqs": 3}, {"cache_bytes": 2**16}, {"prefill_tokens": 40}]
)
def test_answers_that_wait_for_a_row_or_for_memory_are_those_of_the_processor(
    pair: Pair, limits: dict[str, int]
) -> None:
    pair = with_steps(pair, STEPPERS["replayed"])
    engine = vary(pair.on_gpu, **limits)
    check_same(engine.sample(crowd(10, 8)), pair.on_cpu.sample(crowd(10, 8)))


def test_answers_of_a_continuous_batch_are_those_of_the_processor(pair: Pair) -> None:
    def stream(engine: LocalEngine) -> dict[int, tuple[int, ...]]:
        batch = engine.open_batch()
        answers = {}
        for number, request in enumerate(crowd(6, 8)):
            batch.add_request(number, engine.prepare(request))
            batch.step()
        while not batch.is_idle:
            answers |= {u.request_id: tuple(u.result.tokens) for u in batch.step()}
        return answers

    ours, theirs = pair.both(stream)
    assert ours == theirs
    assert len(ours) >= 5


@pytest.mark.parametrize("name", STEPPERS)
def test_a_step_of_decoding_starts_and_waits_as_often_as_noted(
    pair: Pair, name: str
) -> None:
    pair = with_steps(pair, STEPPERS[name])
    counts: list[tuple[Counter[str], Counter[str]]] = []
    for tokens in (10, 11):
        pair.gpu.reset()
        answers = pair.on_gpu.sample(crowd(8, tokens))
        assert {len(answer.tokens) for answer in answers} == {tokens}
        counts.append((pair.gpu.launches.copy(), pair.gpu.waits.copy()))
    launches, waits = (after - before for before, after in zip(*counts, strict=True))
    assert waits.total() == WAITS_OF_A_STEP, waits
    assert launches.total() == LAUNCHES_OF_A_STEP[name], launches
    assert launches["replay"] == (name == "replayed")


def test_a_full_gpu_halves_the_rows_in_flight_and_changes_no_answer(pair: Pair) -> None:
    engine = vary(pair.on_gpu)
    pair.gpu.capacity = pair.gpu.allocated + 1_000_000
    try:
        answers = engine.sample(crowd(16, 8))
    finally:
        pair.gpu.capacity = 2**40
    assert engine.limits.max_num_seqs < 16
    check_same(answers, pair.on_cpu.sample(crowd(16, 8)))


def test_autotuning_records_nothing_illegal_and_finds_the_same_answers(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    for name, value in (("_REQUESTS", 10), ("_PROMPTS", 2), ("_ANSWER_TOKENS", 2)):
        monkeypatch.setattr(autotune, name, value)
    with pretend_gpu() as gpu, caplog.at_level(logging.WARNING):
        engine = open_toy(device=CUDA)
        assert gpu.recordings > 0
        assert gpu.launches["replay"] > 0
        assert engine.describe().device == "cuda"
    assert gpu.faults == []
    assert caplog.records == []


@pytest.mark.parametrize("family", ["qwen2", "qwen3", "gemma3_text"])
def test_other_families_answer_and_learn_as_on_the_processor(
    family: str, tmp_path: Path
) -> None:
    path = str(write_family(family, tmp_path))
    pair = open_pair(lambda device: open_toy(path, device=device))
    with pretend_gpu(pair.gpu):
        for engine in pair[:2]:
            engine.bank.add(ANN, 1)
            wake(engine, ANN)
        check_same(*pair.both(lambda e: e.sample([ask(ANN, "so", i) for i in range(4)])))
    assert pair.gpu.faults == []
