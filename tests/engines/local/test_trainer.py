"""A training step: whose weights move, what it tells, and what happens without memory."""

from collections.abc import Mapping, Sequence
from math import isnan, log, nan

import pytest
import torch
from torch import Tensor

from docendo.backend import TrainStep
from docendo.engines.local.backward import backward, forward
from docendo.engines.local.engine import LocalEngine
from docendo.engines.local.loss_gradient import LossMeasures
from docendo.engines.local.train_rows import TrainRow, pack
from docendo.engines.local.workers import Workers
from docendo.engines.model.network import Network
from docendo.errors import RunError, UserError
from docendo.learning.losses import Loss, LossInputs, PPOClipConfig
from docendo.records import BASE, AgentId, Example, Gradient, Message, Usage
from tests.engines.toys import (
    AGENTS,
    ANN,
    BOB,
    CAT,
    fresh,
    gradients,
    mixture,
    surprise,
    target,
    train_step,
    vary,
)

DAN = AgentId("dan")


def norms(found: Mapping[AgentId, Gradient]) -> dict[AgentId, float]:
    return {agent: gradient.norm for agent, gradient in found.items()}


def test_an_agent_in_a_population_learns_exactly_what_it_learns_alone() -> None:
    population, alone = fresh(*AGENTS), fresh(ANN)
    for step in range(3):
        targets = [t._replace(weight=t.weight + step) for t in mixture()]
        found = population.train(
            train_step(targets, surprise, dict.fromkeys(AGENTS, 1e-3), "policy")
        )
        own = alone.train(
            train_step(
                [t for t in targets if t.agent == ANN], surprise, {ANN: 1e-3}, "policy"
            )
        )
        assert found[ANN].norm == pytest.approx(own[ANN].norm, rel=1e-5)
    moved = population.bank.weights_SP[1] - fresh(ANN).bank.weights_SP[1]
    assert float(moved.abs().max()) > 1e-3
    assert (
        float((population.bank.weights_SP[1] - alone.bank.weights_SP[1]).abs().max()) < 1e-5
    )


def test_an_agent_without_targets_is_untouched() -> None:
    engine = fresh(ANN, BOB)
    engine.train(
        train_step(
            mixture()[:1] + mixture()[4:5], surprise, {ANN: 1e-3, BOB: 1e-3}, "policy"
        )
    )
    bank, adam = engine.bank, engine.adam
    before = [
        x[2].clone() for x in (bank.weights_SP, adam.mean_SP, adam.square_SP, adam.steps_S)
    ]
    assert set(
        engine.train(train_step(mixture()[:1], surprise, {ANN: 1e-3, BOB: 1e-3}, "policy"))
    ) == {ANN}
    after = [x[2] for x in (bank.weights_SP, adam.mean_SP, adam.square_SP, adam.steps_S)]
    assert all(map(torch.equal, before, after))
    assert adam.steps_S.tolist() == [0, 2, 1]


def test_a_step_with_a_nan_gradient_is_skipped_for_its_agent_alone() -> None:
    """Against the same batch with a number, in whose place the others' sums are taken in the same order."""
    engines = fresh(*AGENTS), fresh(*AGENTS)
    rates, wrong = dict.fromkeys(AGENTS, 1e-3), (1.5, nan)
    found = [
        e.train(
            train_step(
                [t._replace(weight=w) if t.agent == CAT else t for t in mixture()],
                surprise,
                rates,
                "policy",
            )
        )
        for e, w in zip(engines, wrong, strict=True)
    ]
    assert isnan(found[1][CAT].norm)
    assert found[0][ANN] == found[1][ANN]
    assert found[0][BOB].norm == found[1][BOB].norm
    well, ill = (
        (e.bank.weights_SP, e.adam.mean_SP, e.adam.square_SP, e.adam.steps_S)
        for e in engines
    )
    assert all(torch.equal(a[:3], b[:3]) for a, b in zip(well, ill, strict=True))
    assert torch.equal(ill[0][3], fresh(*AGENTS).bank.weights_SP[3])
    assert not ill[1][3].any()
    assert ill[3].tolist() == [0, 1, 1, 0]
    assert not engines[1].bank.grads_SP.any()


