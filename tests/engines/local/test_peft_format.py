import json
from pathlib import Path
from typing import Any

import pytest
import torch
from peft import EvaConfig, LoraConfig, PeftModel, VeraConfig, get_peft_model
from safetensors.torch import load_file, save_file
from transformers import AutoModelForCausalLM, AutoTokenizer

from docendo.engines.local.engine import LocalEngine
from docendo.engines.local.peft_format import (
    load_adapter,
    save_adapter,
    write_tensors,
)
from docendo.errors import RunError, UserError
from docendo.records import BASE, AgentId
from tests.engines.toys import (
    AGENTS,
    ALPHA,
    ANN,
    BOB,
    CAT,
    CPU,
    PEFT_WARNS,
    RANK,
    fresh,
    logits,
    open_toy,
    plain,
)

VARIANTS_WARN = "ignore:(lora with eva|aLoRA is|`lora_bias=True`|Adapter 'default'):"
"""PEFT warns of what a variant cannot do, or costs."""
pytestmark = [
    pytest.mark.filterwarnings(PEFT_WARNS),
    pytest.mark.filterwarnings(VARIANTS_WARN),
]

PROMPTS = [[5], [9, 200, 31, 77], [*range(1, 250, 3)]]


@pytest.fixture
def saved(engine: LocalEngine, tmp_path: Path) -> Path:
    save_adapter(engine.bank, ANN, tmp_path / "ann", "tiny")
    return tmp_path / "ann"


def assert_agree(model: Any, engine: LocalEngine, agent: AgentId) -> None:
    for ids in PROMPTS:
        with torch.no_grad():
            got = model(torch.tensor([ids])).logits[0]
        torch.testing.assert_close(got, logits(engine, agent, ids), atol=1e-5, rtol=1e-5)


def rewrite(folder: Path, **changes: Any) -> None:
    path = folder / "adapter_config.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))


@pytest.mark.parametrize("agent", AGENTS)
def test_peft_can_read_a_saved_adapter(
    engine: LocalEngine, agent: AgentId, tmp_path: Path
) -> None:
    save_adapter(engine.bank, agent, tmp_path, "tiny")
    assert_agree(PeftModel.from_pretrained(plain(), tmp_path), engine, agent)


def test_saved_adapters_have_the_file_names_of_peft(
    engine: LocalEngine, saved: Path, tmp_path: Path
) -> None:
    get_peft_model(
        plain(), LoraConfig(r=RANK, target_modules="all-linear")
    ).save_pretrained(tmp_path / "peft")
    mine, theirs = (
        load_file(f / "adapter_model.safetensors") for f in (saved, tmp_path / "peft")
    )
    assert {k: x.shape for k, x in mine.items()} == {k: x.shape for k, x in theirs.items()}
    assert {x.dtype for x in mine.values()} == {torch.float32}
    mine, theirs = (
        json.loads((f / "adapter_config.json").read_text())
        for f in (saved, tmp_path / "peft")
    )
    assert set(mine) <= set(theirs)
    assert set(mine["target_modules"]) == {
        name.rpartition(".")[2] for name in theirs["target_modules"]
    }
    assert (mine["r"], mine["lora_alpha"], mine["base_model_name_or_path"]) == (
        4,
        6,
        "tiny",
    )


def test_an_adapter_comes_back_bit_for_bit_into_a_new_or_an_old_agent(
    engine: LocalEngine, saved: Path
) -> None:
    other = fresh(BOB)
    load_adapter(other.bank, CAT, saved)
    load_adapter(other.bank, BOB, saved)
    assert list(other.bank.slots) == [BASE, BOB, CAT]
    assert torch.equal(other.bank.weights_SP[1], engine.bank.weights_SP[1])
    assert torch.equal(other.bank.weights_SP[2], engine.bank.weights_SP[1])


def test_an_adapter_made_by_peft_can_be_read(tmp_path: Path) -> None:
    torch.manual_seed(3)
    config = LoraConfig(
        r=RANK,
        lora_alpha=5,
        target_modules="all-linear",
        use_rslora=True,
        init_lora_weights=False,
    )
    model = get_peft_model(plain(), config).eval()
    model.save_pretrained(tmp_path)
    engine = fresh()
    load_adapter(engine.bank, ANN, tmp_path)
    assert_agree(model, engine, ANN)


def save_with_peft(config: Any, folder: Path) -> Any:
    """What PEFT loads from the adapter that it saves of this kind, after some training."""
    torch.manual_seed(4)
    model = get_peft_model(plain(), config)
    with torch.no_grad():
        for name, weights in model.named_parameters():
            if "lora_" in name:
                weights.add_(0.1 * torch.randn_like(weights))
    model.save_pretrained(folder)
    return PeftModel.from_pretrained(plain(), folder).eval()


