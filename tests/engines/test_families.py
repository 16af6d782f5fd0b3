"""Models of other families, random and saved: computed as transformers does, or refused with a reason."""

import subprocess
import sys
from pathlib import Path

import pytest
import torch

from docendo.engines.cpu.decode import CpuStack
from docendo.engines.cpu.library import load_kernels
from docendo.engines.local.bundled_models import build_tiny_model
from docendo.engines.model.huggingface import HFStack
from docendo.engines.model.llama import LlamaStack
from tests.engines.families import (
    FAMILIES,
    WINDOW,
    compare_with_transformers,
    judge,
    write_family,
)
from tests.engines.toys import CPU, open_toy

ROOT = Path(__file__).parents[2]
needs_compiler = pytest.mark.skipif(
    load_kernels(torch.float32) is None, reason="no compiler here"
)


@pytest.mark.parametrize(
    "family",
    [
        "mistral",
        "gemma3_text",
        "granite",
        "hyperclovax",
        "qwen3_moe",
        "deepseek_v3",
    ],
)
def test_a_family_samples_scores_and_learns_as_transformers_does(
    tmp_path: Path, family: str
) -> None:
    assert judge(family, tmp_path).works


RELATIVES = ["qwen3", "smollm3", "phi3", "olmo2"]


@pytest.mark.parametrize("family", RELATIVES)
def test_a_relative_of_llama_has_the_fused_pass(tmp_path: Path, family: str) -> None:
    assert judge(family, tmp_path) == (True, "fused")


@needs_compiler
@pytest.mark.parametrize("family", RELATIVES)
def test_a_relative_of_llama_is_as_exact_by_compiled_functions(
    tmp_path: Path, family: str
) -> None:
    path = str(write_family(family, tmp_path, sliding_window=None))
    engine = open_toy(path, rank=2, alpha=4.0, compiled=True)
    compare_with_transformers(engine, path)
    # the functions for sampling know no normalisation of what a layer writes
    assert isinstance(engine.network.stack, LlamaStack if family == "olmo2" else CpuStack)


def test_a_rotary_embedding_of_long_texts_is_fused_within_the_length_of_training(
    tmp_path: Path,
) -> None:
    rope = {
        "rope_type": "longrope",
        "rope_theta": 1e4,
        "short_factor": [1 + 0.1 * i for i in range(8)],
        "long_factor": [9.0] * 8,
        "factor": 2.0,
    }
    write_family(
        "phi3",
        tmp_path,
        sliding_window=None,
        rope_parameters=rope,
        original_max_position_embeddings=128,
    )
    engine = open_toy(str(tmp_path), rank=2, alpha=4.0)
    compare_with_transformers(engine, str(tmp_path))
    assert isinstance(engine.network.stack, LlamaStack)
    assert engine.base.context == 128


@pytest.mark.parametrize(
    ("family", "reason"),
    [
        ("gemma2", "it has capped attention scores"),
        ("gpt_oss", "it has attention sinks"),
        ("lfm2", "2 of its 4 layers have attention that docendo can replace"),
        ("llama4_text", "its tokens see others than all or the last ones before them"),
        ("mamba", "whose attention cannot be replaced"),
        ("nanochat", "does more than plain attention and a plain output head"),
        ("phi", "whose output head has a bias"),
        ("gpt2", "has no linear layers to adapt"),
    ],
)
def test_a_family_that_would_come_out_wrong_is_refused_with_its_reason(
    tmp_path: Path, family: str, reason: str
) -> None:
    verdict = judge(family, tmp_path)
    assert not verdict.works
    assert reason in verdict.text


@pytest.mark.slow
def test_the_page_of_models_is_what_all_families_do() -> None:
    assert len(FAMILIES) > 30
    check = [sys.executable, str(ROOT / "docs" / "make_models.py"), "--check"]
    assert subprocess.run(check, check=False).returncode == 0


def test_a_text_may_be_longer_than_the_window(tmp_path: Path) -> None:
    base = open_toy(str(write_family("gemma3_text", tmp_path))).base
    assert base.context == 256
    assert set(base.heads.windows) == {WINDOW}


def test_of_a_mixture_of_experts_the_experts_and_their_router_stay(tmp_path: Path) -> None:
    bank = open_toy(str(write_family("qwen2_moe", tmp_path))).bank
    of_first = {name.partition("layers.0.")[2] for name in bank.layers}
    assert {"self_attn.q_proj", "mlp.shared_expert.down_proj"} <= of_first
    assert not any("experts" in name or name == "mlp.gate" for name in of_first)


@needs_compiler
def test_compiled_functions_are_not_used_where_a_window_hides_tokens(
    tmp_path: Path,
) -> None:
    of_window = open_toy(str(write_family("mistral", tmp_path / "m")), compiled=True)
    assert not isinstance(of_window.network.stack, CpuStack | HFStack)
    plain = open_toy(str(write_family("qwen2", tmp_path / "q")), compiled=True)
    assert isinstance(plain.network.stack, CpuStack)


def test_a_text_of_a_changing_rotary_embedding_is_no_longer_than_in_training(
    tmp_path: Path,
) -> None:
    model, tokenizer = build_tiny_model()
    model.config.rope_parameters = {
        "rope_type": "dynamic",
        "rope_theta": 10000.0,
        "factor": 4.0,
        "original_max_position_embeddings": 64,
    }
    model.save_pretrained(tmp_path)
    tokenizer.save_pretrained(tmp_path)
    assert open_toy(str(tmp_path), device=CPU).base.context == 64
