"""Attention over prompts and over trees of completions, forward and backward.

Axes: T tokens of the batch, C sequences of one block, n tokens of the longest, F = C * n,
p tokens of a shared prompt, H query heads, K key-value heads, g = H / K, D head size, O = H * D.
Queries, keys and values of a token stand side by side: (T, H + 2K, D).

The query heads that share a key-value head are folded into the query length, so keys and values
are never repeated: B = K * C batches of N = g * n queries over L keys, n or p + n.
"""

from collections.abc import Sequence
from typing import NamedTuple, Protocol

import torch
from torch import Tensor

from docendo.engines.model.blocks import (
    Block,
    Heads,
    Masks,
    build_block,
    window_masks,
)
from docendo.engines.model.ops import ElementwiseOps, TorchOps

__all__ = ["AttentionPlan", "TreeAttention"]


class AttentionPlan(Protocol):
    """What one forward pass does with queries, keys and values of a layer."""

    def __call__(self, layer: int, qkv_THD: Tensor, /) -> Tensor:
        """The attended values, (T, O)."""
        ...


class _Operands(NamedTuple):
    """Queries, keys and values of one block; those of its prompt where it has one."""

    query_BND: Tensor
    key_BnD: Tensor
    value_BnD: Tensor
    prompt_key_KpD: Tensor | None
    prompt_value_KpD: Tensor | None


class _OperandGradients(NamedTuple):
    query_BND: Tensor
    key_BnD: Tensor
    value_BnD: Tensor
    prompt_pXD: Tensor | None
    """Of the prompt's keys and values, (p, 2K, D)."""