def test_a_training_step_is_deterministic() -> None:
    engines = fresh(*AGENTS), fresh(*AGENTS)
    for engine in engines:
        engine.train(train_step(mixture(), surprise, dict.fromkeys(AGENTS, 1e-3), "policy"))
    assert torch.equal(engines[0].bank.weights_SP, engines[1].bank.weights_SP)


def test_training_makes_rewarded_text_likelier(engine: LocalEngine) -> None:
    learner = fresh(DAN)
    example = Example(DAN, (Message("user", "say cheese"),), "cheese")
    wanted = learner.target(example)
    assert wanted.tokens[-1] == learner.tokens.end
    rows = pack([wanted], learner.bank.slots, 512)
    with torch.no_grad():
        before = forward(learner.network, rows).sum()
        for _ in range(5):
            with torch.enable_grad():
                learner.train(train_step([wanted], surprise, {DAN: 1e-2}, "imitation"))
        assert forward(learner.network, rows).sum() > before + 1


def test_training_flops_are_counted_row_by_row(engine: LocalEngine) -> None:
    engine = vary(fresh(ANN))
    engine.train(
        train_step(
            [target(ANN, "why", "ab"), target(ANN, "why", "c")],
            surprise,
            {ANN: 0.0},
            "policy",
        )
    )
    (work,) = engine.pop_usage()
    looked_at = (1 + 2 + 3) + (4 + 5) + 4
    assert work == Usage(
        ANN, "policy", 6, engine.model.shape.training_flops(6, looked_at, 3)
    )


def test_training_the_base_or_an_unknown_agent_is_refused() -> None:
    engine = fresh(ANN)
    with pytest.raises(UserError, match="base is nobody's to train"):
        engine.train(train_step([target(BASE, "a", "b")], surprise, {BASE: 1.0}, "policy"))
    with pytest.raises(UserError, match="did you mean 'ann'"):
        engine.train(
            train_step([target(AgentId("anny"), "a", "b")], surprise, {}, "policy")
        )
    assert engine.train(train_step([], surprise, {ANN: 1.0}, "policy")) == {}


