"""The next token of every row, drawn from logits that are made by hand."""

from dataclasses import replace
from math import log

import pytest
import torch

from docendo.engines.local.decode_request import DecodeRequest, DecodeResult
from docendo.engines.local.engine import LocalEngine
from docendo.engines.local.token_draw import draw_next_tokens
from docendo.records import Request
from tests.engines.toys import ANN, ask

END = 0


def drawn(
    engine: LocalEngine, probabilities: list[list[float]], *requests: Request
) -> list[DecodeResult]:
    """One token for each request, from these probabilities of the vocabulary's first tokens."""
    rows = [DecodeRequest(1, (5,), request) for request in requests]
    results = [DecodeResult() for _ in rows]
    logits = torch.full((len(rows), len(engine.network.head_Vd)), float("-inf"))
    for b, row in enumerate(probabilities):
        logits[b, : len(row)] = torch.tensor(row).log()
    draw_next_tokens(engine.network, rows, results, logits, frozenset([END]))
    return results


def test_a_greedy_row_takes_the_likeliest_token(engine: LocalEngine) -> None:
    (result,) = drawn(engine, [[0.1, 0.2, 0.7]], ask(ANN, "", temperature=0.0))
    assert result.tokens == [2]
    assert not result.finished


def test_a_token_is_told_with_its_log_probability(engine: LocalEngine) -> None:
    shares = [0.25, 0.25, 0.5]
    for seed in range(5):
        (result,) = drawn(engine, [shares], ask(ANN, "", seed))
        (token,) = result.tokens
        assert result.logprobs == pytest.approx([log(shares[token])], abs=1e-5)
        assert result.was_sampled == [True]


def test_a_nucleus_leaves_the_likeliest_and_tells_their_whole_probability(
    engine: LocalEngine,
) -> None:
    narrow = [replace(ask(ANN, "", seed), top_p=0.5) for seed in range(20)]
    results = drawn(engine, [[0.1, 0.3, 0.6]] * 20, *narrow)
    assert {result.tokens[0] for result in results} == {2}
    assert results[0].logprobs == pytest.approx([log(0.6)], abs=1e-5)


def test_the_end_token_and_the_last_token_allowed_finish_an_answer(
    engine: LocalEngine,
) -> None:
    ended, cut, running = drawn(
        engine,
        [[1.0], [0.0, 1.0], [0.0, 1.0]],
        ask(ANN, "", max_tokens=9),
        ask(ANN, "", max_tokens=1),
        ask(ANN, "", max_tokens=2),
    )
    assert (ended.tokens, ended.finished) == ([END], True)
    assert (cut.tokens, cut.finished) == ([1], True)
    assert (running.tokens, running.finished) == ([1], False)


def test_a_row_without_finite_logits_ends_without_a_token(engine: LocalEngine) -> None:
    sick, well = drawn(engine, [[float("nan")], [0.0, 1.0]], ask(ANN, ""), ask(ANN, ""))
    assert (sick.tokens, sick.finished, sick.non_finite) == ([], True, True)
    assert (well.tokens, well.non_finite) == ([1], False)


def test_the_next_token_of_a_row_depends_on_its_length_and_seed(
    engine: LocalEngine,
) -> None:
    shares = [1 / 100] * 100
    tokens = {drawn(engine, [shares], ask(ANN, "", seed))[0].tokens[0] for seed in range(9)}
    assert len(tokens) > 3
