"""How likely an agent finds texts that are given: a training pass without its way back."""

from collections.abc import Callable, Sequence
from functools import partial
from itertools import islice

from docendo.engines.local.backward import TrainRow, forward, micro_batches
from docendo.engines.local.workers import Workers, contiguous_chunks
from docendo.engines.model.network import Network
from docendo.records import Target

__all__ = ["TargetScores", "score_targets"]

TargetScores = dict[Target, tuple[float, ...]]
"""Log-probabilities of each target's tokens, in nats."""


def score_targets(
    network: Network, rows: Sequence[TrainRow], cap: int, workers: Workers
) -> TargetScores:
    """The scores of every target in the rows; each worker has its share of them, `cap` tokens at once."""
    parts = contiguous_chunks([row.length for row in rows], workers.count)
    jobs = [
        partial(_scored, network, [rows[i] for i in part], cap, workers.stop.is_set)
        for part in parts
    ]
    return {target: score for found in workers.run(jobs) for target, score in found.items()}


def _scored(
    network: Network, rows: Sequence[TrainRow], cap: int, stop: Callable[[], bool]
) -> TargetScores:
    found: TargetScores = {}
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
