"""The engine on this machine: one base model with all adapters, sampled and trained together."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import torch

from docendo.backend import BackendDescription, BackendSettings, TrainStep
from docendo.engines.cpu.library import load_kernels
from docendo.engines.local.autotune import autotune_step
from docendo.engines.local.base_model import BaseModel, load_base, weights_hash
from docendo.engines.local.build_network import build_network
from docendo.engines.local.checkpoint import TrainingState, load_state, save_state
from docendo.engines.local.continuous_batch import ContinuousBatch
from docendo.engines.local.decode_request import DecodeRequest
from docendo.engines.local.loaded_model import LoadedModel
from docendo.engines.local.memory import MemoryLimits
from docendo.engines.local.peft_format import load_adapter, save_adapter, save_merged
from docendo.engines.local.process import prepare_process, trim_memory
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
from docendo.records import (
    AgentId,
    Completion,
    Example,
    Gradient,
    Label,
    Message,
    MetricKey,
    Request,
    Target,
    Usage,
)

__all__ = ["LocalEngine", "open_engine"]

_STREAMED_PROMPTS = 256
"""Prompts of served conversations that are kept as token ids."""


@dataclass
class LocalEngine:
    """Samples, scores and trains all agents on one model; the agents come and go."""

    model: LoadedModel
    limits: MemoryLimits
    usage: list[Usage] = field(default_factory=list)
    """The compute spent, in the order in which it was."""

    def __post_init__(self) -> None:
        # One list for all three: the ledger gets the compute in the order in which it was spent.
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

    @property
    def stream_workers(self) -> int:
        """Threads that can sample at the same time, each with a batch of its own."""
        return self.workers.count

    @property
    def end_tokens(self) -> frozenset[int]:
        """The tokens that end an answer."""
        return self.tokens.ends

    def decode(self, tokens: Sequence[int]) -> str:
        """The text of tokens, without the end of the turn."""
        return self.tokens.decode(tokens)

    def count_prompt_tokens(self, messages: Sequence[Message]) -> int:
        """Tokens of a conversation up to where the next answer starts."""
        # Servers' clients bring ever new prompts, which would fill the cache.
        if len(self.tokens.prompt_cache) > _STREAMED_PROMPTS:
            self.tokens.prompt_cache.clear()
        return len(self.tokens.prompt(messages))

    def open_batch(self) -> ContinuousBatch:
        """A continuous batch with one worker's share of rows and cache. For one thread."""
        return self.sampler.open_batch()

    def open_stream(self) -> ContinuousBatch:
        """A batch for a server's thread, which gets one worker's share of the cores."""
        torch.set_num_threads(self.workers.threads)
        return self.open_batch()

    def score(self, examples: Sequence[Example], purpose: str) -> list[tuple[float, ...]]:
        """Log-probabilities of the tokens of each example's text, and of its end."""
        return self.scorer.score([self.target(example) for example in examples], purpose)

    def logprobs(self, targets: Sequence[Target], purpose: str) -> list[tuple[float, ...]]:
        """Log-probabilities of each target's tokens under its agent's present weights."""
        return self.scorer.score(targets, purpose)

    def label(self, targets: Sequence[Target], purpose: str) -> list[Label | None]:
        """What each target's agent thinks of every token at every place of its text."""
        return self.scorer.label(targets, purpose)

    def train(self, step: TrainStep) -> dict[AgentId, Gradient]:
        """One optimizer step for every agent with targets; what is known of its gradient."""
        return self.trainer.train(step)

    def target(self, example: Example) -> Target:
        """An example as token ids."""
        return self.tokens.target(example)

    def ids(self, text: str) -> tuple[int, ...]:
        """Text as token ids."""
        return tuple(self.tokens.text(text))

    @property
    def agents(self) -> list[AgentId]:
        """The base, then every agent in the order in which it was added."""
        return list(self.bank.slots)

    def describe(self) -> BackendDescription:
        """What this engine computes with."""
        dtype = self.bank.dtype
        return BackendDescription(
            model=self.base.name,
            dtype=str(dtype).removeprefix("torch."),
            device=self.bank.device.type,
            context=self.base.context,
            shape=self.model.shape,
            kv_cache_bytes=self.model.kv_cache_bytes,
            adapter_size=self.bank.size,
            opens_thinking=self.tokens.opens_thinking,
        )

    def provenance(self) -> dict[str, Any]:
        """The hash of the base's weights, and whether an answer is the same in every batch."""
        return {
            "base": weights_hash(self.base.model),
            "batch_invariant": self.model.is_batch_invariant,
        }

    def add(self, agent: AgentId, seed: int) -> None:
        """A new agent with a fresh adapter, which answers as the base does."""
        self.bank.add(agent, seed)

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

    def save_adapter(self, agent: AgentId, folder: Path, base_name: str) -> None:
        """Writes an agent's adapter in PEFT's format, with the tokenizer.

        It is for the model of the name `base_name`.
        """
        save_adapter(self.bank, agent, folder, base_name)
        self.base.tokenizer.save_pretrained(folder)

    def load_adapter(self, agent: AgentId, folder: Path) -> None:
        """Gives an agent the adapter of a folder in PEFT's format; adds the agent if it is new."""
        load_adapter(self.bank, agent, folder)

    def save_merged(self, agent: AgentId, folder: Path) -> None:
        """Writes the base with an agent's adapter merged in, as a Hugging Face model."""
        save_merged(self.base, self.bank, agent, folder)

    def save(self, folder: Path) -> None:
        """Writes all agents and their optimizer states."""
        save_state(self._training_state, folder)

    def load(self, folder: Path) -> None:
        """Takes the agents and optimizer states of a folder that `save` wrote, and no others."""
        load_state(self._training_state, folder)

    @property
    def _training_state(self) -> TrainingState:
        return TrainingState(self.base.name, self.bank, self.adam, self.limits)

    def end_round(self) -> None:
        """Returns free memory to the system."""
        trim_memory()

    def pop_usage(self) -> list[Usage]:
        """The compute spent since the last call."""
        usage = list(self.usage)
        self.usage.clear()
        return usage

    def pop_metrics(self) -> dict[MetricKey, float]:
        """Each agent's answers that broke off as its logits were not finite, since the last call."""
        counts = sorted(self.sampler.non_finite.items())
        self.sampler.non_finite.clear()
        return {
            MetricKey("nonfinite_answers", agent): float(count) for agent, count in counts
        }


