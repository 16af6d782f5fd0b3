"""Rows come and go while others run; what is in flight keeps to its limits."""

import pytest
import torch

from docendo.engines.cpu.library import load_kernels
from docendo.engines.local.backward import forward
from docendo.engines.local.capacity import DecodingLimits
from docendo.engines.local.decode_request import DecodeRequest
from docendo.engines.local.decoding import RunningBatch, decode
from docendo.engines.local.engine import LocalEngine
from docendo.engines.local.model_names import EMBEDDED, TINY
from docendo.engines.local.train_rows import pack
from docendo.engines.local.workers import Workers
from docendo.records import Request, Target
from tests.engines.toys import AGENTS, ALPHA, ANN, CPU, RANK, ask, open_toy, vary, wake

COLUMNS = 10**9


def row(prompt: int, answer: int, first: int = 5) -> DecodeRequest:
    return DecodeRequest(1, (first,) * prompt, ask(ANN, "", max_tokens=answer))


def crowd(count: int) -> list[Request]:
    """Three agents; four answers to each question; lengths from 1 to 70 tokens."""
    return [
        ask(
            AGENTS[i // 4 % 3],
            f"what is {i // 4}{' and more' * (i % 5 // 4)}?",
            seed=i,
            max_tokens=1 + i * 13 % 70,
        )
        for i in range(count)
    ]


def _bfloat16() -> LocalEngine:
    engine = open_toy(TINY, RANK, ALPHA, torch.bfloat16, CPU)
    for agent in AGENTS:
        engine.bank.add(agent, 1)
        wake(engine, agent)
    return engine


def _never() -> bool:
    return False


def test_a_finished_row_makes_room_and_changes_no_other_answer(engine: LocalEngine) -> None:
    requests = crowd(60)
    together = vary(engine, workers=Workers()).sample(requests)
    for rows in (16, 5):
        assert (
            vary(engine, workers=Workers(), max_num_seqs=rows).sample(requests) == together
        )


@pytest.mark.parametrize("count", [1, 2, 3])
def test_the_number_of_workers_changes_no_answer(engine: LocalEngine, count: int) -> None:
    assert vary(engine, workers=Workers(count, 1)).sample(crowd(40)) == vary(
        engine, workers=Workers()
    ).sample(crowd(40))


def test_an_answer_is_bit_identical_in_every_batch(
    engine: LocalEngine,
) -> None:
    """One thread a lane, float32 and bfloat16: the widths and numbers of rows that come about here."""
    for model in (engine, _bfloat16()):
        together = vary(model, workers=Workers()).sample(crowd(48))
        for i in range(0, 48, 7):
            assert model.sample([crowd(48)[i]]) == [together[i]]
        halves = model.sample(crowd(48)[::2]) + model.sample(crowd(48)[1::2])
        assert halves == together[::2] + together[1::2]


def test_the_cache_grows_while_a_long_answer_is_decoded(engine: LocalEngine) -> None:
    long, short = (
        decode(
            engine.network,
            [DecodeRequest(1, (5, 6), ask(ANN, "", 4, max_tokens=n))],
            frozenset(),
            DecodingLimits(8, COLUMNS, 64),
            _never,
        )[0]
        for n in (300, 60)
    )
    assert len(long.tokens) == 300
    assert (long.tokens[:60], long.logprobs[:60]) == (short.tokens, short.logprobs)


def test_the_cache_never_grows_beyond_its_planned_size(engine: LocalEngine) -> None:
    flight = RunningBatch(
        engine.network,
        [DecodeRequest(1, (5,), ask(ANN, "", max_tokens=130))],
        frozenset(),
        DecodingLimits(8, COLUMNS, 64),
    )
    with torch.inference_mode():
        flight.admit()
        while flight.running:
            flight.step()
    assert flight.cache.answers[0].shape[3] == 160


def test_stopped_decoding_returns_the_tokens_so_far(engine: LocalEngine) -> None:
    rows = [DecodeRequest(1, (5, 6), ask(ANN, "", i, max_tokens=50)) for i in range(3)]
    looks = iter([False, False, False, True])
    results = decode(
        engine.network,
        rows,
        frozenset(),
        DecodingLimits(8, COLUMNS, 64),
        lambda: next(looks),
    )
    assert [len(r.tokens) for r in results] == [4, 4, 4]


@pytest.mark.slow
@pytest.mark.parametrize("compiled", [False, load_kernels(torch.float32) is not None])
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_the_embedded_model_is_batch_invariant_and_trains_on_sampled_logprobs(
    dtype: torch.dtype, compiled: bool
) -> None:
    """Company changes no bit of an answer; the sampler's log-probabilities are those of training."""
    engine = open_toy(EMBEDDED, 8, 32.0, dtype, CPU, compiled)
    for agent in AGENTS:
        engine.bank.add(agent, 1)
        for _, b in engine.bank.matrices(agent).values():
            b.normal_(0, 0.02, generator=torch.Generator().manual_seed(len(b)))
    engine.bank.refresh()
    requests = [
        ask(AGENTS[i % 3], f"Add {i // 2} and 2.", seed=i, max_tokens=6 + i)
        for i in range(12)
    ]
    together = engine.sample(requests)
    assert engine.sample(requests[:1]) + engine.sample(requests[1:7]) == together[:7]
    targets = [
        Target(r.agent, c.prompt_tokens, c.tokens, 1.0)
        for r, c in zip(requests, together, strict=True)
    ]
    slack = 1e-4 if dtype == torch.float32 else 0.3
    for target, answer in zip(targets, together, strict=True):
        (row,) = pack([target], engine.bank.slots, 512)
        told = forward(engine.network, [row])
        torch.testing.assert_close(told, torch.tensor(answer.logprobs), atol=slack, rtol=0)
