"""The records that the C functions read: addresses and sizes, field by field."""

import pytest
import torch

from docendo.engines.cpu.calls import adapter_update, layer_cache, layer_calls
from docendo.engines.cpu.selfcheck import random_layer
from docendo.engines.model.blocks import Heads
from docendo.engines.model.kv_cache import DecodePlan, KVCache
from docendo.engines.model.llama import LlamaStack

HEADS = Heads(query=4, key=2, size=8, scale=8**-0.5)


@pytest.fixture(scope="module")
def llama() -> LlamaStack:
    return random_layer(HEADS, torch.float32)


def plan() -> DecodePlan:
    """Two prompts of 3 and 5 tokens, and three rows."""
    cache = KVCache.allocate(1, HEADS, (2, 64), (3, 32), torch.zeros(0))
    return DecodePlan(cache, HEADS, [0, 1, 1], [3, 5])


def test_an_update_has_the_outputs_of_queries_keys_and_values(llama: LlamaStack) -> None:
    projection = llama.layers[0].attention.first
    update = adapter_update(projection)
    assert (update.inputs, update.members, update.rank) == (32, 3, 8)
    assert list(update.ends) == [0, 32, 48, 64]
    assert update.a == projection.a_SCd.data_ptr()
    assert update.b == projection.b_SCo.data_ptr()


def test_a_layers_cache_has_the_prompt_and_the_length_of_each_row() -> None:
    decoding = plan()
    record = layer_cache(decoding, 0)
    assert record.number_of_prompts == 2
    assert (record.prompt_columns, record.answer_columns) == (64, 32)
    assert record.prompts == decoding.cache.prompts[0].data_ptr()
    assert record.place == decoding.prompt_B.data_ptr()
    assert decoding.length_B.tolist() == [3, 5, 5]


def test_without_panels_there_is_no_call_for_all_layers(llama: LlamaStack) -> None:
    assert layer_calls(llama, plan()) is None
