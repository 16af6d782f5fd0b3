"""Tiny random models of every family that transformers has, and what docendo makes of each."""

from pathlib import Path
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn
from transformers import AutoConfig, AutoModelForCausalLM

from docendo.engines.local.bundled_models import build_tiny_model
from docendo.engines.local.engine import LocalEngine
from docendo.engines.model.huggingface import HFStack
from docendo.errors import UserError
from docendo.records import Target
from tests.engines.toys import ANN, ask, gradients, open_toy, wake

FAMILIES = """
    afmoe apertus arcee bamba bitnet bloom codegen cohere cohere2 cohere2_moe deepseek_v2
    deepseek_v3 diffllama doge dots1 ernie4_5 ernie4_5_moe exaone4 exaone_moe falcon
    falcon_h1 falcon_mamba flex_olmo gemma gemma2 gemma3_text gemma3n_text glm glm4 glm4_moe
    glm4_moe_lite gpt2 gpt_bigcode gpt_neo gpt_neox gpt_oss gptj granite granite_swa
    granitemoe granitemoehybrid granitemoeshared helium hunyuan_v1_dense hunyuan_v1_moe
    hyperclovax internlm3 jamba jetmoe lfm2 lfm2_moe llama llama4_text mamba mamba2 mellum
    minicpm3 minimax minimax_m2 ministral ministral3 mistral mixtral mpt nanochat nemotron
    nemotron_h olmo olmo2 olmo3 olmoe opt persimmon phi phi3 phimoe qwen2 qwen2_moe qwen3
    qwen3_moe qwen3_next recurrent_gemma rwkv seed_oss smollm3 solar_open stablelm
    starcoder2 vaultgemma xglm xlstm youtu
""".split()  # noqa: SIM905
WINDOW = 8
SIZES = {
    "vocab_size": 257,
    "hidden_size": 64,
    "intermediate_size": 96,
    "moe_intermediate_size": 32,
    "num_hidden_layers": 4,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "head_dim": 16,
    "max_position_embeddings": 256,
    "sliding_window": WINDOW,
    "num_experts": 4,
    "num_local_experts": 4,
    "n_routed_experts": 4,
    "num_experts_per_tok": 2,
    "n_group": 1,
    "topk_group": 1,
    "n_shared_experts": 1,
    "shared_expert_intermediate_size": 32,
    "q_lora_rank": 24,
    "kv_lora_rank": 16,
    "qk_rope_head_dim": 16,
    "qk_nope_head_dim": 8,
    "v_head_dim": 12,
    "linear_num_key_heads": 2,
    "linear_num_value_heads": 4,
    "linear_key_head_dim": 8,
    "linear_value_head_dim": 8,
    "embedding_multiplier": 3.0,
    "residual_multiplier": 0.5,
    "attention_multiplier": 0.2,
    "logits_scaling": 4.0,
    "bos_token_id": None,
    "eos_token_id": 0,
    "pad_token_id": 0,
}
"""Given to a config where it has a setting of the name."""
_LATENT = {"num_key_value_heads": 4}
MORE: dict[str, dict[str, Any]] = {
    "deepseek_v2": _LATENT,
    "deepseek_v3": _LATENT,
    "gemma3n_text": {
        "intermediate_size": [96] * 4,
        "activation_sparsity_pattern": [0.5, 0.0, 0.0, 0.0],
        "hidden_size_per_layer_input": 8,
        "vocab_size_per_layer_input": 257,
        "laurel_rank": 4,
        "num_kv_shared_layers": 0,
    },
    "glm4_moe_lite": _LATENT,
    "gpt_neo": {
        "attention_types": [[["global", "local"], 2]],
        "num_layers": 4,
        "num_heads": 4,
        "window_size": WINDOW,
    },
    "lfm2": {"layer_types": ["conv", "full_attention"] * 2},
    "lfm2_moe": {"layer_types": ["conv", "full_attention"] * 2},
    "mamba2": {"num_heads": 8, "head_dim": 16, "state_size": 8},
    "minicpm3": _LATENT,
    "smollm3": {"no_rope_layers": [1, 0, 1, 1]},
    "youtu": _LATENT,
}
"""What else a family needs in order to be small, or to show what it has."""
MOST_WEIGHTS = 3_000_000


class Verdict(NamedTuple):
    works: bool
    text: str
    """The pass that is used, or the reason of the refusal."""


