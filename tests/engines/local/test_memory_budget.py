"""Limits from free memory: constants without a GPU, what fits with one, and what the user says stays."""

import pytest
import torch

from docendo.config import EngineConfig
from docendo.engines.local.bundled_models import build_tiny_model
from docendo.engines.local.memory_budget import (
    fit_limits,
    free_memory_limits,
    read_sizes,
    sizes_of,
)
from docendo.engines.profiling.memory import MemoryUse, ModelSizes, Population
from docendo.errors import UserError

SEVEN_BILLION = ModelSizes(7_615_616_512, 28, 3584, 18944, 28, 4, 128, 152_064)
EIGHT_AGENTS = Population(8, 0, 16, 2)
GB = 10**9


def on_gpu(monkeypatch: pytest.MonkeyPatch, free: int, **settings: object) -> EngineConfig:
    monkeypatch.setattr(torch.cuda, "mem_get_info", lambda: (free, free))
    table = {"device": "cuda", "dtype": "bfloat16", "rank": 2} | settings
    return EngineConfig(**table)  # type: ignore[arg-type]


def test_without_a_gpu_limits_are_constants() -> None:
    engine = EngineConfig(device="cpu", dtype="float32")
    assert free_memory_limits(engine, "no model at all", 3, 0) == (1536, "off")


def test_what_the_user_sets_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    engine = on_gpu(monkeypatch, 0, max_tokens_per_microbatch=99, recompute="off")
    assert free_memory_limits(engine, "no model at all", 3, 0) == (99, "off")


def test_a_gpu_that_holds_everything_trains_on_the_most_tokens(monkeypatch) -> None:
    assert free_memory_limits(on_gpu(monkeypatch, GB), "tiny", 3, 0) == (16_384, "off")


def test_a_user_s_tokens_that_do_not_fit_turn_recomputation_on(monkeypatch) -> None:
    engine = on_gpu(monkeypatch, 0, max_tokens_per_microbatch=99)
    assert free_memory_limits(engine, "tiny", 3, 0) == (99, "on")


def test_a_model_that_is_not_there_is_an_error_of_one_line(monkeypatch, tmp_path) -> None:
    with pytest.raises(UserError, match="cannot be loaded"):
        free_memory_limits(on_gpu(monkeypatch, GB), str(tmp_path), 3, 0)


@pytest.mark.parametrize(("free", "recompute"), [(28, "on"), (40, "on"), (80, "off")])
def test_seven_billion_weights_fit_their_card(free: int, recompute: str) -> None:
    limits = fit_limits(SEVEN_BILLION, EIGHT_AGENTS, free * GB)
    assert limits.recompute == recompute
    use = MemoryUse.of(
        SEVEN_BILLION, EIGHT_AGENTS, 0, limits.max_tokens_per_microbatch, recompute == "on"
    )
    assert use.total < 0.95 * free * GB


def test_the_sizes_of_a_model_are_read_without_its_weights() -> None:
    model, _ = build_tiny_model()
    sizes = read_sizes("nano", torch.float32, False)
    assert (sizes.layers, sizes.parameters > 10**6) == (4, True)
    assert sizes_of(model) == (54_048, 2, 48, 96, 4, 2, 12, 257)
