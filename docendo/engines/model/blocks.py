"""Which tokens of a batch attend together, and which of them a query may look at.

Axes: C sequences of one block, n tokens of the longest, F = C * n, p tokens of a shared prompt,
g query heads per key-value head, N = g * n, L = p + n.
"""

from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

import torch
from torch import Tensor

__all__ = ["Block", "Heads", "Masks", "build_block", "window_masks"]


class Heads(NamedTuple):
    """The attention heads of every layer, and how far each layer looks back."""

    query: int
    key: int
    size: int
    scale: float
    """What queries are multiplied by: 1 / sqrt(size), with few exceptions."""
    windows: tuple[int | None, ...] = ()
    """The last tokens that a query of each layer sees, itself included; None for all of them.

    Empty where every layer sees all.
    """

    @property
    def group(self) -> int:
        """g, query heads per key-value head."""
        return self.query // self.key

    def window(self, layer: int) -> int | None:
        """How many tokens a query of that layer sees; None for all."""
        return self.windows[layer] if self.windows else None


class Block(NamedTuple):
    """Sequences that see themselves causally and, before that, the tokens of one prompt."""

    token_F: Tensor | slice
    """The sequences' tokens in the batch; a slice where these are neighbours.

    Behind the end of a short sequence any token.
    """
    valid_F: Tensor | None
    """Which of these are tokens; None where all are."""
    sequences: int
    """C."""
    prompt: tuple[int, int] | None
    """First token of the shared prompt and the one after its last."""
    mask: Tensor
    """(1, N, n): 0 where the query may look, minus infinity elsewhere."""


def build_block(
    spans: Sequence[tuple[int, int]],
    prompt: tuple[int, int] | None,
    heads: Heads,
    like: Tensor,
    align: int = 1,
) -> Block:
    """The block of the sequences from (first token, one after the last).

    `like` has the model's device and number format; n is rounded up to a multiple of `align`.
    """
    longest = max(stop - start for start, stop in spans)
    n = -(-longest // align) * align

    start_C, stop_C = torch.tensor(spans, device=like.device).T
    offset_n = torch.arange(n, device=like.device)
    token_Cn = start_C[:, None] + offset_n
    valid_Cn = token_Cn < stop_C[:, None]

    # causal: minus infinity above the diagonal, once for each of the g heads of a group
    later_nn = like.new_full((n, n), float("-inf")).triu_(1)
    mask_1Nn = later_nn.repeat(heads.group, 1)[None]

    # behind the end the last token stands again: an index in bounds, whose output is dropped
    last_C1 = stop_C[:, None] - 1
    token_F: Tensor | slice = torch.minimum(token_Cn, last_C1).flatten()
    valid_F = None if bool(valid_Cn.all()) else valid_Cn.flatten()
    are_neighbours = all(left[1] == right[0] for left, right in pairwise(spans))
    if valid_F is None and are_neighbours:
        # reading and writing a slice needs no index
        token_F = slice(spans[0][0], spans[-1][1])
    return Block(token_F, valid_F, len(spans), prompt, mask_1Nn)


class Masks(NamedTuple):
    """0 where a query may look, minus infinity elsewhere."""

    own_1Nn: Tensor
    prompt_1Np: Tensor | None
    """None where every query sees the whole prompt."""


def window_masks(block: Block, window: int | None) -> Masks:
    """The masks of a layer whose queries see the last `window` tokens."""
    n = block.mask.shape[-1]
    start, stop = block.prompt or (0, 0)
    if window is None or window >= stop - start + n:
        return Masks(block.mask, None)

    # positions from where the sequences begin: the prompt's are the ones before
    query_n1 = torch.arange(n, device=block.mask.device)[:, None]
    key_L = torch.arange(start - stop, n, device=block.mask.device)
    hidden_nL = query_n1 - key_L >= window
    mask_nL = block.mask.new_zeros(hidden_nL.shape).masked_fill_(hidden_nL, float("-inf"))
    group = block.mask.shape[1] // n
    mask_1NL = mask_nL.repeat(group, 1)[None]
    prompt_1Np, own_1Nn = torch.split(mask_1NL, [stop - start, n], -1)
    return Masks(own_1Nn + block.mask, prompt_1Np if block.prompt else None)
