"""The engine on this machine: one base model with all adapters, sampled and trained together."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial

import torch

from docendo.engines.cpu.library import load_kernels
from docendo.engines.local.autotune import autotune_step
from docendo.engines.local.base_model import BaseModel, load_base
from docendo.engines.local.build_network import build_network
from docendo.engines.local.continuous_batch import ContinuousBatch
from docendo.engines.local.decode_request import DecodeRequest
from docendo.engines.local.loaded_model import LoadedModel
from docendo.engines.local.memory import MemoryLimits
from docendo.engines.local.process import prepare_process
from docendo.engines.local.sampler import Sampler
from docendo.engines.local.scoring import Scorer
from docendo.engines.local.tokens import Tokens
from docendo.engines.local.trainer import Trainer
from docendo.engines.local.workers import Workers
from docendo.engines.lora.bank import AdapterBank
from docendo.engines.lora.optimizer import Adam
from docendo.engines.model.cuda_graphs import CudaGraphStep, capture_cuda_graph
from docendo.engines.model.network import Network
from docendo.engines.profiling.flops import ModelShape
from docendo.errors import UserError
from docendo.learning.losses import Loss
from docendo.records import (
    AgentId,
    Completion,
    Example,
    Gradient,
    Request,
    Target,
    Usage,
)

__all__ = ["LocalEngine", "open_engine"]


@dataclass
class LocalEngine:
    """Samples, scores and trains all agents on one model; the agents come and go."""

    model: LoadedModel
    limits: MemoryLimits = field(default_factory=MemoryLimits)
    usage: list[Usage] = field(default_factory=list)
    """The compute spent, in the order in which it was."""

    def __post_init__(self) -> None:
        self.sampler = Sampler(self.model, self.limits, self.usage)
        self.scorer = Scorer(self.model, self.limits, self.usage)
        self.trainer = Trainer(self.model, self.limits, self.usage)

    @property
    def base(self) -> BaseModel:
        return self.model.base

    @property
    def bank(self) -> AdapterBank:
        return self.model.bank

    @property
    def network(self) -> Network:
        return self.model.network

    @property
    def tokens(self) -> Tokens:
        return self.model.tokens

    @property
    def workers(self) -> Workers:
        return self.model.workers

    @property
    def adam(self) -> Adam:
        return self.trainer.adam

    def sample(self, requests: Sequence[Request]) -> list[Completion]:
        """One completion per request, in order."""
        return self.sampler.sample(requests)

    def prepare(self, request: Request) -> DecodeRequest:
        """The request in token ids, for a continuous batch."""
        return self.sampler.prepare(request)

    def open_batch(self) -> ContinuousBatch:
        """A continuous batch with one worker's share of rows and cache. For one thread."""
        return self.sampler.open_batch()

    def score(self, examples: Sequence[Example], purpose: str) -> list[tuple[float, ...]]:
        """Log-probabilities of the tokens of each example's text, and of its end."""
        return self.scorer.score(examples, purpose)

    def train(
        self,
        targets: Sequence[Target],
        loss: Loss,
        rates: Mapping[AgentId, float],
        purpose: str,
    ) -> dict[AgentId, Gradient]:
        """One optimizer step for every agent with targets; what is known of its gradient."""
        return self.trainer.train(targets, loss, rates, purpose)

    def target(self, example: Example) -> Target:
        """An example as token ids."""
        return self.tokens.target(example)

    def ids(self, text: str) -> tuple[int, ...]:
        """Text as token ids."""
        return tuple(self.tokens.text(text))

    def remove(self, agent: AgentId) -> None:
        """Forgets an agent, its adapter and its optimizer state; others are as before."""
        self.adam.reset(self.bank.remove(agent))

    def snapshot(self, agent: AgentId, name: AgentId) -> None:
        """A new agent that is what `agent` is now; its optimizer state is new."""
        self.bank.clone(agent, name)
        self.adam.reset(self.bank.slot(name))

    def replace(
        self, agent: AgentId, parents: Sequence[AgentId], scale: float, seed: int
    ) -> None:
        """Overwrites an agent by a mutated copy of one parent or a mutated cross of two.

        Its optimizer state is new.
        """
        if len(parents) == 1:
            self.bank.copy(parents[0], agent)
        elif len(parents) == 2:
            self.bank.cross(parents[0], parents[1], agent, seed)
        else:
            raise UserError(
                f"{agent!r} is to descend from {list(parents)}; expected one parent or two"
            )
        self.bank.mutate(agent, scale, seed)
        self.adam.reset(self.bank.slot(agent))

    def pop_usage(self) -> list[Usage]:
        """The compute spent since the last call."""
        usage = list(self.usage)
        self.usage.clear()
        return usage

    def pop_metrics(self) -> dict[str, float]:
        """Answers lost to logits that were not finite, ``lost/AGENT``, since the last call."""
        counts = sorted(self.sampler.non_finite.items())
        self.sampler.non_finite.clear()
        return {f"lost/{agent}": float(count) for agent, count in counts}


def open_engine(
    model: str | BaseModel,
    rank: int,
    alpha: float,
    dtype: torch.dtype,
    device: torch.device,
    compiled: bool = False,
) -> LocalEngine:
    """An engine on `model`, a name or a loaded one, with no agents but the bare base.

    `compiled` functions are for processors, and used where they agree with PyTorch's.
    """
    prepare_process()
    base = load_base(model, dtype, device) if isinstance(model, str) else model
    bank = AdapterBank(rank, alpha, device, dtype)
    network = build_network(base, bank, load_kernels(dtype) if compiled else None)
    workers = Workers.for_device(device) if network.stack.thread_safe else Workers()
    bank.split_grads(workers.parts)
    if device.type == "cuda":
        make_stepper = partial(CudaGraphStep, capture=capture_cuda_graph)
        network = autotune_step(network, bank, make_stepper)

    shape = ModelShape(
        body=sum(layer.base.weight.numel() for layer in bank.layers.values()),
        head=network.head_Vd.numel(),
        adapter=bank.size,
        attention=base.layers * base.heads.query * base.heads.size,
    )
    tokens = Tokens(base.tokenizer)
    return LocalEngine(LoadedModel(base, bank, network, tokens, shape, workers))
