"""Compiled functions that are wrong are not used."""

import logging
from ctypes import CDLL
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from torch import Tensor

from docendo.engines.cpu import selfcheck
from docendo.engines.cpu.decode import sample_tokens_compiled
from docendo.engines.cpu.library import load_kernels
from docendo.engines.cpu.selfcheck import is_faster, sampling_agrees
from docendo.engines.local.engine import LocalEngine
from docendo.engines.local.model_names import TINY
from docendo.engines.model.llama import LlamaStack
from tests.engines.toys import AGENTS, ALPHA, CPU, RANK, open_toy, wake

DTYPES = [torch.float32, torch.bfloat16]
needs_compiler = pytest.mark.skipif(
    load_kernels(torch.float32) is None, reason="no C compiler"
)


def opened(dtype: torch.dtype, compiled: bool = True) -> LocalEngine:
    engine = open_toy(TINY, RANK, ALPHA, dtype, CPU, compiled)
    for agent in AGENTS:
        engine.bank.add(agent, 1)
        wake(engine, agent)
    return engine


def nothing(*_: object) -> None:
    """A function that leaves its outputs as they were."""


BETWEEN = (
    "normalise",
    "normalise_back",
    "gated",
    "gated_back",
    "soften_rows",
    "soften_back",
    "totals",
    "shares",
)


WRONG = SimpleNamespace(
    join=nothing,
    gate=nothing,
    attend=nothing,
    draw=nothing,
    panel_width=int,
    **dict.fromkeys(BETWEEN, nothing),
)


def test_wrong_compiled_functions_are_not_chosen_however_fast() -> None:
    assert not is_faster(WRONG, torch.float32, threads=1)  # type: ignore[arg-type]


@needs_compiler
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("vocabulary", [300, 151_936])
def test_sampling_is_right_whatever_the_size_of_the_vocabulary(
    dtype: torch.dtype, vocabulary: int
) -> None:
    library = load_kernels(dtype)
    assert library is not None
    assert sampling_agrees(library, torch.empty(vocabulary, 0, dtype=dtype))


@needs_compiler
def test_sampling_with_a_number_that_is_slightly_wrong_is_noticed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def draw(library: CDLL, logits: Tensor, heat: Tensor, uniform: Tensor) -> Any:
        return sample_tokens_compiled(library, logits, heat, uniform + 1e-4)

    monkeypatch.setattr(selfcheck, "sample_tokens_compiled", draw)
    library = load_kernels(torch.float32)
    assert library is not None
    assert not sampling_agrees(library, torch.empty(151_936, 0))


def test_functions_wrong_for_a_model_are_not_used_with_a_single_warning(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("docendo.engines.local.engine.load_kernels", lambda dtype: WRONG)
    with caplog.at_level(logging.WARNING, "docendo"):
        engine = opened(torch.float32)
    assert isinstance(engine.network.stack, LlamaStack)
    assert [r.getMessage() for r in caplog.records] == [
        "the compiled functions do not agree with PyTorch's here; working without them"
    ]
