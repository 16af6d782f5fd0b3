"""What a model's attention is: seen in a pass of the model's own, and not guessed from its name.

Axes: T tokens.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

from docendo.engines.model.blocks import Heads
from docendo.errors import UserError

__all__ = ["PROBE_TOKENS", "Attention", "probe_ids", "read_attention", "short_windows"]

PROBE_TOKENS = 40
_SHORT = 8
"""A window that a probe is longer than."""
_OBSERVER = "docendo_observer"
"""A name among transformers' implementations of attention."""
_WINDOWS = (
    "sliding_window",
    "attention_chunk_size",
    "attention_window_size",
    "window_size",
)
"""What configs call the number of tokens that a query sees."""
_UNKNOWN_PARTS = {"s_aux": "attention sinks", "softcap": "capped attention scores"}
"""Arguments of transformers' attention functions that docendo's attention does not take."""


class Attention(NamedTuple):
    """What was seen of a model's attention and of its linear layers."""

    heads: Heads
    linear_names: frozenset[str]
    """The linear layers that read every token once: not those of experts, for example."""

    def within(self, context: int) -> "Attention":
        """The same for texts of up to so many tokens, in which a longer window is none."""
        sizes = (size if size and size < context else None for size in self.heads.windows)
        windows = tuple(sizes)
        heads = self.heads._replace(windows=windows if any(windows) else ())
        return self._replace(heads=heads)


class _Call(NamedTuple):
    """What a layer's attention was called with."""

    layer: int
    heads: tuple[int, int, int, float]
    mask_TT: Tensor | None
    unknown: list[str]


_CALLS: ContextVar[list[_Call]] = ContextVar("calls")


def probe_ids(config: Any, device: torch.device) -> Tensor:
    """Tokens that differ, (T)."""
    numbers_T = torch.arange(100, 100 + PROBE_TOKENS, device=device)
    return numbers_T.remainder(int(config.vocab_size))


@contextmanager
def short_windows(config: Any) -> Iterator[dict[int, int]]:
    """A model's windows are a few tokens within the block, so that a short text is longer.

    Yields the size that each short one stands for.
    """
    sizes: dict[str, int] = {
        name: size
        for name in _WINDOWS
        if isinstance(size := getattr(config, name, None), int)
    }
    for name, size in sizes.items():
        setattr(config, name, min(size, _SHORT))
    try:
        yield {min(size, _SHORT): size for size in sizes.values()}
    finally:
        for name, size in sizes.items():
            setattr(config, name, size)


@torch.no_grad()
def read_attention(model: Any) -> Attention:
    """Raises UserError, without the model's name, for what docendo's attention cannot do."""
    from transformers import AttentionInterface, AttentionMaskInterface

    AttentionInterface.register(_OBSERVER, _observe)
    AttentionMaskInterface.register(_OBSERVER, _full_mask)
    config = model.config.get_text_config()
    model.set_attn_implementation(_OBSERVER)

    inputs: dict[str, int] = {}
    hooks = [
        module.register_forward_pre_hook(_count_tokens(name, inputs))
        for name, module in model.named_modules()
        if isinstance(module, nn.Linear)
    ]
    calls: list[_Call] = []
    token = _CALLS.set(calls)
    try:
        with short_windows(config) as sizes:
            model.base_model(
                input_ids=probe_ids(config, model.device)[None], use_cache=False
            )
    finally:
        _CALLS.reset(token)
        for hook in hooks:
            hook.remove()

    heads = _common_heads(calls, config)
    windows = _windows(calls, sizes)
    names = (name for name, count in inputs.items() if count == PROBE_TOKENS)
    linear_names = frozenset(name for name in names if ".experts." not in name)
    return Attention(heads._replace(windows=windows), linear_names)


def _observe(
    module: nn.Module,
    query: Tensor,
    key: Tensor,
    value: Tensor,
    attention_mask: Tensor | None,
    **kwargs: Any,
) -> tuple[Tensor, None]:
    """Notes what the attention of a layer is called with; what it gives back means nothing."""
    _, query_heads, tokens, size = query.shape
    scale = kwargs.get("scaling") or size**-0.5
    heads = (query_heads, key.shape[1], size, float(scale))
    mask = None if attention_mask is None else attention_mask[0, 0]
    unknown = [
        part for name, part in _UNKNOWN_PARTS.items() if kwargs.get(name) is not None
    ]
    layer: int = module.layer_idx  # type: ignore[assignment]
    _CALLS.get().append(_Call(layer, heads, mask, unknown))
    return query.new_zeros(1, tokens, query_heads, value.shape[-1]), None


def _full_mask(*args: Any, **kwargs: Any) -> Tensor:
    """Which tokens see which, also where transformers could do without the mask."""
    from transformers.masking_utils import sdpa_mask

    kwargs |= {"allow_is_causal_skip": False, "allow_is_bidirectional_skip": False}
    mask: Tensor = sdpa_mask(*args, **kwargs)
    return mask


def _count_tokens(name: str, inputs: dict[str, int]) -> Any:
    def hook(_module: nn.Module, args: tuple[Tensor, ...]) -> None:
        tokens = args[0].shape[:-1].numel() if args else 0
        inputs[name] = inputs.get(name, 0) + tokens

    return hook


def _common_heads(calls: list[_Call], config: Any) -> Heads:
    layers = config.num_hidden_layers
    if sorted(call.layer for call in calls) != list(range(layers)):
        raise UserError(
            f"{len(calls)} of its {layers} layers have attention that docendo can replace; "
            "layers of another kind would mix the texts that are computed together"
        )
    unknown = sorted({part for call in calls for part in call.unknown})
    if unknown:
        raise UserError(f"it has {' and '.join(unknown)}")
    heads = {call.heads for call in calls}
    if len(heads) > 1:
        raise UserError("its layers have attention heads of different numbers or sizes")
    return Heads(*heads.pop())


def _windows(calls: list[_Call], sizes: dict[int, int]) -> tuple[int | None, ...]:
    """How far each layer looks back; None where that is to the beginning."""
    windows: list[int | None] = []
    for call in sorted(calls, key=lambda call: call.layer):
        size = None
        if call.mask_TT is not None:
            seen_TT = (
                call.mask_TT if call.mask_TT.dtype == torch.bool else call.mask_TT == 0
            )
            causal_TT = torch.ones_like(seen_TT).tril_()
            count = int(seen_TT[-1].sum())
            if not torch.equal(seen_TT, causal_TT.triu(1 - count)):
                raise UserError(
                    "its tokens see others than all or the last ones before them"
                )
            if count < PROBE_TOKENS:
                size = sizes.get(count, count)
        windows.append(size)
    return tuple(windows)
