"""Scoring: how likely an agent finds given texts, by a training pass without its way back."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from itertools import islice

from docendo.engines.local.backward import forward
from docendo.engines.local.loaded_model import LoadedModel
from docendo.engines.local.memory import MemoryLimits, with_backoff
from docendo.engines.local.train_rows import TrainRow, micro_batches, pack
from docendo.engines.local.usage import usage_of_rows
from docendo.engines.local.workers import contiguous_chunks
from docendo.errors import UserError
from docendo.records import Target, Usage

__all__ = ["Scorer", "TargetScores"]

TargetScores = dict[Target, tuple[float, ...]]
"""Log-probabilities of each target's tokens, in nats."""


@dataclass
class Scorer:
    model: LoadedModel
    limits: MemoryLimits
    usage: list[Usage]
    """The compute spent is appended."""

    def score(self, targets: Sequence[Target], purpose: str) -> list[tuple[float, ...]]:
        """Log-probabilities of each target's tokens; empty where it does not fit the model.

        Targets with the same prompt share one reading of it.
        """
        if not all(target.prompt_tokens for target in targets):
            raise UserError(
                "a text without messages before it; "
                "its first token would be predicted from nothing"
            )
        slots = self.model.slots_of(targets)
        context = self.model.base.context
        fitting = [
            target
            for target in dict.fromkeys(targets)
            if len(target.prompt_tokens) + len(target.tokens) <= context
        ]

        def score_rows() -> tuple[list[TrainRow], TargetScores]:
            max_tokens = self.limits.microbatch_tokens(self.model.workers.count)
            rows = pack(fitting, slots, max_tokens)
            return rows, self._score_parallel(rows, max_tokens)

        rows, scores = with_backoff(score_rows, self.limits.halve_microbatches)
        self.usage += usage_of_rows(self.model.shape.forward_flops, rows, purpose)
        return [scores.get(target, ()) for target in targets]

    def _score_parallel(self, rows: Sequence[TrainRow], max_tokens: int) -> TargetScores:
        workers = self.model.workers
        chunks = contiguous_chunks([row.length for row in rows], workers.count)
        jobs = []
        for chunk in chunks:
            rows_of_worker = [rows[i] for i in chunk]
            jobs.append(partial(self._score, rows_of_worker, max_tokens))

        scores: TargetScores = {}
        for scores_of_chunk in workers.run(jobs):
            scores |= scores_of_chunk
        return scores

    def _score(self, rows: Sequence[TrainRow], max_tokens: int) -> TargetScores:
        scores: TargetScores = {}
        for batch in micro_batches(rows, max_tokens):
            if self.model.workers.stop.is_set():
                break
            batch = [self.model.with_allowed_tokens(row) for row in batch]
            logprobs = iter(forward(self.model.network, batch).tolist())
            for row in batch:
                for target in row.targets:
                    scores[target] = tuple(islice(logprobs, len(target.tokens)))
        return scores
