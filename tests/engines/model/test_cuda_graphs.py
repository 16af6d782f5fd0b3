"""Decoding by replay, with a stand-in for a GPU's recording: the same buffers, the same copies, the same choice."""

from dataclasses import replace
from functools import partial

import pytest

from docendo.engines.local.engine import LocalEngine
from docendo.engines.local.workers import Workers
from docendo.engines.model.cuda_graphs import CudaGraphStep
from docendo.engines.model.network import Network
from docendo.records import BASE
from tests.engines.local.test_decoding import crowd
from tests.engines.toys import Recorder, vary


def replaying(engine: LocalEngine, recorder: Recorder) -> LocalEngine:
    network = replace(engine.network, make_stepper=partial(CudaGraphStep, capture=recorder))
    return vary(engine, network=network, workers=Workers())


@pytest.mark.parametrize("rows", [5, 16, 128])
def test_to_the_last_bit_replay_gives_the_same_answers(
    engine: LocalEngine, rows: int
) -> None:
    """Rows come and go, the store grows and shrinks, three agents and the base."""
    requests = [*crowd(28), *(replace(r, agent=BASE) for r in crowd(6))]
    plain = vary(engine, workers=Workers(), max_num_seqs=rows)
    recorder = Recorder()
    assert vary(replaying(engine, recorder), max_num_seqs=rows).sample(
        requests
    ) == plain.sample(requests)
    assert recorder.recorded < recorder.replayed


def test_a_step_of_one_shape_is_recorded_once(engine: LocalEngine) -> None:
    """Eight rows in flight, all alike: only the last ones, when rows leave, are of another kind."""
    recorder = Recorder()
    alike = [replace(r, max_tokens=20) for r in crowd(4)] * 6
    requests = [replace(r, seed=i) for i, r in enumerate(alike)]
    vary(replaying(engine, recorder), max_num_seqs=8).sample(requests)
    assert recorder.replayed >= 57
    assert recorder.recorded <= 3


def test_old_recordings_are_dropped_to_make_room(
    engine: LocalEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("docendo.engines.model.cuda_graphs._MAX_RECORDINGS", 1)
    steppers: list[CudaGraphStep] = []

    def steps(network: Network) -> CudaGraphStep:
        steppers.append(CudaGraphStep(network, Recorder()))
        return steppers[-1]

    requests = crowd(30)
    kept = vary(
        engine,
        network=replace(engine.network, make_stepper=steps),
        workers=Workers(),
        max_num_seqs=8,
    )
    assert kept.sample(requests) == vary(engine, workers=Workers(), max_num_seqs=8).sample(
        requests
    )
    assert [len(s.recordings) for s in steppers] == [1]