def open_engine(settings: BackendSettings) -> LocalEngine:
    """The engine that a run asks for, with no agents but the bare base."""
    prepare_process()
    dtype = getattr(torch, settings.dtype)
    device = torch.device(settings.device)
    # Compiled functions are for processors, and used only where they agree with PyTorch's.
    kernels = load_kernels(dtype) if settings.kernels == "compiled" else None

    base = load_base(settings.model, dtype, device, settings.trust_remote_code)
    bank = AdapterBank(settings.rank, settings.alpha, device, dtype)
    network = build_network(base, bank, kernels, settings.recompute)
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
    tokens = Tokens(
        base.tokenizer,
        options=settings.chat,
        stop_ids=base.stop_ids,
        thinking=settings.thinking,
    )
    _check_tokens(tokens, base)
    model = LoadedModel(base, bank, network, tokens, shape, workers)
    limits = MemoryLimits(settings.max_num_seqs, settings.max_tokens_per_microbatch)
    return LocalEngine(model, limits)


def _check_tokens(tokens: Tokens, base: BaseModel) -> None:
    """Refuses a chat template or tokenizer that does not fit the model: now, and not in a round.

    Raises UserError. Added tokens that no conversation holds, such as one for padding, may have no
    row of embeddings.
    """
    if tokens.thinking.max_tokens and not tokens.thinking_ids:
        begin, end = tokens.thinking.begin, tokens.thinking.end
        raise UserError(
            f"engine.thinking.max_tokens: model {base.name!r} has no tokens {begin!r} and "
            f"{end!r} to be counted; set begin and end to its own, or max_tokens = 0"
        )

    rows = int(base.model.get_input_embeddings().weight.shape[0])  # type: ignore[operator]
    conversation = tokens.prompt((Message("system", "a"), Message("user", "b")))
    largest = max(*tokens.ends, *conversation, base.tokenizer.vocab_size - 1)
    if largest >= rows:
        raise UserError(
            f"model {base.name!r} has {rows:,} rows of embeddings, and its tokenizer has "
            f"token {largest:,}; use another model"
        )
