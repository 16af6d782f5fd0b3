"""One fused backward pass for everybody gives the gradients that each would get alone."""

from pathlib import Path

import pytest
import torch
from peft import PeftModel
from torch import Tensor

from docendo.engines.local.backward import backward, forward
from docendo.engines.local.engine import LocalEngine
from docendo.engines.local.peft_format import save_adapter
from docendo.engines.local.train_rows import pack
from docendo.learning.losses import LossInputs
from docendo.records import AgentId
from tests.engines.families import write_family
from tests.engines.live_bytes import LiveBytes
from tests.engines.toys import (
    AGENTS,
    ANN,
    PEFT_WARNS,
    gradients,
    mixture,
    open_toy,
    plain,
    surprise,
    target,
    wake,
)


def apart(one: Tensor, other: Tensor) -> float:
    """The largest relative distance of two agents' gradients."""
    gaps, sizes = (one - other).norm(dim=-1), other.norm(dim=-1)
    return float((gaps / sizes.clamp(min=1e-12)).max())


def test_a_packed_batch_of_several_agents_has_the_gradients_of_each_target_alone(
    engine: LocalEngine,
) -> None:
    alone = torch.stack([gradients(engine, [t]) for t in mixture()]).sum(0)
    assert apart(gradients(engine, mixture()), alone) < 1e-5
    assert not alone[0].any()
    assert alone[1:].any(-1).all()


@pytest.mark.parametrize(("longest", "cap"), [(1, 1024), (512, 1), (60, 150)])
def test_the_batching_of_targets_changes_no_gradient(
    engine: LocalEngine, longest: int, cap: int
) -> None:
    assert (
        apart(gradients(engine, mixture(), longest, cap), gradients(engine, mixture()))
        < 1e-5
    )


@pytest.mark.filterwarnings(PEFT_WARNS)
@pytest.mark.parametrize("agent", AGENTS)
def test_gradients_are_those_of_peft_and_plain_autograd(
    engine: LocalEngine, agent: AgentId, tmp_path: Path
) -> None:
    mine = gradients(engine, mixture())[engine.bank.slots[agent]]
    save_adapter(engine.bank, agent, tmp_path, "tiny")
    model = PeftModel.from_pretrained(plain(), tmp_path, is_trainable=True)
    for t in (t for t in mixture() if t.agent == agent):
        line = (
            model(torch.tensor([[*t.prompt_tokens, *t.tokens]])).logits[0].log_softmax(-1)
        )
        told = line[len(t.prompt_tokens) - 1 : -1].gather(
            1, torch.tensor(t.tokens)[:, None]
        )
        (-t.weight * told.sum()).backward()
    found = dict(model.named_parameters())
    theirs = [
        found[f"base_model.model.{name}.lora_{side}.default.weight"].grad.flatten()
        for name in engine.bank.layers
        for side in "AB"
    ]
    assert apart(mine, torch.cat(theirs)) < 1e-5


def test_log_probabilities_come_in_the_order_of_rows_and_targets(
    engine: LocalEngine,
) -> None:
    rows = sorted(pack(mixture(), engine.bank.slots, 512), key=lambda r: r.slot)
    with torch.no_grad():
        together = forward(engine.network, rows)
        alone = [
            forward(engine.network, [r._replace(targets=(t,))])
            for r in rows
            for t in r.targets
        ]
    torch.testing.assert_close(together, torch.cat(alone), atol=1e-5, rtol=0)


def test_the_loss_gets_the_samplers_log_probabilities_or_its_own_without_them(
    engine: LocalEngine,
) -> None:
    seen: list[tuple[Tensor, Tensor, Tensor]] = []

    def spy(inputs: LossInputs) -> Tensor:
        seen.append((inputs.logprobs_K.detach(), inputs.old_logprobs_K, inputs.weights_K))
        return surprise(inputs)

    sampled = target(ANN, "why", "ab", 3.0)._replace(logprobs=(-1.0, -2.0))
    rows = pack([sampled, target(ANN, "why", "c", 0.5)], engine.bank.slots, 512)
    backward(engine.network, rows, spy)
    engine.bank.zero_grad()
    new, old, weights = seen[0]
    assert old.tolist() == [-1.0, -2.0, float(new[2])]
    assert weights.tolist() == [3.0, 3.0, 0.5]


@pytest.mark.parametrize("family", ["qwen2", "qwen3", "gemma3_text"])
def test_layers_that_are_computed_again_have_the_same_gradients_in_less_memory(
    tmp_path: Path, family: str
) -> None:
    """To the last bit, by docendo's pass and by transformers'. Four layers: two or three times less."""
    path = str(write_family(family, tmp_path))
    found, peaks = [], []
    for recompute in (False, True):
        engine = open_toy(path, recompute=recompute)
        for agent in AGENTS:
            engine.bank.add(agent, 1)
            wake(engine, agent)
        with LiveBytes() as live:
            found.append(gradients(engine, mixture()))
        peaks.append(live.peak)
    assert torch.equal(*found)
    assert found[0].norm() > 0
    assert 1.5 * peaks[1] < peaks[0]
