"""A base model in memory with everything that sampling, training and scoring share."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property

from docendo.engines.constrained.logits import Guides
from docendo.engines.local.base_model import BaseModel
from docendo.engines.local.tokens import Tokens
from docendo.engines.local.workers import Workers
from docendo.engines.lora.bank import AdapterBank
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

    @cached_property
    def guides(self) -> Guides:
        """What steers answers that have a grammar, or texts that end them."""
        return Guides(
            self.base.tokenizer,
            len(self.network.head_Vd),
            self.tokens.end,
            self.tokens.decode,
        )

    def slots_of(self, targets: Sequence[Target]) -> dict[AgentId, int]:
        """The slot of every agent in the targets. Raises UserError for an unknown agent."""
        return {target.agent: self.bank.slot(target.agent) for target in targets}
