"""The stack and the operations that a base model is computed with on this machine."""

import logging

import pytest
import torch

from docendo.engines.cpu.decode import CpuStack
from docendo.engines.cpu.library import load_kernels
from docendo.engines.local import build_network as module
from docendo.engines.local.base_model import BaseModel, load_base
from docendo.engines.local.build_network import build_network
from docendo.engines.local.model_names import TINY
from docendo.engines.lora.bank import AdapterBank
from docendo.engines.model.huggingface import HFStack
from docendo.engines.model.llama import LlamaStack
from tests.engines.toys import CPU, RANK

LIBRARY = load_kernels(torch.float32)


def tiny() -> tuple[BaseModel, AdapterBank]:
    return load_base(TINY, torch.float32, CPU), AdapterBank(RANK, 6.0, CPU, torch.float32)


def test_a_llama_is_computed_by_the_llama_stack() -> None:
    assert isinstance(build_network(*tiny()).stack, LlamaStack)


def test_a_stack_with_other_states_is_left_to_transformers(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "_states_agree", lambda *_: False)
    base, bank = tiny()
    assert isinstance(build_network(base, bank).stack, HFStack)


@pytest.mark.skipif(LIBRARY is None, reason="no compiler here")
def test_compiled_functions_are_used_for_the_llama_stack_if_they_agree() -> None:
    network = build_network(*tiny(), LIBRARY)
    assert isinstance(network.stack, CpuStack)


@pytest.mark.skipif(LIBRARY is None, reason="no compiler here")
def test_compiled_functions_that_disagree_are_not_used_with_a_warning(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(module, "products_agree", lambda *_: False)
    with caplog.at_level(logging.WARNING, "docendo"):
        network = build_network(*tiny(), LIBRARY)
    assert isinstance(network.stack, LlamaStack)
    assert "the compiled functions do not agree with PyTorch" in caplog.text
