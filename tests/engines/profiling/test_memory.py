"""Bytes by formula are those that a loaded model takes."""

import torch

from docendo.engines.local.memory_budget import read_sizes
from docendo.engines.profiling.memory import ModelSizes
from tests.engines.toys import RANK, open_toy


def test_qwen_s_seven_billion_have_adapters_of_forty_million() -> None:
    """Rank 16 on 28 layers: 40,370,176 numbers, as PEFT counts them; a cache of 57,344 bytes a token."""
    sizes = ModelSizes(0, 28, 3584, 18944, 28, 4, 128, 152_064)
    assert 16 * sizes.adapter_columns == 40_370_176
    assert sizes.cache_bytes(itemsize=2) == 57_344


def test_adapters_served_copies_and_cache_are_those_of_a_loaded_model() -> None:
    engine = open_toy()
    sizes = read_sizes("tiny", torch.float32, False)
    assert RANK * sizes.adapter_columns == engine.bank.size
    served = sum(p.a_SCd.numel() + p.b_SCo.numel() for p in engine.bank.projections)
    assert RANK * sizes.served_columns == served
    assert sizes.cache_bytes(itemsize=4) == engine.model.kv_cache_bytes
