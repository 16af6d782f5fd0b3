"""The frozen base model: a bundled one, or any Hugging Face causal LM that fits."""

from dataclasses import dataclass, replace
from hashlib import sha256
from itertools import pairwise
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from docendo.engines.local.bundled_models import (
    build_tiny_model,
    embedded_folder,
    laboratory_folder,
)
from docendo.engines.local.gguf_files import gguf_folder
from docendo.engines.local.model_names import EMBEDDED, LABORATORY, TINY
from docendo.engines.local.pretrained import load_pretrained, refusing
from docendo.engines.local.read_attention import (
    PROBE_TOKENS,
    Attention,
    probe_ids,
    read_attention,
    short_windows,
)
from docendo.engines.model.attention import TreeAttention
from docendo.engines.model.blocks import Heads, build_block
from docendo.engines.model.huggingface import ATTENTION, attend, run_model
from docendo.errors import UserError

__all__ = ["EXACT_TOLERANCES", "BaseModel", "load_base", "locate", "weights_hash"]

_HASHED_NUMBERS = 4096
"""Numbers of each tensor that go into the hash."""
EXACT_TOLERANCES = {torch.float32: 1e-3}
"""By number format, relative to the norm of states or logits."""
_ROUGH_TOLERANCE = 0.05
"""The same in bfloat16, which alone makes about one percent."""
_ROUNDING_MARGIN = 3.0
_HEAD_FACTORS = ("logit_scale", "logits_scaling")
"""Settings of configs that multiply the logits, or divide them."""
_CHANGING_ROPE = ("dynamic", "longrope")
"""Rotary embeddings that change with the longest text of a batch, behind the length of training."""


@dataclass(frozen=True)
class BaseModel:
    name: str
    model: nn.Module
    tokenizer: Any
    config: Any

    attention: Attention
    context: int
    """The most tokens that a prompt and its answer may have together."""
    head_scale: float
    """What the logits are multiplied by behind the output head."""
    rounding: float = 0.0
    """How far two of transformers' own attentions are from each other, relative to the states."""

    def tolerance(self, usual: float) -> float:
        """How far states that are computed in another order may be from the model's own."""
        return max(usual, _ROUNDING_MARGIN * self.rounding)

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
        return int(self.config.get_text_config().num_hidden_layers)

    @property
    def heads(self) -> Heads:
        return self.attention.heads

    @property
    def head_Vd(self) -> Tensor:  # noqa: N802
        """The weights of the output head, with the scale of the logits in them."""
        weight_Vd: Tensor = self.model.get_output_embeddings().weight.detach()  # type: ignore[operator]
        return weight_Vd if self.head_scale == 1 else weight_Vd * self.head_scale

    @property
    def token_numbers(self) -> int:
        """Numbers in the key-value cache for one token: keys and values of all layers."""
        return 2 * self.layers * self.heads.key * self.heads.size


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
        location = {"pretrained_model_name_or_path": locate(name, dtype)}
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
    with refusing(name):
        model.to(device=device, dtype=dtype).eval()
        return _read_model(name, model, tokenizer)


def _read_model(name: str, model: Any, tokenizer: Any) -> BaseModel:
    """Switches to docendo's attention. Raises UserError where states or logits change."""
    config = model.config.get_text_config()
    own_states_Td, own_logits_TV = _own_pass(model)
    try:
        attention = read_attention(model)
    except UserError as error:
        raise UserError(
            f"model {name!r} is a {type(model).__name__}, which cannot be used: {error}"
        ) from error
    if getattr(model.get_output_embeddings(), "bias", None) is not None:
        raise UserError(
            f"model {name!r} is a {type(model).__name__}, whose output head has a bias; "
            "use another model"
        )
    rounding = 0.0
    if model.dtype not in EXACT_TOLERANCES:
        rounding = _measure_rounding(model, own_states_Td, own_logits_TV)
    context = _context(name, config)
    plain_logits_TV = own_states_Td @ model.get_output_embeddings().weight.T
    head_scale = _head_scale(config, plain_logits_TV.float(), own_logits_TV.float())
    base = BaseModel(
        name, model, tokenizer, model.config, attention, context, head_scale, rounding
    )

    model.set_attn_implementation(ATTENTION)
    states_Td = _replaced_pass(base)
    logits_TV = states_Td @ base.head_Vd.T
    state_error = _distance(states_Td, own_states_Td)
    logit_error = _distance(logits_TV, own_logits_TV)
    tolerance = base.tolerance(EXACT_TOLERANCES.get(model.dtype, _ROUGH_TOLERANCE))
    # not >=: an error that is not a number is one too
    if not (state_error < tolerance and logit_error < tolerance):
        raise UserError(
            f"model {name!r} is a {type(model).__name__}, which does more than plain "
            "attention and a plain output head: its states come out wrong by "
            f"{state_error:.1%} and its logits by {logit_error:.1%}; use another model"
        )
    return replace(base, attention=attention.within(context))