class TreeAttention:
    """Attention for reading prompts and for training on completions: each sees its prompt."""

    def __init__(
        self,
        blocks: Sequence[Block],
        heads: Heads,
        ops: ElementwiseOps | None = None,
    ) -> None:
        # blocks without a prompt first: the order in which gradients of prompts are added up
        self.blocks = sorted(blocks, key=lambda block: block.prompt is not None)
        self.heads = heads
        self.ops = ops or TorchOps()
        self._masks: dict[int | None, list[Masks]] = {}
        """Of every block, by window."""

    @staticmethod
    def single(length: int, heads: Heads, like: Tensor) -> "TreeAttention":
        """The batch is one sequence."""
        block = build_block([(0, length)], None, heads, like)
        return TreeAttention([block], heads)

    def __call__(self, layer: int, qkv_THD: Tensor) -> Tensor:
        return self.forward(layer, qkv_THD)[0]

    def forward(self, layer: int, qkv_THD: Tensor) -> tuple[Tensor, list[Tensor]]:
        """(T, O), and for `backward` the attention weights (B, N, L) of each block."""
        width = self.heads.query * self.heads.size
        out_TO = qkv_THD.new_zeros(len(qkv_THD), width)
        weights = []
        for block, masks in zip(self.blocks, self._layer_masks(layer), strict=True):
            operands = self._operands(block, qkv_THD)
            scores_BNL = self._scores(operands, masks)
            weights_BNL = self.ops.softmax(scores_BNL)
            weights.append(weights_BNL)

            mixed_BND = self._mix(block, operands, weights_BNL)
            mixed_FHD = self._unfold(block, mixed_BND)
            _write(block, out_TO, mixed_FHD.flatten(1))
        return out_TO, weights

    def _layer_masks(self, layer: int) -> list[Masks]:
        window = self.heads.window(layer)
        if window not in self._masks:
            self._masks[window] = [window_masks(block, window) for block in self.blocks]
        return self._masks[window]

    def backward(
        self,
        qkv_THD: Tensor,
        weights: Sequence[Tensor],
        grad_TO: Tensor,
    ) -> Tensor:
        """The gradient of `qkv_THD`, from that of the output."""
        heads = self.heads
        grad_qkv_THD = torch.zeros_like(qkv_THD)
        for block, weights_BNL in zip(self.blocks, weights, strict=True):
            # recomputed and not kept since the forward pass, which saves memory
            operands = self._operands(block, qkv_THD)
            grad_FO = grad_TO[block.token_F]
            if block.valid_F is not None:
                # behind the end of a short sequence its last token stands again
                grad_FO.masked_fill_(~block.valid_F[:, None], 0)
            grad_FHD = grad_FO.view(len(grad_FO), heads.query, heads.size)
            grad_BND = self._fold(block, grad_FHD)

            grads = self._operand_gradients(block, operands, weights_BNL, grad_BND)
            query_FHD = self._unfold(block, grads.query_BND)
            key_FKD = self._unfold(block, grads.key_BnD)
            value_FKD = self._unfold(block, grads.value_BnD)
            grad_qkv_FXD = torch.cat([query_FHD, key_FKD, value_FKD], 1)
            _write(block, grad_qkv_THD, grad_qkv_FXD)
            # A prompt's tokens are read by its own block, which wrote their gradients first, and
            # by every completion behind it: theirs are added, in the order of the blocks.
            if block.prompt is not None and grads.prompt_pXD is not None:
                grad_qkv_THD[slice(*block.prompt), heads.query :] += grads.prompt_pXD
        return grad_qkv_THD

    def _fold(self, block: Block, x_FHD: Tensor) -> Tensor:
        """(B, N, D) of queries or (B, n, D) of keys and values."""
        k, d = self.heads.key, self.heads.size
        c = block.sequences
        # g for queries, 1 for keys and values: grouped-query attention (Ainslie et al. 2023)
        heads_per_key = x_FHD.shape[1] // k
        x_CnKgD = x_FHD.view(c, -1, k, heads_per_key, d)
        # K first: the sequences of one prompt are then neighbours under each of its K heads
        x_KCgnD = x_CnKgD.permute(2, 0, 3, 1, 4)
        return x_KCgnD.reshape(k * c, -1, d)

    def _unfold(self, block: Block, x_BND: Tensor) -> Tensor:
        """The inverse of `_fold`."""
        k, d = self.heads.key, self.heads.size
        c, n = block.sequences, block.mask.shape[-1]
        x_KCgnD = x_BND.view(k, c, -1, n, d)
        x_CnKgD = x_KCgnD.permute(1, 3, 0, 2, 4)
        return x_CnKgD.reshape(c * n, -1, d)

    def _operands(self, block: Block, qkv_THD: Tensor) -> _Operands:
        heads = self.heads
        qkv_FXD = qkv_THD[block.token_F]
        split_sizes = [heads.query, heads.key, heads.key]
        query, key, value = torch.split(qkv_FXD, split_sizes, 1)
        # queries are scaled, not scores: there are fewer of them
        query_BND = self._fold(block, query * heads.scale)
        key_BnD = self._fold(block, key)
        value_BnD = self._fold(block, value)
        if block.prompt is None:
            return _Operands(query_BND, key_BnD, value_BnD, None, None)

        # X = 2K heads, keys and then values
        prompt_pXD = qkv_THD[slice(*block.prompt), heads.query :]
        prompt_XpD = prompt_pXD.transpose(0, 1).contiguous()
        prompt_key_KpD, prompt_value_KpD = prompt_XpD.chunk(2)
        return _Operands(query_BND, key_BnD, value_BnD, prompt_key_KpD, prompt_value_KpD)

    def _scores(self, operands: _Operands, masks: Masks) -> Tensor:
        """(B, N, L), those of the prompt's keys first."""
        query_BND = operands.query_BND
        key_BDn = operands.key_BnD.transpose(1, 2)
        scores_BNn = torch.bmm(query_BND, key_BDn)
        scores_BNn.add_(masks.own_1Nn)
        if operands.prompt_key_KpD is None:
            return scores_BNn

        # one product for all completions of the prompt, whose keys are stored once; unmasked
        # without a window, since the whole prompt stands before each of them
        joined_query = self._join_sequences(query_BND)
        prompt_key_KDp = operands.prompt_key_KpD.transpose(1, 2)
        prompt_scores = torch.bmm(joined_query, prompt_key_KDp)
        prompt_BNp = prompt_scores.view(*scores_BNn.shape[:2], -1)
        if masks.prompt_1Np is not None:
            prompt_BNp.add_(masks.prompt_1Np)
        return torch.cat([prompt_BNp, scores_BNn], -1)

    def _join_sequences(self, x_BND: Tensor) -> Tensor:
        """(K, C * N, ...): all sequences that look at the prompt as one."""
        return x_BND.reshape(self.heads.key, -1, x_BND.shape[-1])

    def _split_keys(self, block: Block, x_BNL: Tensor) -> tuple[Tensor, Tensor]:
        """Scores or weights of the prompt's keys, and of the sequences' own."""
        n = block.mask.shape[-1]
        own_BNn = x_BNL[..., -n:]
        return x_BNL[..., :-n].contiguous(), own_BNn.contiguous()

    def _mix(self, block: Block, operands: _Operands, weights_BNL: Tensor) -> Tensor:
        """The values of each query, (B, N, D)."""
        if operands.prompt_value_KpD is None:
            return torch.bmm(weights_BNL, operands.value_BnD)

        prompt_BNp, own_BNn = self._split_keys(block, weights_BNL)
        mixed_BND = torch.bmm(own_BNn, operands.value_BnD)
        joined_weights = self._join_sequences(prompt_BNp)
        prompt_mixed = torch.bmm(joined_weights, operands.prompt_value_KpD)
        return mixed_BND.add_(prompt_mixed.view_as(mixed_BND))

    def _operand_gradients(
        self,
        block: Block,
        operands: _Operands,
        weights_BNL: Tensor,
        grad_BND: Tensor,
    ) -> _OperandGradients:
        grad_weights_BNL = self._weight_gradients(operands, grad_BND)
        grad_scores_BNL = self.ops.softmax_backward(weights_BNL, grad_weights_BNL)
        prompt_scores_BNp, scores_BNn = self._split_keys(block, grad_scores_BNL)
        prompt_weights_BNp, weights_BNn = self._split_keys(block, weights_BNL)

        # With S = Q K^T, W = softmax(S) and O = W V: dQ = dS K, dK = dS^T Q, dV = W^T dO.
        query_BND = torch.bmm(scores_BNn, operands.key_BnD)
        key_BnD = _transposed_product(scores_BNn, operands.query_BND)
        value_BnD = _transposed_product(weights_BNn, grad_BND)

        # the same for the prompt's keys and values; its sum over all completions is the product's
        prompt_pXD = None
        if operands.prompt_key_KpD is not None:
            joined_scores = self._join_sequences(prompt_scores_BNp)
            joined_weights = self._join_sequences(prompt_weights_BNp)
            joined_query = self._join_sequences(operands.query_BND)
            joined_grad = self._join_sequences(grad_BND)
            prompt_query = torch.bmm(joined_scores, operands.prompt_key_KpD)
            query_BND += prompt_query.view_as(query_BND)
            prompt_key = _transposed_product(joined_scores, joined_query)
            prompt_value = _transposed_product(joined_weights, joined_grad)
            prompt_pXD = torch.cat([prompt_key, prompt_value]).transpose(0, 1)

        # keys were multiplied by scaled queries, so their gradient has the scale already
        query_BND.mul_(self.heads.scale)
        return _OperandGradients(query_BND, key_BnD, value_BnD, prompt_pXD)

    def _weight_gradients(self, operands: _Operands, grad_BND: Tensor) -> Tensor:
        """(B, N, L), from the gradient of the mixed values."""
        value_BDn = operands.value_BnD.transpose(1, 2)
        grad_BNn = torch.bmm(grad_BND, value_BDn)
        if operands.prompt_value_KpD is None:
            return grad_BNn

        joined_grad = self._join_sequences(grad_BND)
        prompt_value_KDp = operands.prompt_value_KpD.transpose(1, 2)
        prompt_grad = torch.bmm(joined_grad, prompt_value_KDp)
        prompt_BNp = prompt_grad.view(*grad_BNn.shape[:2], -1)
        return torch.cat([prompt_BNp, grad_BNn], -1)


def _write(block: Block, target_TX: Tensor, values_FX: Tensor) -> None:
    """Writes what was computed for the block's tokens to their places in the batch."""
    if block.valid_F is None or isinstance(block.token_F, slice):
        target_TX[block.token_F] = values_FX
    else:
        valid_tokens = block.token_F[block.valid_F]
        target_TX[valid_tokens] = values_FX[block.valid_F]


def _transposed_product(x_BNL: Tensor, y_BND: Tensor) -> Tensor:
    """x^T y, (B, L, D), by way of (y^T x)^T: turning y is less work than turning x."""
    y_BDN = y_BND.transpose(1, 2).contiguous()
    product_BDL = torch.bmm(y_BDN, x_BNL)
    return product_BDL.transpose(1, 2)
