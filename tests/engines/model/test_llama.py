"""The passes that docendo writes out are those of the model itself."""

from dataclasses import replace

import pytest

from docendo.engines.local.backward import backward
from docendo.engines.local.engine import LocalEngine
from docendo.engines.local.train_rows import micro_batches, pack
from docendo.engines.model.huggingface import HFStack
from docendo.engines.model.llama import LlamaStack
from docendo.records import BASE
from tests.engines.toys import AGENTS, ask, fresh, mixture, surprise, vary


def own(engine: LocalEngine) -> LocalEngine:
    """The engine with the forward pass that transformers has for its model."""
    plain = HFStack.of(engine.base.model.base_model, engine.bank)
    engine.bank.use_projections(plain.projections)
    return vary(engine, network=replace(engine.network, stack=plain))


def test_a_model_of_llama_architecture_uses_the_llama_stack() -> None:
    assert isinstance(fresh().network.stack, LlamaStack)


def test_the_llama_stack_and_transformers_sample_the_same_tokens() -> None:
    requests = [
        ask(agent, "what is it?" * (seed + 1), seed)
        for agent in (BASE, *AGENTS)
        for seed in range(3)
    ]
    written, plain = (e.sample(requests) for e in (fresh(*AGENTS), own(fresh(*AGENTS))))
    assert [c.tokens for c in plain] == [c.tokens for c in written]
    for one, other in zip(plain, written, strict=True):
        assert one.logprobs == pytest.approx(other.logprobs, abs=1e-5)


def test_the_llama_stack_and_transformers_give_the_same_gradients() -> None:
    found = []
    for engine in (fresh(*AGENTS), own(fresh(*AGENTS))):
        for rows in micro_batches(pack(mixture(), engine.bank.slots, 512), 100):
            backward(engine.network, rows, surprise)
        found.append(engine.bank.grads_SP.clone())
    gap = (found[0] - found[1]).norm(dim=-1) / found[1].norm(dim=-1).clamp(min=1e-9)
    assert float(gap.max()) < 1e-5


def test_a_layer_with_unexpected_parts_is_left_to_transformers() -> None:
    engine = fresh()
    body = engine.base.model.base_model
    body.config.hidden_act = "gelu"
    assert LlamaStack.of(body, engine.network.heads) is None
