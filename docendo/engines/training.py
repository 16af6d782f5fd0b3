"""Training: one fused backward pass for all agents, then one optimizer step for each.

Axes: B rows, T tokens, K predicted tokens, S slots, P numbers per adapter. A row is ``[prompt, completion 1..G]``:
the prompt is trained through once, positions restart after it, and a tree mask keeps the completions apart.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import torch
from torch import Tensor

from docendo.engines.adapters import AdapterBank
from docendo.engines.attention import Tree
from docendo.engines.base import BaseModel
from docendo.records import AgentId, Target

__all__ = ["Adam", "Loss", "TrainRow", "backward", "forward", "micro_batches", "pack"]

Loss = Callable[[Tensor, Tensor, Tensor], Tensor]
"""(log-probabilities, those of the sampler, weights), each (K,), to the loss of every token, (K,)."""

_HEAD_ROWS = 128
"""Predicted tokens whose logits are held in float32 at once."""


class TrainRow(NamedTuple):
    slot: int
    prompt: tuple[int, ...]
    targets: tuple[Target, ...]

    @property
    def length(self) -> int:
        return len(self.prompt) + sum(len(t.tokens) for t in self.targets)


def pack(targets: Sequence[Target], slots: Mapping[AgentId, int], longest: int) -> list[TrainRow]:
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
    """Rows of similar length together, padding included within `token_cap`; rows of one agent adjacent."""
    batch: list[TrainRow] = []
    for row in sorted(rows, key=lambda r: (r.length, r.slot, r.prompt)):
        if batch and row.length * (len(batch) + 1) > token_cap:
            yield sorted(batch, key=lambda r: r.slot)
            batch = []
        batch.append(row)
    if batch:
        yield sorted(batch, key=lambda r: r.slot)


class _Laid(NamedTuple):
    """A micro-batch as tensors."""

    ids_BT: Tensor
    positions_BT: Tensor
    mask: Tensor
    row_K: Tensor
    column_K: Tensor
    """Where the token before each predicted token stands."""
    token_K: Tensor


def _lay_out(rows: Sequence[TrainRow], groups: int, pad: int, device: torch.device) -> _Laid:
    width = max(r.length for r in rows)
    ids, positions, segments, where = [], [], [], list[tuple[int, int, int]]()
    for b, row in enumerate(rows):
        line, place, segment = list(row.prompt), list(range(len(row.prompt))), [0] * len(row.prompt)
        for g, target in enumerate(row.targets, start=1):
            start = len(line)
            before = [len(row.prompt) - 1, *range(start, start + len(target.tokens) - 1)]
            where += [(b, column, token) for column, token in zip(before, target.tokens, strict=True)]
            line += target.tokens
            place += range(len(row.prompt), len(row.prompt) + len(target.tokens))
            segment += [g] * len(target.tokens)
        gap = width - len(line)
        ids.append(line + [pad] * gap)
        positions.append(place + [0] * gap)
        segments.append(segment + [-1] * gap)
    segment_BT = torch.tensor(segments, device=device)
    same = (segment_BT[:, None, :] == segment_BT[:, :, None]) | (segment_BT[:, None, :] == 0)
    mask = same & torch.ones(width, width, dtype=torch.bool, device=device).tril()
    row_K, column_K, token_K = torch.tensor(where, device=device).T
    tree = mask.repeat(1, groups, 1)[:, None]
    return _Laid(
        torch.tensor(ids, device=device), torch.tensor(positions, device=device), tree, row_K, column_K, token_K
    )


class _TokenLogprobs(torch.autograd.Function):
    """log softmax(hidden @ weight.T)[token], keeping the logits in the model's own precision and in one copy."""

    @staticmethod
    def forward(ctx: Any, hidden_Kd: Tensor, weight_Vd: Tensor, token_K: Tensor) -> Tensor:
        logits_KV = hidden_Kd @ weight_Vd.T
        total_K = torch.cat([part.float().logsumexp(-1) for part in torch.split(logits_KV, _HEAD_ROWS)])
        ctx.save_for_backward(logits_KV, total_K, weight_Vd, token_K)
        return logits_KV.gather(1, token_K[:, None])[:, 0].float() - total_K

    @staticmethod
    def backward(ctx: Any, grad_K: Tensor) -> tuple[Tensor, None, None]:
        logits_KV, total_K, weight_Vd, token_K = ctx.saved_tensors
        parts = []
        for start in range(0, len(logits_KV), _HEAD_ROWS):
            rows = slice(start, start + _HEAD_ROWS)
            share = (logits_KV[rows].float() - total_K[rows, None]).exp_()
            share.scatter_add_(1, token_K[rows, None], torch.full_like(share[:, :1], -1.0))
            share.mul_(-grad_K[rows, None])
            parts.append(share.to(weight_Vd.dtype) @ weight_Vd)
        return torch.cat(parts), None, None


