"""Compiled functions that are wrong are not used."""

import logging
from types import SimpleNamespace

import pytest
import torch

from docendo.engines.cpu.selfcheck import is_faster
from docendo.engines.local.engine import LocalEngine
from docendo.engines.local.model_names import TINY
from docendo.engines.model.llama import LlamaStack
from tests.engines.toys import AGENTS, ALPHA, CPU, RANK, open_toy, wake

DTYPES = [torch.float32, torch.bfloat16]


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