def tiny_config(family: str, **changes: Any) -> Any:
    plain = AutoConfig.for_model(family)
    sizes = {
        name: size
        for name, size in SIZES.items()
        if hasattr(plain, name)
        and not isinstance(getattr(type(plain), name, None), property)
    }
    return AutoConfig.for_model(family, **sizes | MORE.get(family, {}) | changes)


def write_family(family: str, folder: Path, **changes: Any) -> Path:
    """A random model whose attention is far from even, so that a wrong mask changes much."""
    config = tiny_config(family, **changes)
    with torch.device("meta"):
        count = AutoModelForCausalLM.from_config(config).num_parameters()
    assert count < MOST_WEIGHTS, f"{family} has {count:,} weights"
    torch.manual_seed(0)
    model = AutoModelForCausalLM.from_config(config, dtype=torch.float32)
    for name, parameter in model.named_parameters():
        if parameter.dim() > 1:
            nn.init.normal_(parameter, 0, 0.15)
        elif name.endswith("bias") or "sink" in name:
            nn.init.normal_(parameter, 0, 0.1)
        elif "norm" in name:
            nn.init.uniform_(parameter, 0.5, 1.5)
    model.save_pretrained(folder)
    build_tiny_model()[1].save_pretrained(folder)
    return folder


def judge(family: str, folder: Path) -> Verdict:
    """Loads the family, and where that is not refused compares it with transformers."""
    path = str(write_family(family, folder))
    try:
        engine = open_toy(path, rank=2, alpha=4.0)
    except UserError as error:
        (line,) = str(error).splitlines()
        return Verdict(False, line.rpartition(path)[2].lstrip("': "))
    compare_with_transformers(engine, path)
    fused = not isinstance(engine.network.stack, HFStack)
    return Verdict(True, "fused" if fused else "transformers'")


def compare_with_transformers(engine: LocalEngine, path: str) -> None:
    """Sampling, scoring and gradients of a new agent, of texts that are longer than the window."""
    engine.bank.add(ANN, 1)
    wake(engine, ANN)
    reference = Reference(engine, path)
    long, short = "a prompt behind which answers stand", "short"
    requests = [ask(ANN, text, seed) for seed, text in enumerate((long, short, long))]
    targets = []
    for completion in engine.sample(requests):
        target = Target(ANN, completion.prompt_tokens, completion.tokens, 0.5)
        targets.append(target)
        expected = reference.logprobs(target)
        assert torch.allclose(torch.tensor(completion.logprobs), expected, atol=1e-4)

    scores = engine.logprobs(targets, "test")
    expected = torch.cat([reference.logprobs(target) for target in targets])
    assert torch.allclose(torch.tensor([x for s in scores for x in s]), expected, atol=1e-4)

    (-0.5 * expected.sum()).backward()
    (slot,) = {engine.bank.slots[ANN]}
    ours, theirs = gradients(engine, targets)[slot], reference.gradient()
    assert float((ours - theirs).norm() / theirs.norm()) < 1e-3


class Reference:
    """transformers' own model with an agent's adapter, for autograd."""

    def __init__(self, engine: LocalEngine, path: str) -> None:
        self.model = AutoModelForCausalLM.from_pretrained(path, dtype=torch.float32).eval()
        self.model.requires_grad_(False)
        self.leaves: list[Tensor] = []
        for name, matrices in engine.bank.matrices(ANN).items():
            a, b = (x.detach().clone().requires_grad_() for x in matrices)
            self.leaves += (a, b)
            self.model.get_submodule(name).register_forward_hook(
                lambda _, x, y, a=a, b=b: y + engine.bank.scale * (x[0] @ a.T) @ b.T
            )

    def logprobs(self, target: Target) -> Tensor:
        ids = torch.tensor([[*target.prompt_tokens, *target.tokens]])
        logits = self.model(input_ids=ids, use_cache=False).logits[0]
        predictions = logits[len(target.prompt_tokens) - 1 : -1].log_softmax(-1)
        return predictions.gather(1, torch.tensor(target.tokens)[:, None])[:, 0]

    def gradient(self) -> Tensor:
        none = torch.zeros(())
        grads = [none.expand(x.shape) if x.grad is None else x.grad for x in self.leaves]
        return torch.cat([grad.flatten() for grad in grads])
