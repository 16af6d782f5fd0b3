"""Training on the pretended GPU gives the processor's weights, at a cost that is held in numbers."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from docendo.backend import TrainStep
from docendo.engines.local.engine import LocalEngine
from docendo.learning.losses import PolicyGradientConfig
from docendo.records import (
    BASE,
    AgentId,
    Example,
    Gradient,
    Grammar,
    Message,
    SoftLabel,
    Target,
)
from tests.engines.pretend.cuda import pretend_gpu
from tests.engines.pretend.pair import Pair, check_same, crowd, open_pair
from tests.engines.toys import (
    AGENTS,
    ANN,
    BOB,
    CAT,
    fresh,
    mixture,
    surprise,
    train_step,
    vary,
)

LAUNCHES_OF_TRAINING = 1354
"""Of a step of all three agents with the tiny model's two layers, in one micro-batch a half."""
WAITS_OF_TRAINING = 95
RATES = dict.fromkeys(AGENTS, 1e-2)


def train(engine: LocalEngine, targets: Sequence[Target]) -> dict[AgentId, Gradient]:
    return engine.train(train_step(targets, surprise, RATES, "test"))


def test_steps_change_weights_and_moments_as_on_the_processor(pair: Pair) -> None:
    for _ in range(3):
        ours, theirs = pair.both(lambda engine: train(engine, mixture()))
        assert ours == theirs
        assert all(gradient.noise for gradient in ours.values())
    pair.check_weights()


def test_a_step_of_training_starts_and_waits_as_often_as_noted(pair: Pair) -> None:
    train(pair.on_gpu, mixture())
    pair.gpu.reset()
    train(pair.on_gpu, mixture())
    assert pair.gpu.waits.total() == WAITS_OF_TRAINING, pair.gpu.waits
    assert pair.gpu.launches.total() == LAUNCHES_OF_TRAINING, pair.gpu.launches


@pytest.mark.parametrize("tokens", [1, 60])
def test_small_micro_batches_change_weights_as_on_the_processor(
    pair: Pair, tokens: int
) -> None:
    pair.both(
        lambda engine: train(vary(engine, max_tokens_per_microbatch=tokens), mixture())
    )
    pair.check_weights()
    assert pair.gpu.launches["mm"], "the pretended GPU was at work"


def test_answers_are_learned_from_as_on_the_processor(pair: Pair) -> None:
    answers = pair.on_cpu.sample(
        [
            replace(r, grammar=Grammar("regex", "[0-9]+") if i % 2 else None)
            for i, r in enumerate(crowd(8))
        ]
    )
    targets = [
        Target(
            request.agent, answer.prompt_tokens, answer.tokens, (-1.0) ** i, answer.logprobs
        )._replace(sampled=answer.sampled, grammar=answer.grammar)
        for i, (request, answer) in enumerate(zip(crowd(8), answers, strict=True))
    ]
    step = TrainStep(targets, PolicyGradientConfig(), RATES, "test")
    ours, theirs = pair.both(lambda engine: engine.train(step))
    assert ours == theirs
    pair.check_weights()


def test_labels_of_hidden_states_and_of_named_tokens_pull_as_on_the_processor(
    pair: Pair,
) -> None:
    def learn(engine: LocalEngine) -> dict[AgentId, Gradient]:
        readers = [target._replace(agent=BASE) for target in mixture()]
        targets = [
            target._replace(labels=(SoftLabel(label, 0.5, "reverse_kl"),))
            for target, label in zip(mixture(), engine.label(readers, "test"), strict=True)
            if label
        ]
        assert len(targets) == len(mixture())
        return train(engine, targets)

    ours, theirs = pair.both(learn)
    assert ours == theirs
    pair.check_weights()


def test_texts_are_scored_as_on_the_processor(pair: Pair) -> None:
    example = Example(ANN, (Message("user", "hi"),), "some text")
    for ours, theirs in zip(
        *pair.both(
            lambda engine: [*engine.score([example], "a"), *engine.logprobs(mixture(), "b")]
        ),
        strict=True,
    ):
        assert ours == pytest.approx(theirs, abs=1e-5)


def test_agents_come_go_and_descend_as_on_the_processor(pair: Pair) -> None:
    def change(engine: LocalEngine) -> None:
        train(engine, mixture())
        engine.snapshot(ANN, AgentId("ann@1"))
        engine.replace(BOB, [ANN, CAT], 0.1, 5)
        engine.replace(CAT, [AgentId("ann@1")], 0.1, 6)
        engine.remove(AgentId("ann@1"))
        train(engine, mixture())

    pair.both(change)
    pair.check_weights()
    check_same(*pair.both(lambda engine: engine.sample(crowd(3))))


def test_what_is_saved_on_one_is_loaded_on_the_other(pair: Pair, tmp_path: Path) -> None:
    for engine in pair[:2]:
        train(engine, mixture())
    pair.on_gpu.save(tmp_path / "state")
    pair.on_gpu.save_adapter(ANN, tmp_path / "adapter", "tiny")
    train(pair.on_gpu, mixture())
    pair.both(lambda engine: engine.load(tmp_path / "state"))
    pair.both(lambda engine: engine.load_adapter(AgentId("dan"), tmp_path / "adapter"))
    pair.check_weights()
    assert pair.on_gpu.agents == pair.on_cpu.agents == [BASE, *AGENTS, AgentId("dan")]


def test_bfloat16_trains_to_the_same_bits() -> None:
    pair = open_pair(lambda device: fresh(*AGENTS, device=device, dtype=torch.bfloat16))
    with pretend_gpu(pair.gpu):
        ours, theirs = pair.both(lambda engine: train(engine, mixture()))
        assert ours == theirs
        pair.check_weights()
        check_same(*pair.both(lambda engine: engine.sample(crowd(4))))
    assert pair.gpu.faults == []
