"""A timed batch has the lengths that were asked for, and leaves the tokenizer as it was."""

from unittest.mock import patch

import pytest

from docendo.engines.local.timed_round import timed_round
from docendo.engines.profiling.roofline import WorkloadBatch
from docendo.errors import UserError
from tests.engines.toys import ANN, BOB, fresh
from tests.toys import RecordingBackend

BATCH = WorkloadBatch(prompts=2, group=3, prompt=10, answer=4)


def test_a_round_samples_and_trains_on_exactly_the_tokens_of_the_batch() -> None:
    engine = fresh(ANN, BOB)
    sampling, training = timed_round(engine, BATCH, [ANN, BOB], 0)
    # a prompt counts once for its three answers
    assert sampling.tokens == training.tokens == 2 * (10 + 3 * 4)
    assert training.flops > sampling.flops > 0
    assert sampling.seconds > 0
    assert training.seconds > 0


def test_agents_share_the_prompts_and_only_they_are_trained() -> None:
    engine = fresh(ANN, BOB)
    timed_round(engine, BATCH, [ANN], 0)
    assert engine.adam.steps_S.tolist() == [0, 1, 0]
    timed_round(engine, BATCH, [ANN, BOB], 1)
    assert engine.adam.steps_S.tolist() == [0, 2, 1]


def test_the_tokenizer_and_the_usage_are_as_before() -> None:
    engine = fresh(ANN)
    tokens = engine.tokens
    timed_round(engine, BATCH, [ANN], 0)
    assert engine.tokens is tokens
    assert engine.pop_usage() == []


def test_the_tokenizer_is_as_before_where_sampling_fails() -> None:
    engine = fresh(ANN)
    tokens = engine.tokens
    with (
        patch.object(engine.sampler, "sample", side_effect=MemoryError),
        pytest.raises(MemoryError),
    ):
        timed_round(engine, BATCH, (ANN,), 0)
    assert engine.tokens is tokens


def test_another_backend_is_refused() -> None:
    with pytest.raises(UserError, match="only the local backend can be measured"):
        timed_round(RecordingBackend(), BATCH, [ANN], 0)  # type: ignore[arg-type]
