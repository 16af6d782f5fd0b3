"""What is seen of a layer: which parts it has, and in which order."""

import pytest
from transformers import AutoModelForCausalLM

from docendo.engines.lora.bank import AdapterBank, adapt
from docendo.engines.model.layers import Layer, read_layer
from tests.engines.families import tiny_config
from tests.engines.toys import CPU


def layers_of(family: str) -> tuple[AdapterBank, list[Layer]]:
    model = AutoModelForCausalLM.from_config(tiny_config(family))
    bank = AdapterBank(2, 4.0, CPU, model.dtype)
    adapt(model, bank)
    return bank, [read_layer(layer) for layer in model.model.layers]


def test_layers_that_are_one_already_have_one_adapter_under_their_own_name() -> None:
    bank, layers = layers_of("phi3")
    qkv = bank.layers["model.layers.0.self_attn.qkv_proj"]
    gate_up = bank.layers["model.layers.0.mlp.gate_up_proj"]
    assert list(layers[0].attention.first.members) == [qkv]
    assert list(layers[0].mlp.first.members) == [gate_up]


def test_a_norm_may_read_what_a_half_writes() -> None:
    assert layers_of("olmo2")[1][0].mlp.norm_is_last
    assert not layers_of("qwen3")[1][0].mlp.norm_is_last


def test_heads_are_normalised_one_by_one_or_all_together() -> None:
    for family, widths in (("qwen3", [16, 16]), ("olmo2", [64, 32]), ("llama", [])):
        norms = layers_of(family)[1][0].head_norms
        assert [len(norm.weight_d) for norm in norms] == widths


def test_some_layers_have_no_rotary_embedding() -> None:
    assert [layer.is_turned for layer in layers_of("smollm3")[1]] == [
        True,
        False,
        True,
        True,
    ]


@pytest.mark.parametrize("family", ["granite", "qwen3_moe", "gemma3_text"])
def test_a_layer_with_other_parts_is_not_read(family: str) -> None:
    with pytest.raises(AttributeError):
        layers_of(family)
