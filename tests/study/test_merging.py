"""Several adapters as one."""

import sys
from pathlib import Path

import pytest
import torch
from peft import PeftModel
from safetensors.torch import load_file
from torch import Tensor

from docendo.engines.local.bundled_models import build_tiny_model
from docendo.engines.local.engine import LocalEngine
from docendo.engines.local.peft_format import save_adapter
from docendo.errors import UserError
from docendo.records import AgentId
from docendo.study.merging import MERGE_METHODS, MERGED, build_merged_backend
from tests.engines.toys import CPU, PEFT_WARNS, logits, open_toy, wake
from tests.study.leagues import AGENTS, config

pytestmark = pytest.mark.filterwarnings(PEFT_WARNS)
RANK, ALPHA = 3, 6.0
LEAGUE = config(
    engine={
        "device": "cpu",
        "dtype": "float32",
        "kernels": "torch",
        "rank": RANK,
        "alpha": ALPHA,
    }
)
PROMPTS = [[5], [9, 200, 31, 77], [*range(1, 250, 3)]]


@pytest.fixture(scope="module")
def experts() -> LocalEngine:
    """Three agents whose adapters differ."""
    engine = open_toy("tiny", RANK, ALPHA, torch.float32, CPU)
    for i, name in enumerate(AGENTS):
        engine.bank.add(AgentId(name), i)
        wake(engine, AgentId(name))
    return engine


def changes(engine: LocalEngine, agent: str, folder: Path) -> dict[str, Tensor]:
    """What an adapter adds to the weights of each layer."""
    save_adapter(engine.bank, AgentId(agent), folder, "tiny")
    saved, scale = load_file(folder / "adapter_model.safetensors"), engine.bank.scale
    layers = [
        name.removesuffix(".lora_A.weight")
        for name in saved
        if name.endswith(".lora_A.weight")
    ]
    return {
        f: scale * saved[f"{f}.lora_B.weight"] @ saved[f"{f}.lora_A.weight"] for f in layers
    }


def test_the_average_of_adapters_is_the_average_of_their_weight_updates(
    experts: LocalEngine, tmp_path: Path
) -> None:
    merged = changes(
        build_merged_backend(experts, LEAGUE, "average"), MERGED, tmp_path / "merged"
    )
    single = [changes(experts, name, tmp_path / name) for name in AGENTS]
    assert merged.keys() == single[0].keys()
    for layer, change in merged.items():
        wanted = sum(of[layer] for of in single) / len(single)
        assert wanted.abs().max() > 0.01
        torch.testing.assert_close(change, wanted, atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize("way", MERGE_METHODS)
def test_a_merged_adapter_gives_the_same_outputs_in_the_engine_and_in_peft(
    way: str, experts: LocalEngine, tmp_path: Path
) -> None:
    merged = build_merged_backend(experts, LEAGUE, way)
    save_adapter(merged.bank, MERGED, tmp_path, "tiny")
    bare = build_tiny_model()[0].eval()
    bare.set_attn_implementation("sdpa")
    model = PeftModel.from_pretrained(bare, tmp_path)
    for ids in PROMPTS:
        with torch.no_grad():
            wanted = model(torch.tensor([ids])).logits[0]
        torch.testing.assert_close(
            logits(merged, MERGED, ids), wanted, atol=1e-5, rtol=1e-5
        )


def test_ties_merging_keeps_layers_and_shapes_and_differs_from_the_average(
    experts: LocalEngine, tmp_path: Path
) -> None:
    ties, average = (
        changes(build_merged_backend(experts, LEAGUE, way), MERGED, tmp_path / way)
        for way in ("ties", "average")
    )
    single = changes(experts, "ada", tmp_path / "ada")
    assert {n: x.shape for n, x in ties.items()} == {n: x.shape for n, x in single.items()}
    assert all(x.isfinite().all() for x in ties.values())
    assert all((ties[n] - average[n]).abs().max() > 1e-3 for n in ties)
    assert build_merged_backend(experts, LEAGUE, "ties").bank.rank == RANK * len(AGENTS)


def test_without_peft_the_error_names_the_package_to_install(
    experts: LocalEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "peft", None)
    with pytest.raises(UserError, match=r"peft is missing; run: .*'docendo\[study\]'"):
        build_merged_backend(experts, LEAGUE, "average")
