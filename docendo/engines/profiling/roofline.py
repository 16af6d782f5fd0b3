"""The least time that sampling and training can take on a machine: the roofline of Williams, Waterman, Patterson 2009.

A pass takes at least its operations over what the machine can calculate, and at least its bytes over what memory can
deliver. Counted are matrix products, the weights once a pass and the keys and values that attention reads; what the
completions of one prompt share counts once. Departure: written bytes and activations are left out, so that no
implementation, however it fuses, can be faster.
"""

from dataclasses import dataclass
from typing import NamedTuple

from docendo.engines.profiling.flops import ModelShape

__all__ = [
    "Bound",
    "Ceiling",
    "WorkloadBatch",
    "WorkloadModel",
    "bound",
    "sampling_seconds",
    "step",
    "training_seconds",
]


class Ceiling(NamedTuple):
    """What a machine can do in a second."""

    flops: float
    bytes: float


class Bound(NamedTuple):
    """Seconds that a pass needs at least, were one of the two all it needs."""

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
    """Tokens."""
    answer: int
    """Tokens."""

    @property
    def rows(self) -> int:
        return self.prompts * self.group


@dataclass(frozen=True, slots=True)
class WorkloadModel:
    """A base with one adapter, as memory holds it."""

    shape: ModelShape
    cached: int
    """Numbers kept of each token, keys and values of all layers."""
    itemsize: int
    """Bytes of a number."""

    @property
    def weights(self) -> int:
        """Bytes that every pass reads; of the embedding only single rows."""
        return self.itemsize * (self.shape.body + self.shape.head + self.shape.adapter)

    @property
    def column(self) -> int:
        """Bytes that the cache keeps of each token."""
        return self.itemsize * self.cached


def bound(flops: float, moved: float, ceiling: Ceiling) -> Bound:
    """`moved` is in bytes."""
    return Bound(flops / ceiling.flops, moved / ceiling.bytes)


def step(model: WorkloadModel, batch: WorkloadBatch, token: int, ceiling: Ceiling) -> Bound:
    """Every row reads the token'th token of its answer (from 1) and gets logits for the next."""
    flops = batch.rows * model.shape.forward_flops(1, batch.prompt + token, 1)
    columns = batch.prompts * batch.prompt + batch.rows * token
    return bound(flops, model.weights + model.column * columns, ceiling)


def sampling_seconds(model: WorkloadModel, batch: WorkloadBatch, ceiling: Ceiling) -> float:
    """Each prompt is read once; then a step for every token of an answer but the last, which nobody reads."""
    p = batch.prompt
    reading = bound(
        batch.prompts * model.shape.forward_flops(p, p * (p + 1) // 2, 1),
        model.weights,
        ceiling,
    )
    return reading.seconds + sum(
        step(model, batch, t, ceiling).seconds for t in range(1, batch.answer)
    )


def training_seconds(model: WorkloadModel, batch: WorkloadBatch, ceiling: Ceiling) -> float:
    """One pass forward and backward through every prompt once and all of its answers; arithmetic alone."""
    p, n, g = batch.prompt, batch.answer, batch.group
    context = p * (p + 1) // 2 + g * (n * p + n * (n + 1) // 2)
    return (
        batch.prompts
        * model.shape.training_flops(p + g * n, context, g * n)
        / ceiling.flops
    )
