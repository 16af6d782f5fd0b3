from collections.abc import Sequence
from math import inf, log, nan

import pytest

from docendo.backend import TrainStep
from docendo.learning.losses import PPOClip, PPOClipConfig, policy_gradient
from docendo.learning.update import (
    PopulationLearner,
    batches_of,
    mean_weights,
    policy_targets,
    spread,
)
from docendo.parts import as_part
from docendo.records import (
    BASE,
    AgentId,
    Completion,
    Gradient,
    Label,
    MetricKey,
    ScoredSample,
    SoftLabel,
    Target,
)
from tests.toys import ANN, BOB, RecordingBackend, example, target


def credit(advantage: float = 1.0, agent=ANN) -> ScoredSample:
    return ScoredSample(agent, Completion("two", (1, 2), (3, 4), (-0.1, -0.2)), advantage)


def learner(engine: RecordingBackend, **settings) -> PopulationLearner:
    return PopulationLearner(
        engine, policy_lr=0.1, sft_lr=0.01, **{"batch_size": 8, **settings}
    )


def test_a_batch_has_at_most_the_set_number_of_targets_per_agent() -> None:
    ann, bob = [target(ANN, w) for w in (1, 2, 3, 4, 5)], [target(BOB, w) for w in (6, 7)]
    assert batches_of([ann[0], bob[0], *ann[1:], bob[1]], 2) == [
        [ann[0], ann[1], bob[0], bob[1]],
        [ann[2], ann[3]],
        [ann[4]],
    ]
    assert batches_of([], 2) == []


def test_the_supervised_loss_is_a_mean_over_an_agents_own_tokens() -> None:
    found = mean_weights(
        [target(ANN, 1.0, tokens=2), target(ANN, 0.5, tokens=6), target(BOB, 1.0, tokens=4)]
    )
    assert [t.weight for t in found] == [1 / 8, 0.5 / 8, 1 / 4]
    assert [len(t.tokens) for t in found] == [2, 6, 4]


def test_advantages_are_divided_by_the_agents_completions_and_a_constant_length() -> None:
    found = policy_targets([credit(1.0), credit(-0.5), credit(2.0, BOB)])
    assert [t.weight for t in found] == [1 / 64, -0.5 / 64, 2 / 32]


def test_training_uses_exactly_the_sampled_tokens() -> None:
    (found,) = policy_targets([credit()])
    assert (found.agent, found.prompt_tokens, found.tokens, found.logprobs) == (
        ANN,
        (1, 2),
        (3, 4),
        (-0.1, -0.2),
    )


def test_one_policy_step_and_then_the_imitation_steps() -> None:
    engine = RecordingBackend()
    metrics = learner(engine, batch_size=2).update(
        [credit(), credit(-1.0, BOB)], [example(ANN)] * 3 + [example(BOB)]
    )
    assert [(purpose, rates) for purpose, rates, _, _ in engine.steps] == [
        ("policy", {ANN: 0.1, BOB: 0.1}),
        ("imitation", {ANN: 0.01, BOB: 0.01}),
        ("imitation", {ANN: 0.01}),
    ]
    assert [len(targets) for _, _, targets, _ in engine.steps] == [2, 3, 1]
    assert metrics == {
        "samples/policy": 2,
        "samples/sft": 4,
        "loss/policy": 0.5,
        "loss/imitation": 0.5,
        "clip_fraction": 0.125,
        "grad_norm/policy": 1.0,
        "grad_noise/policy": 0.25,
        "grad_signal/policy": 0.75,
        "grad_norm/imitation": 1.0,
        "entropy": pytest.approx(0.15),
        "response_length": 2.0,
        "nonfinite_steps": 0,
    }


def test_the_weights_of_a_step_are_those_of_its_loss() -> None:
    engine = RecordingBackend()
    learner(engine).update(
        [credit(1.0), credit(-1.0)], [example(text="abc"), example(text="a", weight=0.5)]
    )
    (_, _, policy, _), (_, _, imitation, _) = engine.steps
    assert policy == policy_targets([credit(1.0), credit(-1.0)])
    assert [t.weight for t in imitation] == [1 / 4, 0.5 / 4]


def test_policy_steps_use_the_chosen_loss_and_imitation_the_likelihood() -> None:
    engine, clipped = RecordingBackend(), PPOClip(low=0.2, high=0.3)
    learner(engine, loss=as_part(clipped), epochs=3).update([credit()], [example()])
    assert [(purpose, loss) for purpose, _, _, loss in engine.steps] == [
        ("policy", clipped),
        ("policy", clipped),
        ("policy", clipped),
        ("imitation", policy_gradient),
    ]


def test_a_gradient_that_is_not_finite_is_counted_as_a_skipped_step() -> None:
    engine = RecordingBackend({ANN: Gradient(nan, nan), BOB: Gradient(inf, nan)})
    both = [example(ANN), example(BOB), example("cat")]
    found = learner(engine).update([credit(1.0, a) for a in (ANN, BOB, "cat")], both)
    skipped = {key: value for key, value in found.items() if "nonfinite" in str(key)}
    assert skipped == {
        "nonfinite_steps": 4,
        **{
            MetricKey(f"nonfinite_steps/{purpose}", agent): 1
            for agent in (ANN, BOB)
            for purpose in ("policy", "imitation")
        },
    }
    assert found["grad_norm/policy"] == found["grad_norm/imitation"] == 1.0
    assert (
        learner(RecordingBackend({ANN: Gradient(nan, nan)})).update([credit()], [])[
            "nonfinite_steps"
        ]
        == 1
    )


