"""Rows join and leave while others run; every answer is the one that it would be alone."""

from dataclasses import replace
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from docendo.engines.local.capacity import DecodingLimits
from docendo.engines.local.continuous_batch import ContinuousBatch, count_admissible
from docendo.engines.local.decode_request import DecodeRequest
from docendo.engines.local.engine import LocalEngine
from docendo.engines.local.workers import Workers
from docendo.records import Request
from tests.engines.toys import AGENTS, ANN, ask, vary

COLUMNS = 10**9


def row(prompt: int, answer: int, first: int = 5) -> DecodeRequest:
    return DecodeRequest(1, (first,) * prompt, ask(ANN, "", max_tokens=answer))


def crowd(count: int) -> list[Request]:
    """Three agents; a question comes up to three times; answers of 1 to 90 tokens, prompts of 4 to 80."""
    return [
        ask(
            AGENTS[i % 3],
            f"what is {i // 4}{' and more' * (i % 5 * (i // 4 % 3))}?",
            i,
            max_tokens=1 + i * 37 % 90,
        )
        for i in range(count)
    ]


def answered(
    engine: LocalEngine, requests: list[Request], arrivals: list[int]
) -> list[tuple[int, ...]]:
    """The tokens of every answer, where request i comes before step arrivals[i]."""
    stream = vary(engine, workers=Workers()).open_batch()
    found: dict[int, tuple[int, ...]] = {}
    step = 0
    while len(found) < len(requests):
        for i, request in enumerate(requests):
            if arrivals[i] == step:
                stream.add_request(i, engine.prepare(request))
        found |= {s.request_id: tuple(s.result.tokens) for s in stream.step() if s.finished}
        step += 1
    assert stream.is_idle
    assert stream.batch is None
    return [found[i] for i in range(len(requests))]


@pytest.mark.parametrize("rows", [40, 6])
def test_answers_do_not_depend_on_when_their_requests_arrive(
    engine: LocalEngine, rows: int
) -> None:
    requests = crowd(40)
    alike = [c.tokens for c in vary(engine, workers=Workers()).sample(requests)]
    arrivals = [Random(i).randrange(60) for i in range(40)]
    assert answered(vary(engine, max_num_seqs=rows), requests, arrivals) == alike


@settings(max_examples=4, deadline=None)
@given(
    arrivals=st.lists(st.integers(0, 30), min_size=10, max_size=10), room=st.integers(1, 12)
)
def test_a_small_cache_makes_requests_wait_and_changes_no_answer(
    engine: LocalEngine, arrivals: list[int], room: int
) -> None:
    requests = crowd(10)
    small = vary(engine, cache_bytes=room * 128 * engine.base.token_numbers * 4)
    assert answered(small, requests, arrivals) == [
        c.tokens for c in engine.sample(requests)
    ]


def test_running_requests_never_exceed_the_cache(engine: LocalEngine) -> None:
    limits = DecodingLimits(100, 12 * 128, 64)
    stream, most = ContinuousBatch(engine.network, engine.tokens.ends, limits), 0
    for i, request in enumerate(crowd(30)):
        stream.add_request(i, engine.prepare(request))
    while not stream.is_idle:
        stream.step()
        if stream.batch:
            store, seats, places = (
                stream.batch.cache,
                len(stream.batch.request_of_row),
                len(stream.batch.prompts),
            )
            assert store.answers[0].shape[1] == seats
            most = max(
                most, seats * store.answers[0].shape[3] + places * store.prompts[0].shape[3]
            )
    assert 0 < most <= 12 * 128


def test_a_finished_row_frees_its_seat_and_changes_no_other_answer(
    engine: LocalEngine,
) -> None:
    requests = crowd(12)
    wanted = [c.tokens for c in engine.sample(requests)]
    stream = vary(engine, workers=Workers(), max_num_seqs=4).open_batch()
    for i, request in enumerate(requests):
        stream.add_request(i, engine.prepare(request))
    seen = {s.request_id for s in stream.step()}
    gone = max(i for i in seen if len(wanted[i]) > 5)
    stream.abort_request(gone)
    stream.abort_request(11)
    stream.abort_request(99)
    found: dict[int, tuple[int, ...]] = {}
    while not stream.is_idle:
        assert gone not in stream.running
        found |= {s.request_id: tuple(s.result.tokens) for s in stream.step() if s.finished}
    for i, tokens in found.items():
        assert tokens == wanted[i]
    assert gone not in found
    assert 11 not in found


def test_a_request_after_all_others_were_aborted_is_answered_afresh(
    engine: LocalEngine,
) -> None:
    stream = vary(engine, workers=Workers()).open_batch()
    first, second = crowd(2)
    stream.add_request(0, engine.prepare(replace(first, max_tokens=50)))
    stream.step()
    stream.abort_request(0)
    assert stream.is_idle
    assert stream.step() == []
    stream.add_request(1, engine.prepare(second))
    while stream.running or stream.waiting:
        (seen,) = stream.step()
    assert tuple(seen.result.tokens) == engine.sample([second])[0].tokens


def test_requests_join_in_order_while_there_is_room() -> None:
    waiting = [row(40, 10, first) for first in (1, 2, 3)]
    assert count_admissible([], waiting, DecodingLimits(2, COLUMNS, 1)) == 2
    assert count_admissible(waiting[:1], waiting[1:], DecodingLimits(2, COLUMNS, 1)) == 1
    assert count_admissible(waiting[:2], waiting[2:], DecodingLimits(2, COLUMNS, 1)) == 0
    assert count_admissible([], waiting, DecodingLimits(9, 2 * (32 + 64), 1)) == 2
    assert count_admissible([], waiting, DecodingLimits(9, 1, 1)) == 1
    same = [row(40, 10)] * 3
    assert count_admissible([], same, DecodingLimits(9, 3 * 32 + 64, 1)) == 3
