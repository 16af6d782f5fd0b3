"""The backend: one frozen base model with all agents' adapters, behind one protocol."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from docendo.engines.profiling.flops import ModelShape
from docendo.interfaces import Engine
from docendo.parts import PartConfig
from docendo.records import AgentId, Example, Gradient, Label, MetricValues, Target
from docendo.thinking import ThinkingConfig

__all__ = ["Backend", "BackendDescription", "BackendSettings", "TrainStep"]


@dataclass(frozen=True)
class TrainStep:
    """One optimizer step, described by values that can be sent to another process.

    All agents of the step are trained together, and never share a gradient.
    """

    targets: Sequence[Target]
    loss: PartConfig
    """The loss and its settings; the backend builds it where it computes."""
    rates: Mapping[AgentId, float]
    """Learning rates. An agent without a rate, or without targets, keeps its weights."""
    purpose: str
    """What the compute is booked under."""
    weight_decay: float = 0.0
    """A step of learning rate r first shrinks the adapter by the fraction r * weight_decay."""


@dataclass(frozen=True)
class BackendSettings:
    """What a run asks of its backend. The fields are those of the section ``[engine]``."""

    model: str
    rank: int
    alpha: float
    dtype: str
    """``float32`` or ``bfloat16``."""
    device: str
    kernels: str
    """``compiled`` or ``torch``."""
    max_num_seqs: int
    """Completions in flight."""
    max_tokens_per_microbatch: int
    """Tokens of the backward passes that run at the same time."""
    trust_remote_code: bool
    chat: Mapping[str, Any]
    """Variables of the chat template."""
    thinking: ThinkingConfig = field(default_factory=ThinkingConfig)
    recompute: bool = False
    """Whether a backward pass computes each layer again instead of keeping what it needs."""


@dataclass(frozen=True)
class BackendDescription:
    """What a backend computes with, for plans, benchmarks and pages."""

    model: str
    dtype: str
    device: str
    context: int
    """Tokens of a prompt and its answer together."""
    shape: ModelShape
    kv_cache_bytes: int
    """Bytes of the cache for one token."""
    adapter_size: int
    """Numbers of one agent's adapter."""
    opens_thinking: bool = False
    """Whether the chat template begins a block of thinking in every prompt."""


class Backend(Engine, Protocol):
    """One frozen base model with the adapters of all agents: what samples, scores and trains.

    This is the only protocol between the application and what computes. A backend of your own
    implements it in one file and is named by ``engine.backend``.
    """

    @property
    def agents(self) -> Sequence[AgentId]:
        """The base, then every agent in the order in which it was added."""
        ...

    def describe(self) -> BackendDescription: ...

    def provenance(self) -> Mapping[str, Any]:
        """What the results depend on besides the settings, as JSON.

        ``base`` is a hash of the base's weights. ``batch_invariant`` says whether an answer is the
        same, to the last bit, in every batch.
        """
        ...

    def ids(self, text: str) -> tuple[int, ...]:
        """Plain text as token ids. Control tokens in it have no power."""
        ...

    def target(self, example: Example) -> Target:
        """An example as token ids."""
        ...

    def score(self, examples: Sequence[Example], purpose: str) -> list[tuple[float, ...]]:
        """Log-probabilities of the tokens of each example's text and of its end, in nats.

        Empty for an example that does not fit the model.
        """
        ...

    def logprobs(self, targets: Sequence[Target], purpose: str) -> list[tuple[float, ...]]:
        """Log-probabilities of each target's tokens under its agent's present weights, in nats.

        The agent may be the base. Empty for a target that does not fit the model.
        """
        ...

    def label(self, targets: Sequence[Target], purpose: str) -> list[Label | None]:
        """What each target's agent thinks of every token at every place of its text.

        The agent, any or the base, reads the target's prompt first. These are token ids, as a
        sampled answer need not encode to its own tokens: whoever learns from a label must be
        trained on the same tokens. None for a target that does not fit the model.
        """
        ...

    def train(self, step: TrainStep) -> dict[AgentId, Gradient]:
        """One optimizer step for every agent that has targets and a rate.

        Returns what is known of their gradients. A step whose gradient is not finite is skipped.
        """
        ...

    def add(self, agent: AgentId, seed: int) -> None:
        """A new agent with a fresh adapter, which answers as the base does."""
        ...

    def snapshot(self, agent: AgentId, name: AgentId) -> None:
        """A new agent that is what `agent` is now."""
        ...

    def replace(
        self, agent: AgentId, parents: Sequence[AgentId], scale: float, seed: int
    ) -> None:
        """Overwrite an agent by a mutated copy of one parent or a mutated cross of two."""
        ...

    def remove(self, agent: AgentId) -> None:
        """Forget an agent."""
        ...

    def save_adapter(self, agent: AgentId, folder: Path, base_name: str) -> None:
        """Writes an agent's adapter in PEFT's format, with the tokenizer.

        It is for the model of the name `base_name`.
        """
        ...

    def load_adapter(self, agent: AgentId, folder: Path) -> None:
        """Gives an agent the adapter of a folder in PEFT's format; adds the agent if it is new."""
        ...

    def save_merged(self, agent: AgentId, folder: Path) -> None:
        """Writes the base with an agent's adapter merged in, as a Hugging Face model."""
        ...

    def save(self, folder: Path) -> None:
        """Writes all agents and their optimizer states: training goes on from them bit by bit."""
        ...

    def load(self, folder: Path) -> None:
        """Takes the agents and optimizer states of a folder that `save` wrote, and no others.

        Raises UserError where they do not fit this backend, or a file is damaged.
        """
        ...

    def pop_metrics(self) -> MetricValues:
        """What was measured since the last call."""
        ...

    def end_round(self) -> None:
        """Called after every round: memory that only served the round can be freed."""
        ...
