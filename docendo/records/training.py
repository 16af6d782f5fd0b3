"""What agents are trained on, and the compute that was spent."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

from docendo.records.agents import AgentId
from docendo.records.answers import Completion, Grammar
from docendo.records.problems import Message

__all__ = [
    "DISCARDED",
    "Divergence",
    "Example",
    "Gradient",
    "Label",
    "ScoredSample",
    "SoftLabel",
    "Target",
    "Usage",
]

DISCARDED = "discarded"
"""The purpose of work whose tokens are booked under another purpose too: nobody learns from them."""


class ScoredSample(NamedTuple):
    """One sampled completion and what it was worth: all that the policy gradient sees."""

    agent: AgentId
    completion: Completion
    advantage: float


class Example(NamedTuple):
    """One supervised target: all that imitation sees."""

    agent: AgentId
    messages: tuple[Message, ...]
    text: str
    weight: float = 1.0


Divergence = Literal["forward_kl", "reverse_kl"]
"""KL(labeller | agent), which covers all that the labeller may say, or KL(agent | labeller)."""


@dataclass(frozen=True, eq=False)
class Label:
    """What a labeller thinks of every token at every place of a text. Equal only to itself."""

    hidden: Any = None
    """A backend's own: all agents share its frozen head, so last hidden states hold the whole distribution."""
    logprobs: Sequence[Mapping[int, float]] = ()
    """Of somebody else's model: log-probabilities of some tokens at each place, in nats."""


class SoftLabel(NamedTuple):
    """A label as a part of a target's loss."""

    label: Label
    weight: float
    """Of the divergence at each token; independent of the weight of the tokens themselves."""
    divergence: Divergence = "forward_kl"


class Target(NamedTuple):
    """Token ids to train on: one credit or one example."""

    agent: AgentId
    prompt_tokens: tuple[int, ...]
    tokens: tuple[int, ...]
    weight: float
    """Advantage of a credit, weight of an example."""
    logprobs: tuple[float, ...] = ()
    """Under the weights that sampled the tokens; empty for an example, which nobody sampled."""
    sampled: tuple[bool, ...] = ()
    """One per token: False where it is read but nothing is learned from it; empty where all count."""
    grammar: Grammar | None = None
    """The grammar that the log-probabilities are conditioned on."""
    scale: float = 1.0
    """What the weight was multiplied by to make a mean of a sum; weight / scale is the advantage."""
    ref_logprobs: tuple[float, ...] = ()
    """Under the base model, for a loss that stays near it; empty where no loss asked for them."""
    labels: tuple[SoftLabel, ...] = ()
    """Distributions that it is pulled to, beside its tokens."""


class Gradient(NamedTuple):
    """The size and noise of one agent's gradient at one step."""

    norm: float
    """Not finite where the step was skipped."""
    noise: float
    """Estimate of ``E|g - E g|^2``, the chance in it; NaN where all rows of the agent were in one half of the batch."""
    loss: float = 0.0
    """Sum of the loss over the agent's targets, before the step."""
    clip_fraction: float = 0.0
    """Share of the tokens with a weight whose gradient a clipped loss set to 0."""
    divergence: float = 0.0
    """From its labels, in nats: mean over the agent's labelled tokens; 0 without labels."""


class Usage(NamedTuple):
    """Compute that was spent."""

    agent: AgentId
    purpose: str
    tokens: int
    flops: float
    cost: float = 0.0
    """Money, in the unit of the endpoint's price list."""
