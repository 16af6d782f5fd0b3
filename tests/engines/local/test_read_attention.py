"""A model's windows, heads and linear layers, as a pass of its own shows them."""

from types import SimpleNamespace

import pytest
import torch
from transformers import MistralConfig, MistralForCausalLM

from docendo.engines.local.bundled_models import build_tiny_model
from docendo.engines.local.read_attention import (
    PROBE_TOKENS,
    Attention,
    probe_ids,
    read_attention,
    short_windows,
)
from docendo.engines.model.blocks import Heads
from docendo.errors import UserError

HEADS = Heads(4, 2, 12, 12**-0.5)


def test_a_model_without_windows_looks_back_to_the_beginning() -> None:
    attention = read_attention(build_tiny_model()[0])
    assert attention.heads == HEADS._replace(windows=(None, None))
    assert "model.layers.1.mlp.down_proj" in attention.linear_names
    assert "lm_head" not in attention.linear_names
    assert len(attention.linear_names) == 14


def test_a_window_is_read_in_full_though_the_probe_is_shorter() -> None:
    config = MistralConfig(
        vocab_size=257,
        hidden_size=48,
        intermediate_size=96,
        num_hidden_layers=1,
        num_attention_heads=4,
        num_key_value_heads=2,
        sliding_window=4096,
    )
    attention = read_attention(MistralForCausalLM(config))
    assert attention.heads.windows == (4096,)
    assert config.sliding_window == 4096


def test_an_attention_that_is_called_with_more_is_refused() -> None:
    model = build_tiny_model()[0]
    attention = model.model.layers[1].self_attn
    attention.layer_idx = 0
    with pytest.raises(UserError, match="2 of its 2 layers have attention"):
        read_attention(model)


def test_a_window_as_long_as_the_longest_text_is_none() -> None:
    attention = Attention(HEADS._replace(windows=(None, 8)), frozenset())
    assert attention.within(9).heads.windows == (None, 8)
    assert attention.within(8).heads.windows == ()


def test_windows_are_short_for_a_while_and_then_as_before() -> None:
    config = SimpleNamespace(sliding_window=4096, attention_chunk_size=4, vocab_size=9)
    with short_windows(config) as sizes:
        assert (config.sliding_window, config.attention_chunk_size) == (8, 4)
        assert sizes == {8: 4096, 4: 4}
    assert (config.sliding_window, config.attention_chunk_size) == (4096, 4)


def test_a_probe_is_longer_than_a_short_window_and_within_the_vocabulary() -> None:
    ids_T = probe_ids(SimpleNamespace(vocab_size=9), torch.device("cpu"))
    assert len(ids_T) == PROBE_TOKENS > 8
    assert int(ids_T.max()) < 9
