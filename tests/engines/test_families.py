"""Models of other families, randomly initialised and saved as anybody would: used by path, or refused with a reason."""

import pytest
import torch
import transformers

from docendo.engines.cpu.decode import CpuStack
from docendo.engines.cpu.library import load_kernels
from docendo.engines.local.bundled_models import build_tiny_model
from docendo.errors import UserError
from docendo.records import AgentId, Message, Request
from tests.engines.toys import open_toy

SIZES = {
    "hidden_size": 48,
    "intermediate_size": 96,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "max_position_embeddings": 256,
    "head_dim": 12,
    "bos_token_id": None,
    "eos_token_id": 0,
    "pad_token_id": 0,
}


def saved(folder, family: str, **more) -> str:
    _, tokenizer = build_tiny_model()
    config = getattr(transformers, f"{family}Config")(
        vocab_size=len(tokenizer), **SIZES, **more
    )
    torch.manual_seed(0)
    getattr(transformers, f"{family}ForCausalLM")(config).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return str(folder)


@pytest.mark.parametrize("compiled", [False, load_kernels(torch.float32) is not None])
@pytest.mark.parametrize("family", ["Llama", "Qwen2", "Qwen3", "Mistral"])
def test_model_families_with_plain_attention_load_from_a_path(tmp_path, family, compiled):
    engine = open_toy(
        saved(tmp_path, family), 2, 4.0, torch.float32, torch.device("cpu"), compiled
    )
    assert isinstance(engine.network.stack, CpuStack) == (compiled and family != "Qwen3")
    engine.bank.add(AgentId("ann"), 0)
    (completion,) = engine.sample(
        [Request(AgentId("ann"), (Message("user", "1 + 1?"),), 0, max_tokens=4)]
    )
    assert 1 <= len(completion.tokens) <= 4


def test_a_model_family_with_logit_softcapping_is_refused(tmp_path):
    path = saved(tmp_path, "Gemma2", final_logit_softcapping=0.01)
    with pytest.raises(UserError, match="its logits by"):
        open_toy(path, 2, 4.0, torch.float32, torch.device("cpu"))