def test_out_of_memory_halves_the_micro_batches_and_keeps_the_step(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    well, tight, seen = (
        fresh(*AGENTS),
        vary(fresh(*AGENTS), max_tokens_per_microbatch=128),
        [],
    )

    def crowded(
        network: Network, rows: Sequence[TrainRow], loss: Loss, part: int
    ) -> LossMeasures:
        # a share of the gradients is there when the memory ends
        measures = backward(network, rows, loss, part)
        seen.append(sum(r.length for r in rows))
        if tight.limits.max_tokens_per_microbatch > 64:
            raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 9 GiB.")
        return measures

    rates = dict.fromkeys(AGENTS, 1e-3)
    wanted = norms(well.train(train_step(mixture(), surprise, rates, "policy")))
    monkeypatch.setattr("docendo.engines.local.trainer.backward", crowded)
    assert norms(
        tight.train(train_step(mixture(), surprise, rates, "policy"))
    ) == pytest.approx(wanted, rel=1e-5)
    assert tight.limits.max_tokens_per_microbatch == 64
    assert max(seen[1:]) == 75  # one target, which cannot be parted
    assert float((well.bank.weights_SP - tight.bank.weights_SP).abs().max()) < 1e-5


def test_training_that_never_fits_into_memory_says_what_helps(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def full(*_: object) -> None:
        raise RuntimeError(
            "DefaultCPUAllocator: can't allocate memory: you tried to allocate 9 bytes."
        )

    engine = fresh(ANN)
    monkeypatch.setattr("docendo.engines.local.trainer.backward", full)
    with pytest.raises(
        RunError, match=r"out of memory at .* tokens a micro-batch; use a smaller model"
    ):
        engine.train(train_step(mixture()[:1], surprise, {ANN: 1e-3}, "policy"))
    assert not engine.bank.grads_SP.any()


def test_an_error_in_training_is_not_taken_for_a_lack_of_memory(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def wrong(*_: object) -> None:
        raise RuntimeError("shapes do not match")

    engine = fresh(ANN)
    monkeypatch.setattr("docendo.engines.local.trainer.backward", wrong)
    with pytest.raises(RuntimeError, match="shapes do not match"):
        engine.train(train_step(mixture()[:1], surprise, {ANN: 1e-3}, "policy"))


@pytest.mark.parametrize("error", [KeyboardInterrupt, ValueError])
def test_an_interrupted_step_leaves_no_gradient_for_the_next(
    error: type[BaseException],
) -> None:
    calls = []

    def breaks(inputs: LossInputs) -> Tensor:
        calls.append(len(inputs.logprobs_K))
        if len(calls) == 2:
            raise error
        return surprise(inputs)

    engine = vary(fresh(*AGENTS), max_tokens_per_microbatch=64)
    with pytest.raises(error):
        engine.train(train_step(mixture(), breaks, dict.fromkeys(AGENTS, 1e-3), "policy"))
    assert len(calls) == 2
    assert not engine.bank.grads_SP.any()


def test_the_number_of_workers_does_not_change_the_gradient() -> None:
    alone, shared = fresh(*AGENTS), fresh(*AGENTS)
    shared = vary(shared, workers=Workers(2, 1))
    for engine in (alone, shared):
        engine.train(train_step(mixture(), surprise, dict.fromkeys(AGENTS, 1e-3), "policy"))
    assert float((alone.bank.weights_SP - shared.bank.weights_SP).abs().max()) < 1e-5
    assert not any(g.any() for g in shared.bank.grads_LSP)


@pytest.mark.parametrize("count", [1, 2, 3])
def test_gradient_noise_is_the_difference_of_two_halves_of_the_completions(
    engine: LocalEngine, count: int
) -> None:
    """Ann has two prompts of two completions each, one prompt a half; Bob and Cat have one, which tells nothing."""
    halves = [
        [target(ANN, "why", "ab"), target(ANN, "why", "c")],
        [target(ANN, "who", "x"), target(ANN, "who", "yz")],
    ]
    others = [target(BOB, "why", "no"), target(BOB, "why", "yes"), target(CAT, "how", "so")]
    learner = fresh(*AGENTS)
    learner.model.workers = Workers(count, 1)
    learner.bank.split_grads(learner.workers.parts)
    found = learner.train(
        train_step(
            [*halves[0], *others, *halves[1]],
            surprise,
            dict.fromkeys(AGENTS, 1e-3),
            "policy",
        )
    )
    one, two = (gradients(engine, half)[1] for half in halves)
    assert found[ANN][:2] == pytest.approx(
        (float((one + two).norm()), float((one - two).norm() ** 2)), rel=1e-4
    )
    assert isnan(found[BOB].noise)
    assert isnan(found[CAT].noise)


def test_a_target_without_a_prompt_is_refused() -> None:
    with pytest.raises(UserError, match="without a prompt"):
        fresh(ANN).train(
            train_step([target(ANN, "", "x")], surprise, {ANN: 1e-3}, "policy")
        )


def test_a_step_tells_each_agents_loss_and_what_was_clipped() -> None:
    """Ann's ratio is 2 at her first token, above 1.2, and 1 at her second; Bob's are 1."""
    engine = fresh(ANN, BOB)
    (logprobs,) = engine.logprobs([target(ANN, "a", "bc")], "test")
    ann = target(ANN, "a", "bc")._replace(
        logprobs=(logprobs[0] - log(2), *logprobs[1:]), weight=0.5
    )
    bob = target(BOB, "a", "bc")._replace(weight=-1.0)
    step = TrainStep(
        [ann, bob], PPOClipConfig(type="ppo_clip"), {ANN: 0.0, BOB: 0.0}, "policy"
    )
    gradients = engine.train(step)

    count = len(ann.tokens)
    assert gradients[ANN].clip_fraction == pytest.approx(1 / count)
    assert gradients[ANN].loss == pytest.approx(-0.5 * (1.2 + count - 1), rel=1e-5)
    assert gradients[BOB].clip_fraction == 0
    assert gradients[BOB].loss == pytest.approx(count, rel=1e-5)