def test_gradient_noise_and_signal_are_means_over_agents_with_estimates() -> None:
    """Bob's signal is not below zero; Cat's rows were all in one half."""
    engine = RecordingBackend(
        {ANN: Gradient(2.0, 1.0), BOB: Gradient(1.0, 3.0), "cat": Gradient(9.0, nan)}
    )
    metrics = learner(engine).update([credit(1.0, a) for a in (ANN, BOB, "cat")], [])
    assert (
        metrics["grad_norm/policy"],
        metrics["grad_noise/policy"],
        metrics["grad_signal/policy"],
    ) == (4.0, 2.0, 1.5)


def test_without_noise_estimates_there_is_no_noise_metric() -> None:
    metrics = learner(RecordingBackend({ANN: Gradient(2.0, nan)})).update([credit()], [])
    assert set(metrics) == {
        "entropy",
        "response_length",
        "samples/policy",
        "samples/sft",
        "loss/policy",
        "clip_fraction",
        "grad_norm/policy",
        "nonfinite_steps",
    }


@pytest.mark.parametrize(
    ("credits", "examples", "purposes"),
    [(0, 0, []), (1, 0, ["policy"]), (0, 1, ["imitation"])],
)
def test_without_samples_or_demonstrations_there_is_no_step(
    credits: int, examples: int, purposes: list[str]
) -> None:
    engine = RecordingBackend()
    metrics = learner(engine).update([credit()] * credits, [example()] * examples)
    assert [step[0] for step in engine.steps] == purposes
    assert {k for k in metrics if k.startswith("grad_norm/")} == {
        f"grad_norm/{p}" for p in purposes
    }


def test_the_divergence_from_the_base_is_measured_where_it_is_asked_for() -> None:
    """r = p_base / p_policy is 1 at the first token and 1/2 at the second; k3 = r - 1 - log r."""
    engine = RecordingBackend(base_logprobs=(-0.1, -0.2 - log(2)))
    metrics = learner(engine, measures_kl=True).update([credit()], [])
    assert metrics["kl/base"] == pytest.approx((0 + (0.5 - 1 + log(2))) / 2)
    assert engine.scored == [("kl", BASE)]
    (_, _, (target,), _) = engine.steps[0]
    assert target.agent == ANN
    assert target.ref_logprobs == (-0.1, -0.2 - log(2))


def test_without_the_wish_for_it_nothing_is_scored_by_the_base() -> None:
    engine = RecordingBackend()
    assert "kl/base" not in learner(engine).update([credit()], [])
    assert engine.scored == []


def test_a_loss_that_stays_near_the_base_gets_its_log_probabilities() -> None:
    engine = RecordingBackend(base_logprobs=(-1.0, -1.0))
    loss = PPOClipConfig(kl_weight=0.1)
    assert "kl/base" in learner(engine, loss=loss).update([credit()], [])


class LabellingBackend(RecordingBackend):
    """A label's hidden states are the target that was read."""

    def label(self, targets: Sequence[Target], purpose: str) -> list[Label | None]:
        self.scored += [(purpose, target.agent) for target in targets]
        return [Label(target) for target in targets]


def labelled(weight: float = 0.75, agent=ANN, tokens: int = 2):
    return target(agent, 0.0, tokens)._replace(labels=(SoftLabel(Label(), weight),))


def test_labelled_targets_are_spread_over_the_supervised_steps() -> None:
    plain = [target(ANN, w) for w in (1, 2, 3, 4)] + [target(BOB, 5)]
    soft = [labelled(1), labelled(2), labelled(3, BOB)]
    of_ann = [t for t in spread(plain, soft) if t.agent == ANN]
    assert of_ann == [plain[0], soft[0], *plain[1:3], soft[1], plain[3]]
    assert sorted(map(id, spread(plain, soft))) == sorted(map(id, plain + soft))


def test_a_label_weighs_as_a_share_of_its_agents_mean_over_tokens() -> None:
    engine = RecordingBackend({ANN: Gradient(1.0, 0.25, 0.5, divergence=0.25)})
    metrics = learner(engine).update([], [example(text="ab")], [labelled(0.75, tokens=6)])
    ((purpose, _, (one, other), _),) = engine.steps
    assert purpose == "imitation"
    assert (one.weight, one.labels) == (1 / 8, ())
    assert [soft.weight for soft in other.labels] == [0.75 / 8]
    assert metrics["samples/labelled"] == 1
    assert metrics["divergence/imitation"] == 0.25


def test_the_base_labels_supervised_texts_for_the_regulariser() -> None:
    engine = LabellingBackend()
    learner(engine, base_kl_weight=0.5).update(
        [credit()], [example()], [labelled(tokens=3)]
    )
    assert engine.scored == [("kl", BASE)] * 2
    policy, imitation = (targets for _, _, targets, _ in engine.steps)
    assert not policy[0].labels, "not of the policy update"
    tokens = sum(len(t.tokens) for t in imitation)
    for t in imitation:
        soft = t.labels[-1]
        assert soft.label.hidden.tokens == t.tokens
        assert (soft.weight, soft.divergence) == (0.5 / tokens, "reverse_kl")
    assert sorted(len(t.labels) for t in imitation) == [1, 2]


def test_weights_decay_in_every_step(monkeypatch: pytest.MonkeyPatch) -> None:
    engine, decays = RecordingBackend(), []
    train = engine.train

    def note(step: TrainStep) -> dict[AgentId, Gradient]:
        decays.append((step.purpose, step.weight_decay))
        return train(step)

    monkeypatch.setattr(engine, "train", note)
    learner(engine, weight_decay=2.0).update([credit()], [example()])
    assert decays == [("policy", 2.0), ("imitation", 2.0)]
