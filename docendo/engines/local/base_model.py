"""The frozen base model: a bundled one, or any Hugging Face causal LM that fits."""

from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from docendo.engines.local.bundled_models import (
    build_tiny_model,
    embedded_folder,
    nano_folder,
)
from docendo.engines.local.gguf_files import gguf_folder
from docendo.engines.local.model_names import EMBEDDED, NANO, TINY
from docendo.engines.local.pretrained import load_pretrained
from docendo.engines.model.attention import Heads, TreeAttention
from docendo.engines.model.huggingface import ATTENTION, attend
from docendo.errors import UserError

__all__ = ["BaseModel", "load_base", "logits_of", "weights_hash"]

_HASHED_NUMBERS = 4096
"""Numbers of each tensor that go into the hash."""
_TOLERANCE = 0.05
"""Relative to the norm of states or logits; bfloat16 alone makes about one percent."""


@dataclass(frozen=True)
class BaseModel:
    name: str
    model: nn.Module
    tokenizer: Any
    config: Any

    @property
    def context(self) -> int:
        """The most tokens that a prompt and its answer may have together."""
        names = ("max_position_embeddings", "sliding_window")
        limits = [getattr(self.config, name, None) for name in names]
        return min(int(limit) for limit in limits if limit)

    @property
    def stop_ids(self) -> frozenset[int]:
        """The tokens that end an answer, as the model's generation config names them."""
        generation = getattr(self.model, "generation_config", None)
        ids = getattr(generation, "eos_token_id", None)
        if ids is None:
            return frozenset()
        return frozenset(ids if isinstance(ids, list) else [ids])

    @property
    def layers(self) -> int:
        return int(self.config.num_hidden_layers)

    @property
    def heads(self) -> Heads:
        return _heads(self.config)

    @property
    def token_numbers(self) -> int:
        """Numbers in the key-value cache for one token: keys and values of all layers."""
        return 2 * self.layers * self.heads.key * self.heads.size


def _heads(config: Any) -> Heads:
    size = getattr(config, "head_dim", None)
    if not size:
        size = config.hidden_size // config.num_attention_heads
    return Heads(config.num_attention_heads, config.num_key_value_heads, size, size**-0.5)


def load_base(
    name: str, dtype: torch.dtype, device: torch.device, trusted: bool = False
) -> BaseModel:
    """A model ready to be adapted: frozen, in evaluation mode, with docendo's attention.

    Python files that come with a model run only where it is `trusted`. Weights are read from
    safetensors alone. Raises UserError for a model that cannot be loaded or does not fit.
    """
    from transformers import AttentionInterface
    from transformers.utils import logging

    logging.disable_progress_bar()
    AttentionInterface.register(ATTENTION, attend)
    if name == TINY:
        model, tokenizer = build_tiny_model()
    else:
        location = {"pretrained_model_name_or_path": _locate(name, dtype)}
        # no pickle is read
        model, tokenizer = load_pretrained(
            name, location, dtype, trusted, use_safetensors=True
        )
    if not getattr(model, "_supports_attention_backend", False):
        raise UserError(
            f"model {name!r} is a {type(model).__name__}, whose attention cannot be "
            "replaced; use another model"
        )

    model.requires_grad_(False)
    model.to(device=device, dtype=dtype).eval()
    _check_attention_and_head(name, model, device)
    return BaseModel(name, model, tokenizer, model.config)


def _locate(name: str, dtype: torch.dtype) -> str:
    """The folder of a model that comes with docendo or is a GGUF file; other names as they are."""
    if name == EMBEDDED:
        return str(embedded_folder())
    if name == NANO:
        return str(nano_folder())
    path = Path(name)
    return str(gguf_folder(path, dtype)) if path.is_file() else name


@torch.no_grad()
def _check_attention_and_head(name: str, model: Any, device: torch.device) -> None:
    """Switches to docendo's attention. Raises UserError where states or logits change."""
    ids_T = torch.arange(100, 132, device=device) % model.config.vocab_size
    own_states_Td = model.base_model(input_ids=ids_T[None], use_cache=False)[0].float()
    model.set_attn_implementation(ATTENTION)
    inputs = _single_sequence(model, ids_T)
    states_Td = model.base_model(**inputs)[0].float()
    own_logits_TV = model(**inputs).logits.float()
    logits_TV = logits_of(model, ids_T).float()

    state_error = float((states_Td - own_states_Td).norm() / own_states_Td.norm())
    logit_error = float((logits_TV - own_logits_TV).norm() / own_logits_TV.norm())
    # not >=: an error that is not a number is one too
    if not (state_error < _TOLERANCE and logit_error < _TOLERANCE):
        raise UserError(
            f"model {name!r} is a {type(model).__name__}, which does more than plain "
            "attention and a plain output head: its states come out wrong by "
            f"{state_error:.0%} and its logits by {logit_error:.0%}; use another model"
        )


def _single_sequence(model: Any, ids_T: Tensor) -> dict[str, Any]:
    """Arguments of the model's own forward pass over one text, with docendo's attention."""
    like = model.get_input_embeddings().weight.detach()
    positions_T = torch.arange(len(ids_T), device=ids_T.device)
    return {
        "input_ids": ids_T[None],
        "position_ids": positions_T[None],
        "use_cache": False,
        "plan": TreeAttention.single(len(ids_T), _heads(model.config), like),
    }


def logits_of(model: Any, ids_T: Tensor) -> Tensor:
    """The logits of every token, (T, V), with docendo's attention and the head's weights."""
    hidden_Td = model.base_model(**_single_sequence(model, ids_T))[0][0]
    logits_TV: Tensor = hidden_Td @ model.get_output_embeddings().weight.T
    return logits_TV


def weights_hash(model: Any) -> str:
    """A hash of the name, shape and an even sample of every weight; another model differs."""
    digest = sha256()
    for name, weight in model.named_parameters():
        numbers = weight.detach().flatten()
        sample = numbers[:: max(1, len(numbers) // _HASHED_NUMBERS)]
        # the same hash, whatever number format the model was loaded in
        sample = sample.bfloat16().float().cpu()
        digest.update(f"{name} {tuple(weight.shape)}".encode())
        digest.update(sample.numpy().tobytes())
    return digest.hexdigest()
