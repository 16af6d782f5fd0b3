"""Keys and values of what is being sampled: each prompt's once, then each row's own tokens.

Axes: B rows in flight, Q prompts in flight, W most rows of one prompt, P = Q * W places,
H query heads, K key-value heads, g = H / K, D head size, p columns for prompts, n columns for
answers, X and Y other axes joined.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn.functional import pad

from docendo.engines.lora.batch_invariant import min_rows
from docendo.engines.model.attention import TreeAttention
from docendo.engines.model.blocks import Heads, build_block

__all__ = [
    "ALIGN",
    "CacheShape",
    "DecodePlan",
    "KVCache",
    "PrefillPlan",
    "RowGroups",
    "aligned_width",
]

ALIGN = 32
"""Widths are multiples of this, so that sums over columns have one order at every width."""


def aligned_width(tokens: int) -> int:
    """The width that holds so many tokens."""
    return -(-tokens // ALIGN) * ALIGN


class CacheShape(NamedTuple):
    """One side of a resized cache: so many prompts or rows of this width."""

    source: Sequence[int]
    """The old prompts or rows that stay, in their new order."""
    size: int
    width: int


@dataclass
class KVCache:
    """The tensors that attention reads and writes in place."""

    prompts: list[Tensor]
    """Of each layer (2, Q, K, p, D), keys and values."""
    answers: list[Tensor]
    """Of each layer (2, B, K, n, D)."""

    @staticmethod
    def allocate(
        layers: int,
        heads: Heads,
        prompts: tuple[int, int],
        answers: tuple[int, int],
        like: Tensor,
    ) -> "KVCache":
        """Zeros for (prompts, columns) and (rows, columns)."""

        def allocate_side(count: int, width: int) -> list[Tensor]:
            shape = (2, count, heads.key, width, heads.size)
            return [like.new_zeros(shape) for _ in range(layers)]

        return KVCache(allocate_side(*prompts), allocate_side(*answers))

    def widen(self, width: int) -> None:
        """Make room for more tokens of every row."""
        # with zeros, like all new room: an unwritten NaN would pass through the mask
        for layer, tensor in enumerate(self.answers):
            missing = width - tensor.shape[3]
            self.answers[layer] = pad(tensor, (0, 0, 0, missing))

    def resize(self, prompts: CacheShape, rows: CacheShape) -> None:
        """Give both sides another shape; new room is zero."""
        sides = zip((self.prompts, self.answers), (prompts, rows), strict=True)
        for side, shape in sides:
            device = side[0].device
            index = torch.tensor(shape.source, device=device, dtype=torch.long)
            for layer, old in enumerate(side):
                _, _, key_heads, old_width, head_size = old.shape
                new = old.new_zeros(2, shape.size, key_heads, shape.width, head_size)
                width = min(shape.width, old_width)
                new[:, : len(index), :, :width] = old[:, index, :, :width]
                side[layer] = new

    def zero(self, prompts: Sequence[int], rows: Sequence[int]) -> None:
        """Zeros for new prompts and rows.

        What is masked has weight 0, but 0 * NaN is NaN.
        """
        sides = zip((self.prompts, self.answers), (prompts, rows), strict=True)
        for side, places in sides:
            if places:
                index = torch.tensor(places, device=side[0].device)
                for tensor in side:
                    tensor.index_fill_(1, index, 0)

    def select(self, prompts: Sequence[int], rows: Sequence[int]) -> None:
        """Drop all prompts and rows but these."""
        sides = zip((self.prompts, self.answers), (prompts, rows), strict=True)
        for side, places in sides:
            index = torch.tensor(places, device=side[0].device)
            for layer, tensor in enumerate(side):
                side[layer] = tensor[:, index]


@dataclass(frozen=True)
class PrefillPlan:
    """Reads prompts that follow each other in the batch, and stores their keys and values."""

    cache: KVCache
    tree: TreeAttention
    prompt_T: Tensor
    """The prompt in the cache of each token."""
    column_T: Tensor

    @staticmethod
    def of(
        cache: KVCache,
        heads: Heads,
        spans: Sequence[tuple[int, int]],
        prompts: Sequence[int],
    ) -> "PrefillPlan":
        """`spans` are (first token, one after the last); `prompts` their places in the cache."""
        like = cache.prompts[0]
        block = build_block(spans, None, heads, like, ALIGN)
        prompt_T = []
        column_T: list[int] = []
        for prompt, (start, stop) in zip(prompts, spans, strict=True):
            prompt_T += [prompt] * (stop - start)
            column_T += range(stop - start)
        return PrefillPlan(
            cache,
            TreeAttention([block], heads),
            torch.tensor(prompt_T, device=like.device),
            torch.tensor(column_T, device=like.device),
        )

    def __call__(self, layer: int, qkv_THD: Tensor) -> Tensor:
        heads = self.tree.heads
        key_value_TXD = qkv_THD[:, heads.query :]
        key_value_T2KD = key_value_TXD.view(-1, 2, heads.key, heads.size)
        # (2, Q, K, p, D) at [:, prompt_T, :, column_T] is (T, 2, K, D): indexed axes come first
        prompts = self.cache.prompts[layer]
        prompts[:, self.prompt_T, :, self.column_T] = key_value_T2KD
        return self.tree(layer, qkv_THD)


@dataclass(frozen=True)
class RowGroups:
    """The rows of each prompt together, W places a prompt, so that they are one product."""

    row_of_place: Tensor | None
    """(Q * W); None where each prompt has one row and all are in order."""
    place_of_row: Tensor | None
    """(B)."""
    prompts: int
    """Q."""

    @staticmethod
    def of(
        prompt_B: Sequence[int],
        prompts: int,
        min_places: int,
        device: torch.device,
    ) -> "RowGroups":
        """At least `min_places` places a prompt. Row 0 fills the empty ones."""
        rows_by_prompt: list[list[int]] = [[] for _ in range(prompts)]
        for row, prompt in enumerate(prompt_B):
            rows_by_prompt[prompt].append(row)
        width = max(min_places, *map(len, rows_by_prompt))

        if width == 1 and list(prompt_B) == list(range(prompts)):
            return RowGroups(None, None, prompts)

        # padded to one width: a batched product of Q prompts instead of Q products
        row_of_place: list[int] = []
        place_of_row = [0] * len(prompt_B)
        for rows in rows_by_prompt:
            for place, row in enumerate(rows, start=len(row_of_place)):
                place_of_row[row] = place
            row_of_place += rows + [0] * (width - len(rows))
        return RowGroups(
            torch.tensor(row_of_place, device=device),
            torch.tensor(place_of_row, device=device),
            prompts,
        )

    def group(self, x_BKgL: Tensor) -> Tensor:
        """(Q * K, W * g, L)."""
        if self.row_of_place is None:
            return x_BKgL.flatten(0, 1)

        _, k, g, size = x_BKgL.shape
        x_PKgL = x_BKgL[self.row_of_place]
        x_QWKgL = x_PKgL.view(self.prompts, -1, k, g, size)
        x_QKWgL = x_QWKgL.transpose(1, 2)
        return x_QKWgL.reshape(self.prompts * k, -1, size)

    def ungroup(self, y_XYL: Tensor, k: int, g: int) -> Tensor:
        """The inverse of `group`: (B, K, g, L)."""
        size = y_XYL.shape[-1]
        if self.place_of_row is None:
            return y_XYL.view(self.prompts, k, g, size)

        y_QKWgL = y_XYL.view(self.prompts, k, -1, g, size)
        y_PKgL = y_QKWgL.transpose(1, 2).flatten(0, 1)
        return y_PKgL[self.place_of_row]


class DecodePlan:
    """One new token for every row: it sees its prompt, which rows share, and its own tokens."""

    def __init__(
        self,
        cache: KVCache,
        heads: Heads,
        prompt_B: Sequence[int],
        lengths_Q: Sequence[int],
    ) -> None:
        like = cache.answers[0]
        device = like.device
        self.cache = cache
        self.heads = heads
        self.calls: object = None
        """The arguments of compiled functions, kept between steps."""
        self.row_B = torch.arange(like.shape[1], device=device)
        self.column_B = torch.zeros_like(self.row_B)
        self.prompt_B = torch.tensor(prompt_B, device=device)
        length_B = [lengths_Q[q] for q in prompt_B]
        self.length_B = torch.tensor(length_B, device=device)

        # Bit-identity: a row's scores may not depend on how many rows share its prompt. A product
        # has W * g rows; in float32 MKL sums in another order below `min_rows`, in bfloat16
        # small products sum in the same order as large ones.
        min_places = 1
        if like.dtype == torch.float32:
            min_places = -(-min_rows(heads.size, like) // heads.group)
        prompts = cache.prompts[0].shape[1]
        self.width = cache.prompts[0].shape[3]
        """p."""
        self.groups = RowGroups.of(prompt_B, prompts, min_places, device)

        columns = self.width + like.shape[3]
        mask_shape = (len(self.row_B), 1, 1, columns)
        self.mask = like.new_full(mask_shape, float("-inf"))
        """(B, 1, 1, p + n): 0 for columns that a row sees, minus infinity elsewhere."""
        for row, prompt in enumerate(prompt_B):
            self.mask[row, :, :, : lengths_Q[prompt]] = 0
        self.window_masks = {
            window: torch.zeros_like(self.mask) for window in heads.windows if window
        }
        """The same for layers that see so many tokens."""

    def set_columns(self, column_B: Tensor) -> None:
        """The next tokens stand at these columns; each row sees its answer up to there."""
        # in place: compiled functions and CUDA graphs read these tensors where they are
        self.column_B.copy_(column_B)
        answer_mask_Bn = self.mask[:, 0, 0, self.width :]
        columns = torch.arange(answer_mask_Bn.shape[1], device=self.row_B.device)
        hidden_Bn = columns > self.column_B[:, None]
        answer_mask_Bn.zero_().masked_fill_(hidden_Bn, float("-inf"))
        if not self.window_masks:
            return

        age_BL = self._ages()
        for window, mask in self.window_masks.items():
            too_old_BL = age_BL >= window
            mask.copy_(self.mask).masked_fill_(too_old_BL[:, None, None], float("-inf"))

    def _ages(self) -> Tensor:
        """How many tokens before the new one each column's token stands, (B, p + n)."""
        # positions from where the answer begins: those of the prompt are negative
        columns = torch.arange(self.mask.shape[-1], device=self.row_B.device)
        prompt_Bp = columns[: self.width] - self.length_B[:, None]
        answer_Bn = (columns[self.width :] - self.width).expand(len(self.row_B), -1)
        return self.column_B[:, None] - torch.cat([prompt_Bp, answer_Bn], 1)

    def __call__(self, layer: int, qkv_BHD: Tensor) -> Tensor:
        """The attended values of each row, (B, H * D)."""
        rows = len(qkv_BHD)
        query_heads, key_heads, size, scale, _ = self.heads
        answers = self.cache.answers[layer]
        # written before it is read: a token sees itself
        key_value_BXD = qkv_BHD[:, query_heads:]
        key_value_B2KD = key_value_BXD.view(rows, 2, key_heads, size)
        answers[:, self.row_B, :, self.column_B] = key_value_B2KD

        query_BHD = qkv_BHD[:, :query_heads] * scale
        query_BKgD = query_BHD.view(rows, key_heads, self.heads.group, size)
        scores_BKgL = self._scores(layer, query_BKgD)

        # One softmax over the prompt's and the row's own columns, L = p + n. Both widths are
        # multiples of `ALIGN`, so masked columns do not change the order of the sum.
        window = self.heads.window(layer)
        mask = self.mask if window is None else self.window_masks[window]
        weights_BKgL = scores_BKgL.add_(mask).softmax(-1)
        return self._mix(layer, weights_BKgL)

    def _scores(self, layer: int, query_BKgD: Tensor) -> Tensor:
        """(B, K, g, p + n): a row's own keys by itself, the prompt's for all of its rows."""
        rows, k, g, _ = query_BKgD.shape
        prompt_keys_XpD = self.cache.prompts[layer][0].flatten(0, 1)
        answer_keys_XnD = self.cache.answers[layer][0].flatten(0, 1)

        # (Q * K, W * g, D) by (Q * K, D, p): each prompt's keys are read once for all its rows
        grouped_query = self.groups.group(query_BKgD)
        prompt_scores = torch.bmm(grouped_query, prompt_keys_XpD.transpose(1, 2))
        prompt_BKgp = self.groups.ungroup(prompt_scores, k, g)

        # (B * K, g, D) by (B * K, D, n)
        row_query = query_BKgD.flatten(0, 1)
        answer_scores = torch.bmm(row_query, answer_keys_XnD.transpose(1, 2))
        answer_BKgn = answer_scores.view(rows, k, g, -1)
        return torch.cat([prompt_BKgp, answer_BKgn], -1)

    def _mix(self, layer: int, weights_BKgL: Tensor) -> Tensor:
        """The values of each row, (B, H * D), by the same two ways."""
        rows, k, g, _ = weights_BKgL.shape
        prompt_values_XpD = self.cache.prompts[layer][1].flatten(0, 1)
        answer_values_XnD = self.cache.answers[layer][1].flatten(0, 1)
        prompt_weights_BKgp = weights_BKgL[..., : self.width]
        answer_weights_BKgn = weights_BKgL[..., self.width :]

        row_weights = answer_weights_BKgn.flatten(0, 1)
        answer_mixed = torch.bmm(row_weights, answer_values_XnD)

        grouped_weights = self.groups.group(prompt_weights_BKgp)
        prompt_mixed = torch.bmm(grouped_weights, prompt_values_XpD)
        prompt_BKgD = self.groups.ungroup(prompt_mixed, k, g)
        prompt_BO = prompt_BKgD.reshape(rows, -1)
        return answer_mixed.view(rows, -1).add_(prompt_BO)
