import pytest
import torch

from docendo.engines.local.engine import LocalEngine
from docendo.engines.local.model_names import TINY
from docendo.errors import UserError
from docendo.records import BASE, AgentId
from tests.engines.toys import (
    ALPHA,
    ANN,
    BOB,
    CAT,
    CPU,
    RANK,
    fresh,
    logits,
    open_toy,
    plain,
)

IDS = [5, 80, 33, 7, 120]


def test_a_new_adapter_does_not_change_the_model() -> None:
    engine = fresh()
    before = logits(engine, BASE, IDS)
    engine.bank.add(ANN, 1)
    assert torch.equal(logits(engine, ANN, IDS), before)
    with torch.no_grad():
        torch.testing.assert_close(
            before, plain()(torch.tensor([IDS])).logits[0], atol=1e-5, rtol=0
        )


def test_an_adapters_start_depends_on_its_name_and_the_seed_alone() -> None:
    one, two = fresh(), fresh()
    one.bank.add(ANN, 1)
    one.bank.add(BOB, 1)
    two.bank.add(BOB, 1)
    assert torch.equal(one.bank.weights_SP[2], two.bank.weights_SP[1])
    assert not torch.equal(one.bank.weights_SP[2], one.bank.weights_SP[1])


def test_a_clone_answers_alike_until_it_is_trained() -> None:
    engine = fresh(ANN)
    engine.bank.clone(ANN, CAT)
    before = logits(engine, ANN, IDS)
    assert torch.equal(logits(engine, CAT, IDS), before)
    next(iter(engine.bank.matrices(CAT).values()))[1].zero_()
    engine.bank.refresh()
    assert torch.equal(logits(engine, ANN, IDS), before)
    assert not torch.equal(logits(engine, CAT, IDS), before)


def test_copying_overwrites_one_agent_and_changes_no_other() -> None:
    bank = fresh(ANN, BOB, CAT).bank
    before = bank.weights_SP.clone()
    bank.copy(ANN, CAT)
    assert torch.equal(bank.weights_SP, before[[0, 1, 2, 1]])


def test_a_mutation_is_as_large_as_the_matrix_it_changes() -> None:
    bank = fresh(ANN, BOB).bank
    before = {n: (a.clone(), b.clone()) for n, (a, b) in bank.matrices(ANN).items()}
    bank.mutate(ANN, 0.5, 3)
    for name, pair in bank.matrices(ANN).items():
        for new, old in zip(pair, before[name], strict=True):
            assert float((new - old).norm() / old.norm()) == pytest.approx(0.5, rel=0.25)
    assert torch.equal(bank.weights_SP[2], fresh(ANN, BOB).bank.weights_SP[2])
    again = fresh(BOB, ANN).bank
    again.mutate(ANN, 0.5, 3)
    assert torch.equal(bank.weights_SP[1], again.weights_SP[2])
    again.mutate(ANN, 0.0, 4)
    assert torch.equal(bank.weights_SP[1], again.weights_SP[2])


def test_a_mutated_new_adapter_still_does_not_change_the_model() -> None:
    engine = fresh()
    engine.bank.add(ANN, 1)
    engine.bank.mutate(ANN, 0.5, 3)
    assert not any(b.any() for _, b in engine.bank.matrices(ANN).values())


@pytest.mark.parametrize("scale", [-0.1, float("nan"), float("inf")])
def test_a_mutation_of_negative_size_is_refused(scale: float) -> None:
    with pytest.raises(UserError, match="expected a number from 0"):
        fresh(ANN).bank.mutate(ANN, scale, 0)


def test_a_cross_takes_each_layer_from_one_parent_and_some_from_both() -> None:
    bank = fresh(ANN, BOB, CAT).bank
    bank.cross(ANN, BOB, CAT, 5)
    took = []
    for child, *parents in zip(
        *(bank.matrices(x).values() for x in (CAT, ANN, BOB)), strict=True
    ):
        same = [all(map(torch.equal, child, parent)) for parent in parents]
        assert sum(same) == 1
        took.append(same[0])
    assert {True, False} == set(took)
    other = fresh(ANN, BOB, CAT).bank
    other.cross(ANN, BOB, CAT, 6)
    assert not torch.equal(other.weights_SP[3], bank.weights_SP[3])
    assert torch.equal(other.weights_SP[:3], bank.weights_SP[:3])


def test_a_cross_may_overwrite_one_of_its_parents() -> None:
    bank, aside = fresh(ANN, BOB).bank, fresh(ANN, BOB).bank
    bank.cross(ANN, BOB, BOB, 5)
    for name, (a, b) in bank.matrices(BOB).items():
        parents = [aside.matrices(x)[name] for x in (ANN, BOB)]
        assert any(torch.equal(a, p[0]) and torch.equal(b, p[1]) for p in parents)


def test_layers_use_the_weights_after_copy_mutation_and_cross() -> None:
    engine = fresh(ANN, BOB)
    seen = [logits(engine, BOB, IDS)]
    for change in (
        lambda bank: bank.copy(ANN, BOB),
        lambda bank: bank.mutate(BOB, 0.5, 1),
        lambda bank: bank.cross(ANN, BOB, BOB, 1),
    ):
        change(engine.bank)
        seen.append(logits(engine, BOB, IDS))
        assert not torch.equal(seen[-1], seen[-2])


@pytest.mark.parametrize("name", [ANN, BASE])
def test_two_agents_of_one_name_are_refused(name: AgentId) -> None:
    bank = fresh(ANN).bank
    with pytest.raises(UserError, match=f"already an agent named '{name}'"):
        bank.add(name, 1)
    with pytest.raises(UserError, match=f"already an agent named '{name}'"):
        bank.clone(ANN, name)


def test_copying_the_base_or_an_unknown_agent_is_refused() -> None:
    bank = fresh(ANN).bank
    with pytest.raises(UserError, match="no adapter to copy"):
        bank.clone(BASE, BOB)
    with pytest.raises(UserError, match="did you mean 'ann'"):
        bank.clone(AgentId("anne"), BOB)
    for change in (
        bank.copy,
        lambda a, b: bank.cross(a, b, ANN, 0),
        lambda a, b: bank.cross(b, a, ANN, 0),
    ):
        with pytest.raises(UserError, match="no adapter to copy"):
            change(BASE, ANN)
    for change in (
        lambda: bank.copy(ANN, BASE),
        lambda: bank.mutate(BASE, 0.1, 0),
        lambda: bank.remove(BASE),
    ):
        with pytest.raises(UserError, match="no adapter"):
            change()


def test_every_linear_layer_but_the_head_is_adapted(engine: LocalEngine) -> None:
    assert len(engine.bank.layers) == 2 * 7
    assert "lm_head" not in engine.bank.layers
    assert engine.bank.weights_SP.shape == (4, engine.bank.size)


def test_in_bfloat16_adapter_weights_stay_float32_and_layers_see_updates() -> None:
    engine = open_toy(TINY, RANK, ALPHA, torch.bfloat16, CPU)
    engine.bank.add(ANN, 1)
    before = logits(engine, ANN, IDS)
    next(iter(engine.bank.matrices(ANN).values()))[1].fill_(1.0)
    assert torch.equal(logits(engine, ANN, IDS), before)
    engine.bank.refresh()
    assert not torch.equal(logits(engine, ANN, IDS), before)
    assert (engine.bank.weights_SP.dtype, engine.bank.projections[0].a_SCd.dtype) == (
        torch.float32,
        torch.bfloat16,
    )
