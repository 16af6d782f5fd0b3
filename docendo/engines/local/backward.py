"""Forward and backward pass over rows of training, for all agents of a micro-batch together.

Axes: T tokens of the batch, K predicted tokens. Rows stand one after the other without padding.
"""

from collections.abc import Sequence
from itertools import chain
from typing import NamedTuple

import torch
from torch import Tensor

from docendo.engines.constrained.logits import Bits
from docendo.engines.local.loss_gradient import (
    LossMeasures,
    add_divergences,
    differentiate_loss,
    find_labelled_spans,
)
from docendo.engines.local.train_rows import TrainRow
from docendo.engines.lora.routing import Routing
from docendo.engines.model.attention import TreeAttention
from docendo.engines.model.blocks import build_block
from docendo.engines.model.lm_head import token_logprobs, token_logprobs_backward
from docendo.engines.model.network import Network
from docendo.learning.losses import Loss

__all__ = ["backward", "forward", "last_hidden_states"]


class _RowLayout(NamedTuple):
    """Where the tokens of one row stand in the batch."""

    ids: list[int]
    positions: list[int]
    """Of each token in its text; they restart for each target."""
    places: list[int]
    """Of the token before each predicted token, in the batch."""
    predicted: list[int]
    prompt_span: tuple[int, int]
    target_spans: list[tuple[int, int]]


def _lay_out_row(row: TrainRow, start: int) -> _RowLayout:
    """The row's tokens, the first of which is token `start` of the batch."""
    prompt = len(row.prompt)
    prompt_end = start + prompt
    ids = list(row.prompt)
    positions = list(range(prompt))
    places: list[int] = []
    predicted: list[int] = []
    spans: list[tuple[int, int]] = []
    for target in row.targets:
        count = len(target.tokens)
        first = start + len(ids)
        # the prompt's last token predicts the first one of every target
        places += [prompt_end - 1, *range(first, first + count - 1)]
        predicted += target.tokens
        ids += target.tokens
        positions += range(prompt, prompt + count)
        spans.append((first, first + count))
    return _RowLayout(ids, positions, places, predicted, (start, prompt_end), spans)


class _Layout(NamedTuple):
    """A micro-batch as tensors."""

    ids_T: Tensor
    positions_T: Tensor
    routing: Routing
    tree: TreeAttention
    place_K: Tensor
    """Where the token before each predicted token stands."""
    token_K: Tensor
    allowed_K: list[Bits | None]
    """Empty where no grammar is in the batch."""


def _lay_out(rows: Sequence[TrainRow], network: Network) -> _Layout:
    layouts: list[_RowLayout] = []
    slots: list[int] = []
    for row in rows:
        layout = _lay_out_row(row, start=len(slots))
        layouts.append(layout)
        slots += [row.slot] * len(layout.ids)

    device = network.head_Vd.device
    return _Layout(
        _concatenate([layout.ids for layout in layouts], device),
        _concatenate([layout.positions for layout in layouts], device),
        Routing.of(slots, device),
        _build_tree(layouts, network),
        _concatenate([layout.places for layout in layouts], device),
        _concatenate([layout.predicted for layout in layouts], device),
        _allowed_tokens(rows),
    )


def _concatenate(lists: Sequence[Sequence[int]], device: torch.device) -> Tensor:
    return torch.tensor([number for numbers in lists for number in numbers], device=device)


def _build_tree(layouts: Sequence[_RowLayout], network: Network) -> TreeAttention:
    """A row of one target is one sequence; a row of several is a prompt with branches."""
    heads, like = network.heads, network.head_Vd
    sequences: list[tuple[int, int]] = []
    branches = []
    for layout in layouts:
        start, prompt_end = layout.prompt_span
        if len(layout.target_spans) == 1:
            sequences.append((start, layout.target_spans[0][1]))
        else:
            sequences.append((start, prompt_end))
            branches.append(
                build_block(layout.target_spans, layout.prompt_span, heads, like)
            )
    trunk = build_block(sequences, None, heads, like)
    return TreeAttention([trunk, *branches], heads, network.ops)


def _allowed_tokens(rows: Sequence[TrainRow]) -> list[Bits | None]:
    if not any(row.allowed for row in rows):
        return []
    allowed: list[Bits | None] = []
    for row in rows:
        allowed += row.allowed or [None] * row.predicted
    return allowed


@torch.no_grad()
def forward(network: Network, rows: Sequence[TrainRow]) -> Tensor:
    """Log-probabilities of every target token, (K,), in the order of rows and targets."""
    layout, hidden_Kd = _read(network, rows)
    logprobs_K, _ = token_logprobs(network, hidden_Kd, layout.token_K, layout.allowed_K)
    return logprobs_K


@torch.no_grad()
def last_hidden_states(network: Network, rows: Sequence[TrainRow]) -> Tensor:
    """What the head reads to predict every target token, (K, d), in that order."""
    return _read(network, rows)[1]


def _read(network: Network, rows: Sequence[TrainRow]) -> tuple[_Layout, Tensor]:
    layout = _lay_out(rows, network)
    hidden_Td = network.stack.infer(
        layout.ids_T, layout.positions_T, layout.routing, layout.tree
    )
    return layout, hidden_Td[layout.place_K]


@torch.no_grad()
def backward(
    network: Network, rows: Sequence[TrainRow], loss: Loss, part: int = 0
) -> LossMeasures:
    """Adds the gradients of one micro-batch to those of `part`, for every agent in it.

    Returns what was measured of the loss, for the targets in the order of the rows.
    """
    layout = _lay_out(rows, network)
    hidden_Td, tape = network.stack.record(
        layout.ids_T, layout.positions_T, layout.routing, layout.tree
    )
    logprobs_K, head_tape = token_logprobs(
        network, hidden_Td[layout.place_K], layout.token_K, layout.allowed_K
    )

    targets = [target for row in rows for target in row.targets]
    grad_K, measures = differentiate_loss(targets, logprobs_K, loss)
    spans_S = find_labelled_spans(targets, grad_K.device)
    spans = list(chain.from_iterable(spans_S))
    grad_Kd = token_logprobs_backward(network, head_tape, layout.token_K, grad_K, spans)
    add_divergences(measures, spans_S)
    # in float32: the last token of a prompt predicts the first one of all its completions
    grad_Td = torch.zeros(hidden_Td.shape, device=hidden_Td.device)
    grad_Td.index_add_(0, layout.place_K, grad_Kd.float())
    network.stack.backward(tape, grad_Td.to(hidden_Td.dtype), part)
    return measures
