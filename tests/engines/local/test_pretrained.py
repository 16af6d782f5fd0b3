"""What transformers cannot load, or would load only in part, is refused in one line."""

import json
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

from docendo.engines.local.bundled_models import build_tiny_model
from docendo.engines.local.pretrained import load_pretrained, one_line, refusing
from docendo.errors import UserError


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for part in build_tiny_model():
        part.save_pretrained(tmp_path)
    return tmp_path


def load(folder: Path) -> None:
    location = {"pretrained_model_name_or_path": str(folder)}
    load_pretrained("own", location, torch.float32)


def test_a_model_that_lacks_weights_is_refused_and_not_filled_with_noise(
    folder: Path,
) -> None:
    load(folder)
    weights = load_file(folder / "model.safetensors")
    del weights["model.layers.1.mlp.up_proj.weight"]
    save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})
    with pytest.raises(UserError, match=r"lacks 1 weights, .* model.layers.1.mlp.up_proj"):
        load(folder)


def test_weights_of_another_shape_are_one_line(folder: Path) -> None:
    weights = load_file(folder / "model.safetensors")
    weights["model.norm.weight"] = torch.ones(3)
    save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})
    with pytest.raises(UserError, match="model 'own' cannot be loaded: ") as refusal:
        load(folder)
    assert "\n" not in str(refusal.value)


@pytest.mark.parametrize("method", ["gptq", "awq", "fp8", "mxfp4", "bitsandbytes"])
def test_weights_of_few_bits_are_refused_with_what_to_take_instead(
    folder: Path, method: str
) -> None:
    config = json.loads((folder / "config.json").read_text())
    config["quantization_config"] = {"quant_method": method, "bits": 4}
    (folder / "config.json").write_text(json.dumps(config))
    with pytest.raises(UserError, match=f"quantised .{method}., .* or a GGUF file"):
        load(folder)


def test_any_failure_of_a_models_own_code_is_one_line() -> None:
    with (
        pytest.raises(UserError, match="model 'own' cannot be used: KeyError: 'plan'"),
        refusing("own"),
    ):
        raise KeyError("plan")


def test_of_an_error_without_words_its_kind_is_told() -> None:
    assert one_line(ValueError("\n a\nb")) == "a"
    assert one_line(KeyError()) == "KeyError"
