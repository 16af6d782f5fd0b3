"""A base model in memory with everything that sampling, training and scoring share."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property, partial

import torch

from docendo.engines.constrained.logits import Bits, Guides
from docendo.engines.local.base_model import BaseModel
from docendo.engines.local.tokens import Tokens
from docendo.engines.local.train_rows import TrainRow
from docendo.engines.local.workers import Workers
from docendo.engines.lora.bank import AdapterBank
from docendo.engines.lora.batch_invariant import is_batch_invariant
from docendo.engines.lora.linear import Projection
from docendo.engines.model.network import Network
from docendo.engines.profiling.flops import ModelShape
from docendo.records import AgentId, Target

__all__ = ["LoadedModel"]


@dataclass
class LoadedModel:
    base: BaseModel
    bank: AdapterBank
    network: Network
    tokens: Tokens
    shape: ModelShape
    workers: Workers = field(default_factory=Workers)

    @property
    def kv_cache_bytes(self) -> int:
        """Bytes of the cache for one token."""
        return self.base.token_numbers * self.bank.dtype.itemsize

    @cached_property
    def guides(self) -> Guides:
        """What steers answers that have a grammar, or texts that end them."""
        return Guides(
            self.base.tokenizer,
            len(self.network.head_Vd),
            self.tokens.end,
            self.tokens.decode,
        )

    @cached_property
    def is_batch_invariant(self) -> bool:
        """Whether the base's products make a row the same, to the last bit, in every batch.

        Where they do not, an answer depends on rounding in the company that it is sampled in.
        """
        by_shape = {tuple(p.weight_od.shape): p for p in self.network.stack.projections}
        (invariant,) = self.workers.run([partial(_all_invariant, list(by_shape.values()))])
        return invariant

    def with_allowed_tokens(self, row: TrainRow) -> TrainRow:
        """The row with the tokens that the grammars of its targets allowed."""
        if not any(target.grammar for target in row.targets):
            return row
        allowed: list[Bits | None] = []
        for target in row.targets:
            if target.grammar is None:
                allowed += [None] * len(target.tokens)
            else:
                allowed += self.guides.walk(target.grammar, target.tokens, target.sampled)
        return row._replace(allowed=tuple(allowed))

    def slots_of(self, targets: Sequence[Target]) -> dict[AgentId, int]:
        """The slot of every agent in the targets. Raises UserError for an unknown agent."""
        return {target.agent: self.bank.slot(target.agent) for target in targets}


@torch.inference_mode()
def _all_invariant(projections: Sequence[Projection]) -> bool:
    return all(is_batch_invariant(p.weight_od, p.packed) for p in projections)