PLAIN_LORA = {"r": RANK, "lora_alpha": 5, "target_modules": "all-linear"}


@pytest.mark.parametrize("start", [True, False, "gaussian", "orthogonal", "eva"])
def test_an_adapter_that_leaves_the_base_as_it_is_answers_as_in_peft(
    start: bool | str, tmp_path: Path
) -> None:
    eva = EvaConfig() if start == "eva" else None
    config = LoraConfig(**PLAIN_LORA, init_lora_weights=start, eva_config=eva)
    model = save_with_peft(config, tmp_path)
    engine = fresh()
    load_adapter(engine.bank, ANN, tmp_path)
    assert_agree(model, engine, ANN)


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"init_lora_weights": "pissa"}, "'init_lora_weights': 'pissa'"),
        ({"init_lora_weights": "pissa_niter_2"}, "'init_lora_weights': 'pissa_niter_2'"),
        ({"init_lora_weights": "olora"}, "'init_lora_weights': 'olora'"),
        ({"use_dora": True}, "'use_dora': True"),
        ({"lora_bias": True}, "'lora_bias': True"),
        ({"bias": "lora_only"}, "'bias': 'lora_only'"),
        ({"alora_invocation_tokens": [3, 4]}, "'alora_invocation_tokens'"),
        ({"modules_to_save": ["norm"]}, "'modules_to_save'"),
        ({"trainable_token_indices": [5]}, "'trainable_token_indices'"),
        ({"rank_pattern": {"q_proj": 2}}, "'rank_pattern'"),
        ({"alpha_pattern": {"q_proj": 9}}, "'alpha_pattern'"),
        ({"layers_to_transform": [0]}, "'layers_to_transform'"),
        ({"layer_replication": [[0, 1], [0, 1]]}, "'layer_replication'"),
    ],
)
def test_an_adapter_that_peft_reads_in_another_way_is_refused(
    changes: dict[str, Any], told: str, tmp_path: Path
) -> None:
    if "layers_to_transform" in changes or "layer_replication" in changes:
        changes = {**changes, "target_modules": ["q_proj"]}
    model = get_peft_model(plain(), LoraConfig(**{**PLAIN_LORA, **changes}))
    model.save_pretrained(tmp_path)
    bank = fresh().bank
    with pytest.raises(UserError, match=rf"adapter_config.json: got {told}"):
        load_adapter(bank, ANN, tmp_path)
    assert ANN not in bank.slots


def test_an_adapter_that_is_not_of_lora_is_refused(tmp_path: Path) -> None:
    config = VeraConfig(r=RANK, target_modules=["q_proj"])
    get_peft_model(plain(), config).save_pretrained(tmp_path)
    with pytest.raises(UserError, match="got peft_type 'VERA', expected 'LORA'"):
        load_adapter(fresh().bank, ANN, tmp_path)


def test_an_adapter_of_another_alpha_is_rescaled(engine: LocalEngine, saved: Path) -> None:
    before = logits(engine, ANN, PROMPTS[1])
    other = fresh(alpha=ALPHA * 3)
    load_adapter(other.bank, ANN, saved)
    torch.testing.assert_close(logits(other, ANN, PROMPTS[1]), before, atol=1e-5, rtol=1e-5)
    name = next(iter(engine.bank.layers))
    torch.testing.assert_close(
        other.bank.matrices(ANN)[name][1] * 3, engine.bank.matrices(ANN)[name][1]
    )


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"r": 8}, "got an adapter of rank 8, expected rank 4"),
        ({"peft_type": "IA3"}, "got peft_type 'IA3', expected 'LORA'"),
        ({"use_dora": True}, "got 'use_dora': True"),
        (
            {"bias": "all"},
            "got 'bias': 'all'; only plain LoRA can be loaded, which is without it",
        ),
        ({"rank_pattern": {"q_proj": 2}}, "got 'rank_pattern'"),
        ({"made_up\nin_2030": {"size": [1]}}, r"got 'made_up\\nin_2030': {'size': \[1\]};"),
        (
            {"init_lora_weights": "pissa_niter_4"},
            "got 'init_lora_weights': 'pissa_niter_4'",
        ),
        ({"alora_invocation_tokens": [1, 2]}, "got 'alora_invocation_tokens'"),
        ({"use_qalora": True}, "got 'use_qalora': True"),
        ({"modules_to_save": ["lm_head"]}, "got 'modules_to_save'"),
        ({"trainable_token_indices": [7]}, "got 'trainable_token_indices'"),
        ({"layer_replication": [[0, 1], [0, 1]]}, "got 'layer_replication'"),
        ({"lora_alpha": "much"}, "got lora_alpha 'much', expected a number above 0"),
    ],
)
def test_variants_of_lora_are_refused(
    saved: Path, changes: dict[str, Any], told: str
) -> None:
    rewrite(saved, **changes)
    bank = fresh().bank
    with pytest.raises(UserError, match=told):
        load_adapter(bank, ANN, saved)
    assert ANN not in bank.slots


