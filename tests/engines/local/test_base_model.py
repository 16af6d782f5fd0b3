import pytest
import torch
from transformers import LlamaConfig, LlamaForCausalLM

from docendo.engines.local.base_model import load_base
from docendo.engines.local.model_names import EMBEDDED, TINY
from docendo.engines.model.blocks import Heads
from docendo.errors import UserError
from tests.engines.toys import ALPHA, ANN, CPU, RANK, ask, open_toy


def test_the_base_model_is_frozen_and_knows_its_bytes_per_pass() -> None:
    base = load_base(TINY, torch.float32, CPU)
    assert base.context == 1024
    assert (base.layers, base.heads, base.token_numbers) == (
        2,
        Heads(4, 2, 12, 12**-0.5),
        2 * 2 * 2 * 12,
    )
    assert not any(p.requires_grad for p in base.model.parameters())


def test_a_missing_model_is_named_in_the_error() -> None:
    with pytest.raises(UserError, match="model '/no/such/folder' cannot be loaded"):
        load_base("/no/such/folder", torch.float32, CPU)


def test_a_model_whose_head_is_not_a_plain_linear_layer_is_refused(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    config = LlamaConfig(
        vocab_size=9,
        hidden_size=8,
        intermediate_size=8,
        num_hidden_layers=1,
        num_attention_heads=2,
    )
    model = LlamaForCausalLM(config)
    model.lm_head.register_forward_hook(lambda _m, _x, logits: logits / 8)
    monkeypatch.setattr(
        "docendo.engines.local.base_model.build_tiny_model", lambda: (model, None)
    )
    with pytest.raises(UserError, match="LlamaForCausalLM, which does more than"):
        load_base(TINY, torch.float32, CPU)


def test_a_model_is_right_within_the_rounding_of_transformers_own_attentions(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def build() -> tuple[LlamaForCausalLM, None]:
        torch.manual_seed(0)
        config = LlamaConfig(
            vocab_size=160,
            hidden_size=32,
            intermediate_size=32,
            num_hidden_layers=4,
            num_attention_heads=4,
        )
        model = LlamaForCausalLM(config)
        for layer in model.model.layers:
            # scores so large that the last bit of bfloat16 decides who is attended to
            layer.self_attn.q_proj.weight.data *= 400
            layer.self_attn.k_proj.weight.data *= 400
        return model, None

    monkeypatch.setattr("docendo.engines.local.base_model.build_tiny_model", build)
    exact = load_base(TINY, torch.float32, CPU)
    rough = load_base(TINY, torch.bfloat16, CPU)
    assert exact.tolerance(1e-3) == 1e-3
    assert rough.rounding > 0.05
    assert rough.tolerance(0.05) == pytest.approx(3 * rough.rounding)


@pytest.mark.slow
def test_the_embedded_model_answers_and_loads_the_same_twice() -> None:
    said = []
    for _ in range(2):
        engine = open_toy(EMBEDDED, RANK, ALPHA, torch.float32, CPU)
        engine.bank.add(ANN, 1)
        question = ask(ANN, "What is the capital of France?", max_tokens=16, temperature=0)
        said += engine.sample([question])
    assert "Paris" in said[0].text
    assert said[0] == said[1]
