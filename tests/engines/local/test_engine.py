"""Agents of an engine are copied, replaced and removed."""

from collections.abc import Sequence

import pytest
import torch

from docendo.engines.local.base_model import load_base
from docendo.engines.local.engine import LocalEngine
from docendo.engines.local.model_names import TINY
from docendo.errors import UserError
from docendo.records import AgentId
from tests.engines.toys import (
    AGENTS,
    ANN,
    BOB,
    CAT,
    CPU,
    fresh,
    mixture,
    open_toy,
    surprise,
    train_step,
)

DAN = AgentId("dan")


def engine_with(agent: AgentId) -> LocalEngine:
    engine = fresh()
    engine.bank.add(agent, 1)
    return engine


def test_removing_an_agent_frees_its_slot_and_changes_no_other_agent() -> None:
    engine = fresh(*AGENTS)
    engine.train(train_step(mixture(), surprise, dict.fromkeys(AGENTS, 1e-3), "policy"))
    others = [
        x[[1, 3]].clone()
        for x in (engine.bank.weights_SP, engine.adam.mean_SP, engine.adam.square_SP)
    ]
    engine.remove(BOB)
    assert BOB not in engine.bank.slots
    engine.bank.add(DAN, 1)
    assert engine.bank.slots[DAN] == 2
    assert torch.equal(engine.bank.weights_SP[2], engine_with(DAN).bank.weights_SP[1])
    assert not engine.adam.mean_SP[2].any()
    assert engine.adam.steps_S.tolist() == [0, 1, 0, 1]
    now = [
        x[[1, 3]]
        for x in (engine.bank.weights_SP, engine.adam.mean_SP, engine.adam.square_SP)
    ]
    assert all(map(torch.equal, others, now))


def test_a_snapshot_keeps_the_weights_its_agent_had() -> None:
    engine = fresh(ANN)
    engine.train(train_step(mixture()[:1], surprise, {ANN: 1e-3}, "policy"))
    before = engine.bank.weights_SP[1].clone()
    engine.snapshot(ANN, DAN)
    engine.train(train_step(mixture()[:1], surprise, {ANN: 1e-3}, "policy"))
    assert torch.equal(engine.bank.weights_SP[engine.bank.slots[DAN]], before)
    assert not torch.equal(engine.bank.weights_SP[1], before)
    assert engine.adam.steps_S.tolist() == [0, 2, 0]


@pytest.mark.parametrize("parents", [(ANN,), (ANN, BOB), (ANN, CAT)])
def test_a_replacement_inherits_its_parents_weights_and_no_optimizer_state(
    parents: Sequence[AgentId],
) -> None:
    engines = fresh(*AGENTS), fresh(*AGENTS)
    for engine in engines:
        engine.train(train_step(mixture(), surprise, dict.fromkeys(AGENTS, 1e-3), "policy"))
    replaced, by_hand = engines
    replaced.replace(CAT, parents, 0.1, 7)
    (
        by_hand.bank.cross(*parents, CAT, 7)
        if len(parents) == 2
        else by_hand.bank.copy(ANN, CAT)
    )
    by_hand.bank.mutate(CAT, 0.1, 7)
    assert torch.equal(replaced.bank.weights_SP, by_hand.bank.weights_SP)
    assert replaced.adam.steps_S.tolist() == [0, 1, 1, 0]
    assert not replaced.adam.mean_SP[3].any()


@pytest.mark.parametrize("parents", [(), (ANN, BOB, CAT)])
def test_an_agent_has_one_parent_or_two(parents: Sequence[AgentId]) -> None:
    with pytest.raises(UserError, match="expected one parent or two"):
        fresh(*AGENTS).replace(CAT, parents, 0.1, 7)


def test_a_tokenizer_with_more_tokens_than_the_model_has_rows_is_refused(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    base = load_base(TINY, torch.float32, CPU)
    base.tokenizer.add_special_tokens({"eos_token": "<stop>"})
    monkeypatch.setattr("docendo.engines.local.engine.load_base", lambda *_: base)
    with pytest.raises(
        UserError, match="has 257 rows of embeddings, and its tokenizer has token 257"
    ):
        open_toy()
