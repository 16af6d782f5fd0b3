"""Scoring and labelling: what an agent thinks of given texts, by a training pass without its way back."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import islice
from typing import TypeVar

import torch

from docendo.engines.local.backward import forward, last_hidden_states
from docendo.engines.local.loaded_model import LoadedModel
from docendo.engines.local.memory import MemoryLimits, with_backoff
from docendo.engines.local.train_rows import TrainRow, micro_batches, pack
from docendo.engines.local.usage import usage_of_rows
from docendo.engines.local.workers import contiguous_chunks
from docendo.errors import UserError
from docendo.records import Label, Target, Usage

__all__ = ["Scorer"]

_Result = TypeVar("_Result")
_ReadBatch = Callable[[Sequence[TrainRow], Sequence[Target]], Iterable[_Result]]
"""From the rows of a micro-batch and their targets to one result for each target."""


@dataclass
class Scorer:
    model: LoadedModel
    limits: MemoryLimits
    usage: list[Usage]
    """The compute spent is appended."""

    def score(self, targets: Sequence[Target], purpose: str) -> list[tuple[float, ...]]:
        """Log-probabilities of each target's tokens; empty where it does not fit the model."""
        scores = self._read(targets, purpose, self._score)
        return [scores.get(target, ()) for target in targets]

    def label(self, targets: Sequence[Target], purpose: str) -> list[Label | None]:
        """The agent's last hidden states at each target's tokens; None where it does not fit."""
        labels = self._read(targets, purpose, self._label)
        return [labels.get(target) for target in targets]

    def _read(
        self, targets: Sequence[Target], purpose: str, read: _ReadBatch[_Result]
    ) -> dict[Target, _Result]:
        """What `read` makes of each target that fits the model.

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

        def read_rows() -> tuple[list[TrainRow], dict[Target, _Result]]:
            max_tokens = self.limits.microbatch_tokens(self.model.workers.count)
            rows = pack(fitting, slots, max_tokens)
            return rows, self._read_parallel(rows, max_tokens, read)

        rows, results = with_backoff(read_rows, self.limits.halve_microbatches)
        # A label's logits are computed where it is trained on; they are charged here, to the
        # labeller.
        self.usage += usage_of_rows(self.model.shape.forward_flops, rows, purpose)
        return results

    def _read_parallel(
        self, rows: Sequence[TrainRow], max_tokens: int, read: _ReadBatch[_Result]
    ) -> dict[Target, _Result]:
        workers = self.model.workers
        chunks = contiguous_chunks([row.length for row in rows], workers.count)
        jobs = []
        for chunk in chunks:
            rows_of_worker = [rows[i] for i in chunk]
            jobs.append(partial(self._read_batches, rows_of_worker, max_tokens, read))

        results: dict[Target, _Result] = {}
        for results_of_chunk in workers.run(jobs):
            results |= results_of_chunk
        return results

    def _read_batches(
        self, rows: Sequence[TrainRow], max_tokens: int, read: _ReadBatch[_Result]
    ) -> dict[Target, _Result]:
        results: dict[Target, _Result] = {}
        for batch in micro_batches(rows, max_tokens):
            if self.model.workers.stop.is_set():
                break
            targets = [target for row in batch for target in row.targets]
            results |= zip(targets, read(batch, targets), strict=True)
        return results

    def _score(
        self, batch: Sequence[TrainRow], targets: Sequence[Target]
    ) -> Iterator[tuple[float, ...]]:
        batch = [self.model.with_allowed_tokens(row) for row in batch]
        logprobs = iter(forward(self.model.network, batch).tolist())
        return (tuple(islice(logprobs, len(target.tokens))) for target in targets)

    def _label(
        self, batch: Sequence[TrainRow], targets: Sequence[Target]
    ) -> Iterator[Label]:
        hidden_Kd = last_hidden_states(self.model.network, batch)
        lengths = [len(target.tokens) for target in targets]
        return map(Label, torch.split(hidden_Kd, lengths))
