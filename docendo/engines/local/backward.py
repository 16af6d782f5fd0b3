"""Training: rows in which completions share their prompt, and one backward pass for all agents in a batch.

Axes: T tokens of the batch, K predicted tokens. A row is ``[prompt, completion 1..G]``: the prompt is trained through
once, positions restart after it, and each completion sees the prompt and itself. Rows stand one after the other
without padding.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

import torch
from torch import Tensor

from docendo.engines.constrained.logits import Bits
from docendo.engines.local.loss_gradient import differentiate_loss
from docendo.engines.lora.routing import Routing
from docendo.engines.model.attention import TreeAttention, build_block
from docendo.engines.model.lm_head import token_logprobs, token_logprobs_backward
from docendo.engines.model.network import Network
from docendo.learning.losses import Loss
from docendo.records import AgentId, Target

__all__ = ["TrainRow", "backward", "forward", "micro_batches", "pack"]


class TrainRow(NamedTuple):
    slot: int
    prompt: tuple[int, ...]
    targets: tuple[Target, ...]
    allowed: tuple[Bits | None, ...] = ()
    """Tokens that grammars allowed at each predicted place, None for all; empty where no target has a grammar."""

    @property
    def length(self) -> int:
        return len(self.prompt) + sum(len(t.tokens) for t in self.targets)


def pack(
    targets: Sequence[Target], slots: Mapping[AgentId, int], longest: int
) -> list[TrainRow]:
    """Targets of one agent and prompt share a row, as long as it stays within `longest` tokens.

    Targets without tokens are left out: there is nothing to learn from them.
    """
    rows: list[TrainRow] = []
    open_rows: dict[tuple[int, tuple[int, ...]], int] = {}
    for target in (t for t in targets if t.tokens):
        key = slots[target.agent], target.prompt_tokens
        at = open_rows.get(key)
        if at is not None and rows[at].length + len(target.tokens) <= longest:
            rows[at] = rows[at]._replace(targets=(*rows[at].targets, target))
        else:
            open_rows[key] = len(rows)
            rows.append(TrainRow(*key, (target,)))
    return rows


def micro_batches(rows: Sequence[TrainRow], token_cap: int) -> Iterator[list[TrainRow]]:
    """Rows of similar length together, within `token_cap` tokens; rows of one agent adjacent."""
    batch, tokens = list[TrainRow](), 0
    for row in sorted(rows, key=lambda r: (r.length, r.slot, r.prompt)):
        if batch and tokens + row.length > token_cap:
            yield sorted(batch, key=lambda r: r.slot)
            batch, tokens = [], 0
        batch.append(row)
        tokens += row.length
    if batch:
        yield sorted(batch, key=lambda r: r.slot)


class _Laid(NamedTuple):
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


def _lay_out(rows: Sequence[TrainRow], network: Network) -> _Laid:
    heads, like = network.heads, network.head_Vd
    ids, positions, slots, before, wanted = (
        list[int](),
        list[int](),
        list[int](),
        list[int](),
        list[int](),
    )
    alone, trees = list[tuple[int, int]](), []
    for row in rows:
        p, start = len(row.prompt), len(ids)
        ids += row.prompt
        positions += range(p)
        spans = list[tuple[int, int]]()
        for target in row.targets:
            first, n = len(ids), len(target.tokens)
            before += [start + p - 1, *range(first, first + n - 1)]
            wanted += target.tokens
            ids += target.tokens
            positions += range(p, p + n)
            spans.append((first, first + n))
        slots += [row.slot] * (len(ids) - start)
        if len(spans) == 1:
            alone.append((start, len(ids)))
        else:
            alone.append((start, start + p))
            trees.append(build_block(spans, (start, start + p), heads, like))
    tensors = (
        torch.tensor(x, device=like.device) for x in (ids, positions, before, wanted)
    )
    ids_T, positions_T, place_K, token_K = tensors
    tree = TreeAttention(
        [build_block(alone, None, heads, like), *trees], heads, network.ops
    )
    allowed = [
        bits
        for row in rows
        for bits in row.allowed or (None,) * sum(len(t.tokens) for t in row.targets)
    ]
    routing = Routing.of(slots, like.device)
    return _Laid(
        ids_T,
        positions_T,
        routing,
        tree,
        place_K,
        token_K,
        allowed if any(r.allowed for r in rows) else [],
    )


@torch.no_grad()
def forward(network: Network, rows: Sequence[TrainRow]) -> Tensor:
    """Log-probabilities of every target token, (K,), in the order of rows and targets."""
    laid = _lay_out(rows, network)
    hidden_Td = network.stack.infer(laid.ids_T, laid.positions_T, laid.routing, laid.tree)
    return token_logprobs(network, hidden_Td[laid.place_K], laid.token_K, laid.allowed_K)[0]


@torch.no_grad()
def backward(
    network: Network, rows: Sequence[TrainRow], loss: Loss, part: int = 0
) -> Tensor:
    """Adds the gradients of one micro-batch to every agent's in the part; returns the log-probabilities, (K,)."""
    laid = _lay_out(rows, network)
    hidden_Td, tape = network.stack.record(
        laid.ids_T, laid.positions_T, laid.routing, laid.tree
    )
    logprobs_K, saved = token_logprobs(
        network, hidden_Td[laid.place_K], laid.token_K, laid.allowed_K
    )
    targets = [target for row in rows for target in row.targets]
    grad_K = differentiate_loss(targets, logprobs_K, loss)
    grad_Kd = token_logprobs_backward(network, saved, laid.token_K, grad_K)
    # in float32: the last token of a prompt predicts the first one of all its completions
    grad_Td = torch.zeros(hidden_Td.shape, device=hidden_Td.device).index_add_(
        0, laid.place_K, grad_Kd.float()
    )
    network.stack.backward(tape, grad_Td.to(hidden_Td.dtype), part)
    return logprobs_K