def forward(base: BaseModel, bank: AdapterBank, rows: Sequence[TrainRow], pad: int) -> Tensor:
    """Log-probabilities of every target token, (K,), in the order of rows and targets."""
    config = base.config
    groups = config.num_attention_heads // config.num_key_value_heads
    laid = _lay_out(rows, groups, pad, bank.device)
    with bank.routed([r.slot for r in rows]):
        hidden_BTd = base.model.base_model(  # type: ignore[operator]
            input_ids=laid.ids_BT, position_ids=laid.positions_BT, use_cache=False, plan=Tree(laid.mask)
        )[0]
    hidden_Kd = hidden_BTd[laid.row_K, laid.column_K]
    head = base.model.get_output_embeddings()  # type: ignore[operator]
    return _TokenLogprobs.apply(hidden_Kd, head.weight, laid.token_K)  # type: ignore[no-any-return, no-untyped-call]


def backward(base: BaseModel, bank: AdapterBank, rows: Sequence[TrainRow], loss: Loss, pad: int) -> Tensor:
    """Adds the gradients of one micro-batch to every agent's; returns the log-probabilities, (K,)."""
    targets = [t for r in rows for t in r.targets]
    weight_K = torch.tensor([t.weight for t in targets for _ in t.tokens], device=bank.device)
    logprobs_K = forward(base, bank, rows, pad)
    sampled = [t.logprobs or (None,) * len(t.tokens) for t in targets]
    own = logprobs_K.detach()
    flat = [x for line in sampled for x in line]
    given_K = torch.tensor([0.0 if x is None else x for x in flat], device=bank.device)
    old_K = torch.where(torch.tensor([x is None for x in flat], device=bank.device), own, given_K)
    loss(logprobs_K, old_K, weight_K).sum().backward()  # type: ignore[no-untyped-call]
    return own


@dataclass
class Adam:
    """Adam (Kingma & Ba 2015) with one state and one step count per agent; agents without gradients are untouched."""

    beta1: float = 0.9
    beta2: float = 0.95
    epsilon: float = 1e-8
    clip: float = 1.0
    """Largest gradient norm of an agent, in the units of its loss."""
    mean_SP: Tensor = field(default_factory=lambda: torch.zeros(0))
    square_SP: Tensor = field(default_factory=lambda: torch.zeros(0))
    steps_S: Tensor = field(default_factory=lambda: torch.zeros(0))

    def fit(self, bank: AdapterBank) -> None:
        """Make room for agents that were added since."""
        size = len(bank.weights_SP)
        if len(self.steps_S) == size:
            return
        like, old = bank.weights_SP, len(self.steps_S)
        mean, square, steps = torch.zeros_like(like), torch.zeros_like(like), torch.zeros(size, device=like.device)
        if old:
            mean[:old], square[:old], steps[:old] = self.mean_SP, self.square_SP, self.steps_S
        self.mean_SP, self.square_SP, self.steps_S = mean, square, steps

    @torch.no_grad()
    def step(self, bank: AdapterBank, rates: Mapping[AgentId, float]) -> dict[AgentId, float]:
        """One step for each agent named in `rates`; its gradient's norm, NaN or infinite where the step was skipped."""
        self.fit(bank)
        norms = {}
        for agent, rate in rates.items():
            s = bank.slots[agent]
            gradient = bank.grads_SP[s]
            norm = float(gradient.norm())
            norms[agent] = norm
            if norm == norm and norm != float("inf"):
                self._move(bank, s, gradient * min(1.0, self.clip / (norm + 1e-12)), rate)
        bank.grads_SP.zero_()
        bank.changed()
        return norms

    def _move(self, bank: AdapterBank, s: int, gradient_P: Tensor, rate: float) -> None:
        self.steps_S[s] += 1
        count = float(self.steps_S[s])
        self.mean_SP[s].lerp_(gradient_P, 1 - self.beta1)
        self.square_SP[s].mul_(self.beta2).addcmul_(gradient_P, gradient_P, value=1 - self.beta2)
        spread_P = (self.square_SP[s] / (1 - self.beta2**count)).sqrt_().add_(self.epsilon)
        bank.weights_SP[s].addcdiv_(self.mean_SP[s], spread_P, value=-rate / (1 - self.beta1**count))
