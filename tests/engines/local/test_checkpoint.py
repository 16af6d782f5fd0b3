import json
from pathlib import Path

import pytest
import torch

from docendo.engines.local.engine import LocalEngine
from docendo.engines.local.model_names import TINY
from docendo.errors import UserError
from docendo.records import BASE, AgentId
from tests.engines.toys import (
    AGENTS,
    ALPHA,
    ANN,
    BOB,
    CAT,
    CPU,
    RANK,
    ask,
    fresh,
    mixture,
    open_toy,
    surprise,
    train_step,
)


def train(engine: LocalEngine, steps: range) -> None:
    for step in steps:
        targets = [t._replace(weight=t.weight + step) for t in mixture()]
        engine.train(
            train_step(targets, surprise, {ANN: 1e-3, BOB: 2e-3, CAT: 1e-3}, "policy")
        )


def test_a_resumed_run_ends_bit_identical(tmp_path: Path) -> None:
    unbroken = fresh(*AGENTS)
    train(unbroken, range(4))
    stopped = fresh(*AGENTS)
    train(stopped, range(2))
    stopped.save(tmp_path)
    resumed = fresh()
    resumed.load(tmp_path)
    train(resumed, range(2, 4))
    assert resumed.bank.slots == unbroken.bank.slots
    assert torch.equal(resumed.bank.weights_SP, unbroken.bank.weights_SP)
    for key in ("mean_SP", "square_SP", "steps_S"):
        assert torch.equal(getattr(resumed.adam, key), getattr(unbroken.adam, key))
    requests = [ask(a, "and now?") for a in AGENTS]
    assert resumed.sample(requests) == unbroken.sample(requests)


def test_saving_a_checkpoint_changes_no_weight(tmp_path: Path) -> None:
    one, other = fresh(*AGENTS), fresh(*AGENTS)
    one.save(tmp_path)
    for engine in (one, other):
        train(engine, range(2))
    assert torch.equal(one.bank.weights_SP, other.bank.weights_SP)


def test_loading_a_checkpoint_puts_exactly_its_agents_into_their_slots(
    tmp_path: Path,
) -> None:
    fresh(CAT, ANN).save(tmp_path)
    engine = fresh(ANN, BOB)
    engine.load(tmp_path)
    assert engine.bank.slots == {BASE: 0, CAT: 1, ANN: 2}
    assert torch.equal(engine.bank.weights_SP, fresh(CAT, ANN).bank.weights_SP)


def test_a_checkpoint_without_agents_can_be_saved_and_loaded(tmp_path: Path) -> None:
    fresh().save(tmp_path)
    engine = fresh(ANN)
    engine.load(tmp_path)
    assert engine.bank.slots == {BASE: 0}


def test_no_checkpoint_file_is_a_pickle(tmp_path: Path) -> None:
    fresh(ANN).save(tmp_path)
    files = sorted(
        p.relative_to(tmp_path).as_posix() for p in tmp_path.rglob("*") if p.is_file()
    )
    assert files == [
        "ann/adapter_config.json",
        "ann/adapter_model.safetensors",
        "engine.json",
        "optimizer.safetensors",
    ]


def test_a_checkpoint_of_another_rank_or_alpha_is_refused(tmp_path: Path) -> None:
    fresh(ANN).save(tmp_path)
    for rank, alpha in ((RANK + 1, ALPHA), (RANK, ALPHA + 1)):
        engine = open_toy(TINY, rank, alpha, torch.float32, CPU)
        with pytest.raises(
            UserError, match=f"got .*'rank': 4, 'alpha': 6.0.*, expected .*'rank': {rank}"
        ):
            engine.load(tmp_path)


def test_optimizer_state_of_another_population_is_refused(tmp_path: Path) -> None:
    fresh(ANN, BOB).save(tmp_path)
    path = tmp_path / "engine.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"agents": ["ann"]}))
    engine = fresh(CAT)
    with pytest.raises(UserError, match=r"optimizer.safetensors: got .*steps_S': \(3,\)"):
        engine.load(tmp_path)
    assert CAT in engine.bank.slots


def test_a_missing_checkpoint_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"cannot read .*engine.json"):
        fresh().load(tmp_path)


@pytest.mark.parametrize("name", ["a/b", "..", "engine.json", ""])
def test_agent_names_that_cannot_be_folder_names_are_refused(
    tmp_path: Path, name: str
) -> None:
    with pytest.raises(UserError, match="expected a name that can be a folder's"):
        fresh(AgentId(name)).save(tmp_path / "state")
    assert not (tmp_path / "b").exists()


@pytest.mark.parametrize("name", ["../ann", "/somewhere/ann", "..", ""])
def test_a_checkpoint_that_names_files_outside_its_folder_is_refused(
    tmp_path: Path, name: str
) -> None:
    fresh(ANN).save(tmp_path / "state")
    path = tmp_path / "state" / "engine.json"
    path.write_text(path.read_text().replace('"ann"', json.dumps(name)))
    with pytest.raises(UserError, match="expected a list of different names of folders"):
        fresh().load(tmp_path / "state")
