"""The least time that sampling and training can take on a machine: its roofline.

Williams, Waterman and Patterson 2009. A pass takes at least its operations over what the machine
can calculate, and at least its bytes over what memory can deliver. Matrix products count, the
weights once a pass, and the keys and values that attention reads. What the completions of one
prompt share counts once.

Departure: written bytes and activations do not count, so that no implementation can be faster,
however many operations it fuses.
"""

from dataclasses import dataclass
from typing import NamedTuple

from docendo.engines.profiling.flops import ModelShape, causal_positions

__all__ = [
    "Bound",
    "Ceiling",
    "WorkloadBatch",
    "WorkloadModel",
    "bound",
    "sampling_seconds",
    "step_bound",
    "training_seconds",
]


class Ceiling(NamedTuple):
    """What a machine can do in a second: operations, and bytes of memory."""

    flops: float
    bytes: float


class Bound(NamedTuple):
    """The least seconds of a pass by its arithmetic alone, and by its memory traffic alone."""

    arithmetic: float
    memory: float

    @property
    def seconds(self) -> float:
        return max(self)

    @property
    def limit(self) -> str:
        return "arithmetic" if self.arithmetic >= self.memory else "memory"


class WorkloadBatch(NamedTuple):
    """Prompts of one length, each with a group of answers of one length."""

    prompts: int
    group: int
    """Answers to each prompt."""
    prompt: int
    """Tokens of a prompt."""
    answer: int
    """Tokens of an answer."""

    @property
    def rows(self) -> int:
        return self.prompts * self.group


@dataclass(frozen=True, slots=True)
class WorkloadModel:
    """A base with one adapter, as memory holds it."""

    shape: ModelShape
    column: int
    """Bytes in the cache for each token, keys and values of all layers."""
    itemsize: int
    """Bytes of a number."""

    @property
    def weights(self) -> int:
        """Bytes that every pass reads; the embedding's single rows do not count."""
        body, head, adapter, _ = self.shape
        return self.itemsize * (body + head + adapter)


def bound(flops: float, moved_bytes: float, ceiling: Ceiling) -> Bound:
    """The bound of a pass with so many operations and bytes."""
    return Bound(flops / ceiling.flops, moved_bytes / ceiling.bytes)


def step_bound(
    model: WorkloadModel,
    batch: WorkloadBatch,
    token: int,
    ceiling: Ceiling,
) -> Bound:
    """Every row reads the token'th token of its answer (from 1) and gets logits for the next."""
    flops = batch.rows * model.shape.forward_flops(1, batch.prompt + token, 1)
    columns = batch.prompts * batch.prompt + batch.rows * token
    return bound(flops, model.weights + model.column * columns, ceiling)


def sampling_seconds(model: WorkloadModel, batch: WorkloadBatch, ceiling: Ceiling) -> float:
    """Each prompt is read once; then a step for every token of an answer but the last.

    Nobody reads the last token.
    """
    # causal: token t of a prompt looks at t positions, 1 + 2 + ... + p in all
    p = batch.prompt
    prompt_flops = model.shape.forward_flops(p, causal_positions(p), 1)
    reading = bound(batch.prompts * prompt_flops, model.weights, ceiling)
    step_seconds = 0.0
    for token in range(1, batch.answer):
        step_seconds += step_bound(model, batch, token, ceiling).seconds
    return reading.seconds + step_seconds


def training_seconds(model: WorkloadModel, batch: WorkloadBatch, ceiling: Ceiling) -> float:
    """One pass, forward and backward, through every prompt once and all of its answers.

    By arithmetic alone.
    """
    # each of g answers looks at the whole prompt and at its own tokens so far
    p, n, g = batch.prompt, batch.answer, batch.group
    prompt_context = causal_positions(p)
    answer_context = n * p + causal_positions(n)
    context = prompt_context + g * answer_context
    flops = model.shape.training_flops(p + g * n, context, g * n)
    return batch.prompts * flops / ceiling.flops
