"""How much is computed at once: from the free memory of a GPU, where no setting says it."""

from typing import Any, NamedTuple

import torch

from docendo.config import WITHOUT_GPU, EngineConfig
from docendo.engines.local.base_model import locate
from docendo.engines.local.bundled_models import build_tiny_model
from docendo.engines.local.model_names import TINY
from docendo.engines.local.pretrained import load_without_weights
from docendo.engines.profiling.memory import (
    MemoryUse,
    ModelSizes,
    Population,
    activation_bytes,
)

__all__ = ["FreeMemoryLimits", "fit_limits", "free_memory_limits", "read_sizes", "sizes_of"]

_USABLE = 0.9
"""Of the free memory: the rest is for what nobody counts."""
_TRAINING_SHARE = 0.5
"""Of what base and adapters leave; the cache of sampling has the other half."""
_LEAST_TOKENS, _MOST_TOKENS = 256, 16_384
_ENOUGH_TOKENS = 4096
"""Fewer keep a GPU idle and long answers out; then layers are computed again."""


class FreeMemoryLimits(NamedTuple):
    """The settings of the engine that depend on memory."""

    max_tokens_per_microbatch: int
    recompute: str
    """``on`` or ``off``."""


def free_memory_limits(
    engine: EngineConfig, model: str, learners: int, copies: int
) -> FreeMemoryLimits:
    """What `engine` leaves open; its device and number format are chosen.

    From the free memory of a GPU, for so many agents and frozen copies of them; constants elsewhere.
    """
    limits = FreeMemoryLimits(**WITHOUT_GPU, recompute="off")
    is_open = not engine.max_tokens_per_microbatch or engine.recompute == "auto"
    if engine.device == "cuda" and is_open:
        dtype = getattr(torch, engine.dtype)
        sizes = read_sizes(model, dtype, engine.trust_remote_code)
        population = Population(learners, copies, engine.rank, dtype.itemsize)
        free_bytes, _ = torch.cuda.mem_get_info()
        limits = fit_limits(sizes, population, free_bytes, engine.max_tokens_per_microbatch)

    tokens = engine.max_tokens_per_microbatch or limits.max_tokens_per_microbatch
    recompute = limits.recompute if engine.recompute == "auto" else engine.recompute
    return FreeMemoryLimits(tokens, recompute)


def fit_limits(
    sizes: ModelSizes, population: Population, free_bytes: int, needed_tokens: int = 0
) -> FreeMemoryLimits:
    """What fits into so many bytes before anything is loaded.

    Layers are recomputed where fewer than the needed tokens would fit otherwise.
    """
    resident = MemoryUse.of(sizes, population, 0, 0, recompute=False)
    budget = _TRAINING_SHARE * (_USABLE * free_bytes - resident.total)
    fixed = activation_bytes(sizes, population, 0, recompute=False)

    tokens = 0
    recompute = False
    for recompute in (False, True):
        one_more = activation_bytes(sizes, population, 1, recompute) - fixed
        tokens = int((budget - fixed) / one_more)
        if tokens >= (needed_tokens or _ENOUGH_TOKENS):
            break
    tokens = max(_LEAST_TOKENS, min(_MOST_TOKENS, tokens))
    return FreeMemoryLimits(tokens, "on" if recompute else "off")


def read_sizes(name: str, dtype: torch.dtype, trusted: bool) -> ModelSizes:
    """The sizes of a model whose weights are not loaded. Raises UserError where there is none."""
    if name == TINY:
        return sizes_of(build_tiny_model()[0])
    location = {"pretrained_model_name_or_path": locate(name, dtype)}
    return sizes_of(load_without_weights(name, location, trusted))


def sizes_of(model: Any) -> ModelSizes:
    """The sizes of a causal language model of transformers."""
    config = model.config.get_text_config()
    query_heads = config.num_attention_heads
    return ModelSizes(
        parameters=sum(weight.numel() for weight in model.parameters()),
        layers=config.num_hidden_layers,
        hidden=config.hidden_size,
        inner=config.intermediate_size,
        query_heads=query_heads,
        key_heads=getattr(config, "num_key_value_heads", None) or query_heads,
        head_size=getattr(config, "head_dim", None) or config.hidden_size // query_heads,
        vocabulary=config.vocab_size,
    )
