import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from docendo.engines.local.engine import LocalEngine, open_engine
from docendo.engines.local.model_names import TINY
from docendo.engines.lora.routing import Routing
from docendo.errors import UserError
from docendo.records import BASE, AgentId
from tests.engines.toys import ALPHA, ANN, BOB, CAT, CPU, RANK, fresh, logits, plain

IDS = [5, 80, 33, 7, 120]


def test_equal_groups_are_only_a_reshape() -> None:
    routing = Routing.of([3] * 4 + [5] * 4, CPU)
    assert routing.token_F is None
    assert routing.slots == (3, 5)
    assert routing.group(torch.arange(8.0)[:, None])[:, :, 0].tolist() == [
        [0, 1, 2, 3],
        [4, 5, 6, 7],
    ]


def test_unequal_and_scattered_groups_are_padded_with_their_first_token_and_never_small() -> (
    None
):
    routing = Routing.of([4, 3, 4, 4], CPU)
    assert routing.runs == ((4, 0, 1), (3, 1, 2), (4, 2, 4))
    assert routing.group(torch.arange(4.0)[:, None])[:, :, 0].tolist() == [
        [1, 1, 1, 1],
        [0, 2, 3, 0],
    ]


@settings(deadline=None)
@given(st.lists(st.integers(0, 5), min_size=1, max_size=30), st.integers(1, 3))
def test_ungroup_undoes_group(slots: list[int], width: int) -> None:
    x = torch.arange(float(len(slots) * width)).view(-1, width)
    routing = Routing.of(slots, CPU)
    assert len(routing.slots) == 1 or torch.equal(routing.ungroup(routing.group(x)), x)


@pytest.mark.parametrize(
    "slots", [[1, 1, 2, 2], [0, 1, 1, 1, 3], [2, 1, 3, 1], [2], [0, 0], [1, 3]]
)
@pytest.mark.parametrize("training", [False, True])
def test_layers_that_share_an_input_add_each_tokens_own_update(
    engine: LocalEngine, slots: list[int], training: bool
) -> None:
    names = [f"model.layers.0.self_attn.{x}_proj" for x in "qkv"]
    (joined,) = (
        p for p in engine.bank.projections if p.members[0] is engine.bank.layers[names[0]]
    )
    x = torch.randn(len(slots), 48, generator=torch.Generator().manual_seed(0))
    routing = Routing.of(slots, CPU)
    with torch.no_grad():
        y = joined.forward(x, routing)[0] if training else joined.infer(x, routing)
    agents = {slot: agent for agent, slot in engine.bank.slots.items()}
    for t, slot in enumerate(slots):
        matrices = engine.bank.matrices(agents[slot])
        layers = [(engine.bank.layers[n].base.weight, *matrices[n]) for n in names]
        wanted = torch.cat([x[t] @ (w + ALPHA / RANK * b @ a).T for w, a, b in layers])
        torch.testing.assert_close(y[t], wanted, atol=1e-5, rtol=1e-5)


def test_a_fresh_adapter_changes_nothing() -> None:
    engine = fresh()
    before = logits(engine, BASE, IDS)
    engine.bank.add(ANN, 1)
    assert torch.equal(logits(engine, ANN, IDS), before)
    with torch.no_grad():
        torch.testing.assert_close(
            before, plain()(torch.tensor([IDS])).logits[0], atol=1e-5, rtol=0
        )


def test_adapters_start_from_their_name_and_seed_alone() -> None:
    one, two = fresh(), fresh()
    one.bank.add(ANN, 1)
    one.bank.add(BOB, 1)
    two.bank.add(BOB, 1)
    assert torch.equal(one.bank.weights_SP[2], two.bank.weights_SP[1])
    assert not torch.equal(one.bank.weights_SP[2], one.bank.weights_SP[1])


def test_a_clone_answers_alike_and_then_goes_its_own_way() -> None:
    engine = fresh(ANN)
    engine.bank.clone(ANN, CAT)
    before = logits(engine, ANN, IDS)
    assert torch.equal(logits(engine, CAT, IDS), before)
    next(iter(engine.bank.matrices(CAT).values()))[1].zero_()
    engine.bank.refresh()
    assert torch.equal(logits(engine, ANN, IDS), before)
    assert not torch.equal(logits(engine, CAT, IDS), before)


def test_a_copy_overwrites_an_agent_and_touches_nobody_else() -> None:
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


def test_a_mutated_newcomer_still_changes_nothing() -> None:
    engine = fresh()
    engine.bank.add(ANN, 1)
    engine.bank.mutate(ANN, 0.5, 3)
    assert not any(b.any() for _, b in engine.bank.matrices(ANN).values())


@pytest.mark.parametrize("scale", [-0.1, float("nan"), float("inf")])
def test_a_mutation_has_a_size(scale: float) -> None:
    with pytest.raises(UserError, match="expected a number from 0"):
        fresh(ANN).bank.mutate(ANN, scale, 0)


def test_a_cross_has_every_layer_from_one_of_its_parents_and_some_from_each() -> None:
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


def test_a_child_may_take_a_parents_place() -> None:
    bank, aside = fresh(ANN, BOB).bank, fresh(ANN, BOB).bank
    bank.cross(ANN, BOB, BOB, 5)
    for name, (a, b) in bank.matrices(BOB).items():
        parents = [aside.matrices(x)[name] for x in (ANN, BOB)]
        assert any(torch.equal(a, p[0]) and torch.equal(b, p[1]) for p in parents)


def test_layers_see_what_was_copied_mutated_and_crossed() -> None:
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
def test_a_name_is_given_once(name: AgentId) -> None:
    bank = fresh(ANN).bank
    with pytest.raises(UserError, match=f"already an agent named '{name}'"):
        bank.add(name, 1)
    with pytest.raises(UserError, match=f"already an agent named '{name}'"):
        bank.clone(ANN, name)


def test_the_base_and_strangers_cannot_be_copied() -> None:
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


def test_in_bfloat16_the_weights_stay_float32_and_layers_see_what_changed() -> None:
    engine = open_engine(TINY, RANK, ALPHA, torch.bfloat16, CPU)
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