FIRST = "base_model.model.model.layers.0.self_attn.q_proj.lora_A.weight"


@pytest.mark.parametrize(
    ("put", "told"),
    [
        ({FIRST: None}, f"misses {FIRST}"),
        ({"lm_head.lora_A.weight": torch.zeros(1)}, "has an unknown lm_head.lora_A.weight"),
        ({FIRST: torch.zeros(4, 9)}, rf"{FIRST} of shape \(4, 9\), expected \(4, 48\)"),
        ({FIRST: torch.full((4, 48), torch.nan)}, "not finite"),
    ],
)
def test_an_adapter_of_other_layers_is_refused(
    saved: Path, put: dict[str, torch.Tensor | None], told: str
) -> None:
    path = saved / "adapter_model.safetensors"
    save_file({k: x for k, x in (load_file(path) | put).items() if x is not None}, path)
    bank = fresh().bank
    with pytest.raises(UserError, match=told):
        load_adapter(bank, ANN, saved)
    assert ANN not in bank.slots


def test_missing_and_damaged_files_are_named(saved: Path, tmp_path: Path) -> None:
    bank = fresh().bank
    with pytest.raises(UserError, match=r"cannot read .*nowhere/adapter_config.json"):
        load_adapter(bank, ANN, tmp_path / "nowhere")
    (saved / "adapter_model.safetensors").write_bytes(b"half a file")
    with pytest.raises(UserError, match=r"cannot read .*adapter_model.safetensors"):
        load_adapter(bank, ANN, saved)
    (saved / "adapter_config.json").write_text("[]")
    with pytest.raises(UserError, match="got a list, expected an object"):
        load_adapter(bank, ANN, saved)


def test_the_base_takes_no_adapter_and_an_unknown_agent_has_none_to_save(
    saved: Path, tmp_path: Path
) -> None:
    bank = fresh(ANN).bank
    with pytest.raises(UserError, match="base keeps no adapter"):
        load_adapter(bank, BASE, saved)
    with pytest.raises(UserError, match="no agent named 'bob'"):
        save_adapter(bank, BOB, tmp_path / "bob", "tiny")
    assert not (tmp_path / "bob").exists()


def test_an_adapter_that_cannot_be_written_is_a_run_error(tmp_path: Path) -> None:
    with pytest.raises(RunError, match="cannot write"):
        write_tensors(tmp_path / "no" / "folder", {"x": torch.zeros(1)})


def test_a_file_that_outgrows_the_disk_is_a_run_error(tmp_path: Path) -> None:
    resource = pytest.importorskip("resource", reason="no way to limit the size of files")
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, before[1]))
    try:
        with pytest.raises(RunError, match="cannot write"):
            write_tensors(tmp_path / "x.safetensors", {"x": torch.zeros(100_000)})
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


@pytest.mark.parametrize("agent", [ANN, BASE])
def test_a_merged_model_is_a_plain_model_without_adapters(
    engine: LocalEngine, agent: AgentId, tmp_path: Path
) -> None:
    engine.save_merged(agent, tmp_path)
    assert set(load_file(tmp_path / "model.safetensors")) == set(plain().state_dict()) - {
        "lm_head.weight"
    }
    assert "docendo" not in (tmp_path / "config.json").read_text()
    assert_agree(AutoModelForCausalLM.from_pretrained(tmp_path), engine, agent)
    tokenizer = AutoTokenizer.from_pretrained(tmp_path)
    assert tokenizer.decode(engine.tokens.text("as it was")) == "as it was"


def test_a_merged_model_is_a_base_for_the_next_run(
    engine: LocalEngine, tmp_path: Path
) -> None:
    engine.save_merged(ANN, tmp_path)
    again = open_toy(str(tmp_path), RANK, ALPHA, torch.float32, CPU)
    torch.testing.assert_close(
        logits(again, BASE, PROMPTS[2]),
        logits(engine, ANN, PROMPTS[2]),
        atol=1e-5,
        rtol=1e-5,
    )
