"""Training towards labels: gradients, what a step tells, and labels that cannot be learned from."""

from collections.abc import Sequence
from math import isfinite, nan
from pathlib import Path

import pytest
import torch
from peft import PeftModel
from torch.nn.functional import kl_div

from docendo.engines.local.engine import LocalEngine
from docendo.engines.local.peft_format import save_adapter
from docendo.errors import UserError
from docendo.records import BASE, AgentId, Divergence, Grammar, Label, SoftLabel, Target
from tests.engines.local.test_backward import apart
from tests.engines.toys import (
    AGENTS,
    ANN,
    BOB,
    CAT,
    PEFT_WARNS,
    fresh,
    gradients,
    mixture,
    plain,
    surprise,
    target,
    train_step,
)


def label_all(
    engine: LocalEngine,
    targets: Sequence[Target],
    readers: Sequence[Target],
    weight: float,
    kind: Divergence,
) -> list[Target]:
    """The targets with what each reader makes of the same tokens."""
    labels = engine.label(readers, "label")
    assert None not in labels
    return [
        t._replace(labels=(SoftLabel(label, weight, kind),))
        for t, label in zip(targets, labels, strict=True)
        if label
    ]


@pytest.mark.filterwarnings(PEFT_WARNS)
@pytest.mark.parametrize("kind", ["forward_kl", "reverse_kl"])
def test_gradients_of_labels_are_those_of_peft_and_plain_autograd(
    engine: LocalEngine, kind: Divergence, tmp_path: Path
) -> None:
    """Half the weight on the tokens, half on the base's distribution after another prompt."""
    one = target(ANN, "why", "because", 0.5)
    reader = target(BASE, "say why", "because")
    labelled = label_all(engine, [one], [reader], 0.5, kind)
    mine = gradients(engine, labelled)[engine.bank.slots[ANN]]

    save_adapter(engine.bank, ANN, tmp_path, "tiny")
    model = PeftModel.from_pretrained(plain(), tmp_path, is_trainable=True)
    lines = []
    for reads, t in ((model, one), (plain(), reader)):
        logits = reads(torch.tensor([[*t.prompt_tokens, *t.tokens]])).logits[0]
        lines.append(logits.log_softmax(-1)[len(t.prompt_tokens) - 1 : -1])
    own, label = lines[0], lines[1].detach()
    pair = (label, own) if kind == "reverse_kl" else (own, label)
    surprises = -own.gather(1, torch.tensor(one.tokens)[:, None]).sum()
    (0.5 * surprises + 0.5 * kl_div(*pair, log_target=True, reduction="sum")).backward()

    found = dict(model.named_parameters())
    theirs = [
        found[f"base_model.model.{name}.lora_{side}.default.weight"].grad.flatten()
        for name in engine.bank.layers
        for side in "AB"
    ]
    assert apart(mine, torch.cat(theirs)) < 1e-5


@pytest.mark.parametrize("cap", [1, 150, 1024])
def test_a_batch_with_some_labels_has_the_gradients_of_each_target_alone(
    engine: LocalEngine, cap: int
) -> None:
    readers = [t._replace(agent=BASE) for t in mixture()[::2]]
    labelled = label_all(engine, mixture()[::2], readers, 3.0, "forward_kl")
    batch = [*labelled, *mixture()[1::2]]
    alone = torch.stack([gradients(engine, [t]) for t in batch]).sum(0)
    assert apart(gradients(engine, batch, cap=cap), alone) < 1e-5
    assert apart(alone, gradients(engine, mixture())) > 0.1, "labels count"


def test_a_label_of_oneself_after_the_same_messages_pulls_nowhere(
    engine: LocalEngine,
) -> None:
    silent = [t._replace(weight=0.0) for t in mixture()]
    labelled = label_all(engine, silent, silent, 1.0, "reverse_kl")
    size = gradients(engine, mixture()).norm()
    assert gradients(engine, labelled).norm() < 1e-4 * size


def test_a_bad_label_of_one_agent_harms_nobody_else() -> None:
    """All of them stand in one batch; only the agent with the label that is no number skips its step."""
    rates = dict.fromkeys(AGENTS, 1e-3)
    engine, healthy = fresh(*AGENTS), fresh(*AGENTS)
    targets = mixture()
    bad = Label(torch.full((len(targets[0].tokens), engine.network.head_Vd.shape[1]), nan))
    targets[0] = targets[0]._replace(labels=(SoftLabel(bad, 1.0),))
    found = engine.train(train_step(targets, surprise, rates, "test"))
    expected = healthy.train(train_step(mixture(), surprise, rates, "test"))

    assert not isfinite(found[ANN].norm)
    assert engine.adam.steps_S.tolist() == [0, 0, 1, 1]
    for agent in (BOB, CAT):
        assert found[agent].norm == expected[agent].norm
        slot = engine.bank.slot(agent)
        assert torch.equal(engine.bank.weights_SP[slot], healthy.bank.weights_SP[slot])


def test_a_step_towards_a_label_lowers_the_divergence_that_it_tells() -> None:
    engine = fresh(ANN, BOB)
    t = target(ANN, "why", "because", 0.0)
    (label,) = engine.label([t._replace(agent=BOB)], "label")
    assert label is not None
    step = t._replace(labels=(SoftLabel(label, 0.25),))
    told = []
    for _ in range(3):
        gradient = engine.train(train_step([step], surprise, {ANN: 1e-3}, "test"))[ANN]
        told.append(gradient.divergence)
        assert gradient.loss == pytest.approx(0.25 * len(t.tokens) * gradient.divergence)
    assert told[0] > told[1] > told[2] > 0


def test_labels_of_another_text_or_vocabulary_are_refused() -> None:
    engine = fresh(ANN)
    t = target(ANN, "why", "so")
    width = engine.network.head_Vd.shape[1]
    for labelled, message in [
        (t._replace(labels=(SoftLabel(Label(torch.zeros(3, width)), 1.0),)), "label of 3"),
        (
            t._replace(labels=(SoftLabel(Label(logprobs=({10**6: 0.0},) * 2), 1.0),)),
            "same tok",
        ),
        (
            t._replace(
                labels=(SoftLabel(Label(torch.zeros(2, width)), 1.0),),
                grammar=Grammar("regex", "so"),
            ),
            "leave the grammar out",
        ),
    ]:
        with pytest.raises(UserError, match=message):
            engine.train(train_step([labelled], surprise, {ANN: 1e-3}, "test"))


def test_a_snapshot_labels_as_the_agent_was() -> None:
    engine = fresh(ANN)
    copy = AgentId("ann@1")
    engine.snapshot(ANN, copy)
    one = target(ANN, "why", "because")
    before, as_copy = engine.label([one, one._replace(agent=copy)], "label")
    engine.train(train_step([one], surprise, {ANN: 1e-2}, "test"))
    after, still = engine.label([one, one._replace(agent=copy)], "label")
    assert before
    assert as_copy
    assert after
    assert still
    assert torch.equal(before.hidden, as_copy.hidden)
    assert torch.equal(still.hidden, as_copy.hidden)
    assert not torch.equal(after.hidden, still.hidden)