def _measure_rounding(model: Any, states_Td: Tensor, logits_TV: Tensor) -> float:
    """How far transformers' eager attention is from its fast one, which made these states."""
    # Some models (Qwen 2.5) have activations so large that in bfloat16 rounding alone moves
    # their states by a tenth.
    model.set_attn_implementation("eager")
    eager_states_Td, eager_logits_TV = _own_pass(model)
    return max(_distance(eager_states_Td, states_Td), _distance(eager_logits_TV, logits_TV))


def _head_scale(config: Any, plain_TV: Tensor, logits_TV: Tensor) -> float:
    """What the logits are multiplied by: of the factors that the config names, the one that fits."""
    factors = [getattr(config, name, None) or 1 for name in _HEAD_FACTORS]
    measured = float((plain_TV * logits_TV).sum() / plain_TV.square().sum())
    # some models divide by it
    candidates = [1.0, *factors, *(1 / factor for factor in factors)]
    return float(min(candidates, key=lambda factor: abs(factor - measured)))


def _context(name: str, config: Any) -> int:
    context = getattr(config, "max_position_embeddings", None)
    if not context:
        raise UserError(f"model {name!r}: its config names no max_position_embeddings")
    rope = getattr(config, "rope_parameters", None) or {}
    if rope.get("rope_type") in _CHANGING_ROPE:
        context = rope.get("original_max_position_embeddings") or context
    return int(context)


def _texts(base_model: Any) -> tuple[Tensor, Tensor]:
    """Two texts of different lengths, for passes that must not mix them."""
    ids_T = probe_ids(base_model.config.get_text_config(), base_model.device)
    return ids_T, ids_T[: PROBE_TOKENS // 2].flip(0)


@torch.no_grad()
def _own_pass(model: Any) -> tuple[Tensor, Tensor]:
    """States and logits of two texts as transformers computes them, one after the other."""
    states, logits = [], []
    with short_windows(model.config.get_text_config()):
        for ids_T in _texts(model):
            states.append(model.base_model(input_ids=ids_T[None], use_cache=False)[0][0])
            logits.append(model(input_ids=ids_T[None], use_cache=False).logits[0])
    return torch.cat(states), torch.cat(logits)


@torch.no_grad()
def _replaced_pass(base: BaseModel) -> Tensor:
    """The states of the same two texts, side by side in one batch, with docendo's attention."""
    texts = _texts(base.model)
    bounds = [0, len(texts[0]), len(texts[0]) + len(texts[1])]
    config = base.config.get_text_config()
    with short_windows(config) as sizes:
        short = {size: few for few, size in sizes.items()}
    windows = tuple(short.get(w, w) if w else None for w in base.heads.windows)
    heads = base.heads._replace(windows=windows)

    like = base.model.get_input_embeddings().weight.detach()  # type: ignore[operator]
    block = build_block(list(pairwise(bounds)), None, heads, like)
    positions_T = torch.cat([torch.arange(len(ids_T)) for ids_T in texts]).to(like.device)
    tree = TreeAttention([block], heads)
    return run_model(base.model.base_model, torch.cat(texts), positions_T, tree)


def _distance(x_TX: Tensor, expected_TX: Tensor) -> float:
    difference = (x_TX.float() - expected_TX.float()).norm()
    return float(difference / expected_TX.float().norm())


def locate(name: str, dtype: torch.dtype) -> str:
    """The folder of a model that comes with docendo or is a GGUF file; other names as they are."""
    if name == EMBEDDED:
        return str(embedded_folder())
    if name in LABORATORY:
        return str(laboratory_folder(name))
    path = Path(name)
    return str(gguf_folder(path, dtype)) if path.is_file() else name


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
