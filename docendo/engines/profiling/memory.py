"""Bytes that a population takes: base, adapters, gradients, moments, cache and a backward pass.

The sizes are those of models of the Llama form. Axes: d hidden size, f inner size of the
feed-forward part, H query and K key-value heads of size D, V vocabulary, R rank.
"""

from typing import NamedTuple

__all__ = ["LOGIT_ROWS", "MemoryUse", "ModelSizes", "Population", "activation_bytes"]

_FLOAT32 = 4
LOGIT_ROWS = 256
"""Predicted tokens whose logits are computed together, so that memory for them is reused."""


class ModelSizes(NamedTuple):
    """A base model, as its config gives it."""

    parameters: int
    """All weights, those of embedding and head included."""
    layers: int
    hidden: int
    inner: int
    query_heads: int
    key_heads: int
    head_size: int
    vocabulary: int

    @property
    def qkv(self) -> int:
        """Numbers of a token's queries, keys and values in one layer."""
        return (self.query_heads + 2 * self.key_heads) * self.head_size

    @property
    def attended(self) -> int:
        """Numbers that attention gives a token in one layer."""
        return self.query_heads * self.head_size

    @property
    def adapter_columns(self) -> int:
        """Inputs and outputs of all adapted layers: an adapter has R times as many numbers."""
        d, f = self.hidden, self.inner
        attention = 3 * d + self.qkv + self.attended + d
        return self.layers * (attention + 2 * (d + f) + f + d)

    @property
    def served_columns(self) -> int:
        """The same for the copies that a pass reads.

        Layers with the same input are one product, whose B has zeros between its blocks.
        """
        d, f = self.hidden, self.inner
        joint = 3 * (d + self.qkv) + 2 * (d + 2 * f)
        return self.layers * (joint + self.attended + d + f + d)

    def tape_bytes(self, rank: int, itemsize: int) -> int:
        """What the forward pass of one layer keeps of one token, without attention weights."""
        d, f = self.hidden, self.inner
        # two inputs of a half and what was normalised for them, queries to values, what attention
        # gave, gate and up, their product, and A x of each projection
        numbers = 4 * d + self.qkv + self.attended + 3 * f + 7 * rank
        # in float32: factors of two normalisations, and log-sum-exps of the attention scores
        return itemsize * numbers + _FLOAT32 * (2 + self.query_heads)

    def transient_bytes(self, itemsize: int) -> int:
        """What the backward pass through one layer adds for one token."""
        return itemsize * (4 * self.inner + 3 * self.hidden)

    def cache_bytes(self, itemsize: int) -> int:
        """Bytes of the key-value cache for one token."""
        return 2 * self.layers * self.key_heads * self.head_size * itemsize


class Population(NamedTuple):
    """The agents on a base, and the numbers that they are computed in."""

    learners: int
    copies: int
    """Frozen copies of agents, which are served and not trained."""
    rank: int
    itemsize: int
    """Bytes of a number of the base."""


class MemoryUse(NamedTuple):
    """Bytes, by what they are for."""

    base: int
    adapters: int
    gradients: int
    moments: int
    cache: int
    activations: int

    @property
    def total(self) -> int:
        return sum(self)

    @staticmethod
    def of(
        sizes: ModelSizes,
        population: Population,
        cached_tokens: int,
        trained_tokens: int,
        recompute: bool,
    ) -> "MemoryUse":
        """With so many tokens in the cache, or so many in a micro-batch, at the same time."""
        rank, itemsize = population.rank, population.itemsize
        # the bare base has a slot, too
        slots = 1 + population.learners + population.copies
        adapter = _FLOAT32 * rank * sizes.adapter_columns
        served = itemsize * rank * sizes.served_columns
        return MemoryUse(
            base=itemsize * sizes.parameters,
            adapters=slots * (adapter + served),
            gradients=2 * slots * adapter,
            moments=2 * slots * adapter,
            cache=cached_tokens * sizes.cache_bytes(itemsize),
            activations=activation_bytes(sizes, population, trained_tokens, recompute),
        )


def activation_bytes(
    sizes: ModelSizes, population: Population, tokens: int, recompute: bool
) -> int:
    """Bytes of a forward and backward pass over so many tokens, without attention weights."""
    itemsize = population.itemsize
    tape = sizes.tape_bytes(population.rank, itemsize)
    layers = (
        tape + itemsize * sizes.hidden * sizes.layers if recompute else tape * sizes.layers
    )
    # cosines and sines, the last states, and their gradient in both formats
    others = itemsize * (2 * sizes.qkv + 4 * sizes.hidden) + _FLOAT32 * sizes.hidden
    per_token = layers + sizes.transient_bytes(itemsize) + others
    head = LOGIT_ROWS * sizes.vocabulary * (itemsize + 2 * _FLOAT32)
    return tokens * per_token + head
