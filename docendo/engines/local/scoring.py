"""How likely an agent finds texts that are given: a training pass without its way back."""

from collections.abc import Callable, Sequence
from functools import partial
from itertools import islice

from docendo.engines.local.backward import TrainRow, forward, micro_batches
from docendo.engines.local.workers import Lanes, stretches
from docendo.engines.model.network import Network
from docendo.records import Target

__all__ = ["Scores", "scored"]

Scores = dict[Target, tuple[float, ...]]
"""Log-probabilities of each target's tokens, in nats."""


def scored(network: Network, rows: Sequence[TrainRow], cap: int, lanes: Lanes) -> Scores:
    """The scores of every target in the rows; each lane has its share of them, `cap` tokens at once."""
    parts = stretches([row.length for row in rows], lanes.count)
    jobs = [
        partial(_scored, network, [rows[i] for i in part], cap, lanes.stop.is_set)
        for part in parts
    ]
    return {target: score for found in lanes.run(jobs) for target, score in found.items()}


def _scored(
    network: Network, rows: Sequence[TrainRow], cap: int, stop: Callable[[], bool]
) -> Scores:
    found: Scores = {}
    for batch in micro_batches(rows, cap):
        if stop():
            break
        logprobs = iter(forward(network, batch).tolist())
        found |= {
            target: tuple(islice(logprobs, len(target.tokens)))
            for row in batch
            for target in row.targets
        }
    return found
