"""Training: gradients of all agents' targets, spread over the workers, and one optimizer step.

Axes: L parts of the rows, S slots, P numbers of an adapter. The even parts are one half of the
rows and the odd parts the other: their gradients differ by chance, which measures the noise.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial

from docendo.backend import TrainStep
from docendo.engines.local.backward import backward
from docendo.engines.local.loaded_model import LoadedModel
from docendo.engines.local.loss_gradient import LossMeasures
from docendo.engines.local.memory import MemoryLimits, recover, with_backoff
from docendo.engines.local.train_rows import TrainRow, micro_batches, pack
from docendo.engines.local.usage import usage_of_rows
from docendo.engines.local.workers import balanced_chunks
from docendo.engines.lora.gradient_noise import estimate_gradient_noise
from docendo.engines.lora.optimizer import Adam
from docendo.errors import RunError, UserError
from docendo.learning.losses import Loss
from docendo.records import BASE, AgentId, Gradient, Target, Usage

__all__ = ["Trainer"]

_Parts = list[list[TrainRow]]
_Measured = tuple[list[TrainRow], LossMeasures]


@dataclass
class Trainer:
    model: LoadedModel
    limits: MemoryLimits
    usage: list[Usage]
    """The compute spent is appended."""
    adam: Adam = field(default_factory=Adam)

    def train(self, step: TrainStep) -> dict[AgentId, Gradient]:
        """One optimizer step for every agent with targets and a rate.

        Returns what is known of their gradients; agents without targets keep their weights.
        """
        targets = [target for target in step.targets if target.tokens]
        slots = self._check_targets(targets)
        parts, measures = with_backoff(
            partial(self._compute_gradients, targets, slots, step.loss.build()),
            self.limits.halve_microbatches,
        )
        rows = [row for part in parts for row in part]
        self.usage += usage_of_rows(self.model.shape.training_flops, rows, step.purpose)

        rates = {agent: rate for agent, rate in step.rates.items() if agent in slots}
        try:
            noise_by_slot = self._estimate_noise(parts, [slots[agent] for agent in rates])
            norms = self.adam.step(self.model.bank, rates, step.weight_decay)
        except (MemoryError, RuntimeError) as error:
            recover(error)
            raise RunError(
                "out of memory in a step of the optimizer; use a smaller model or rank"
            ) from error
        losses = _sum_measures(measures)
        gradients: dict[AgentId, Gradient] = {}
        for agent, norm in norms.items():
            loss, weighted, clipped, labelled, divergence = losses[agent]
            gradients[agent] = Gradient(
                norm=norm,
                noise=noise_by_slot[slots[agent]],
                loss=loss,
                clip_fraction=clipped / weighted if weighted else 0.0,
                divergence=divergence / labelled if labelled else 0.0,
            )
        return gradients

    def _check_targets(self, targets: Sequence[Target]) -> dict[AgentId, int]:
        """The slots of the agents. Raises UserError for targets that cannot be trained on."""
        if any(target.agent == BASE for target in targets):
            raise UserError(
                "the bare base is nobody's to train; "
                "give the targets to an agent with an adapter"
            )
        if not all(target.prompt_tokens for target in targets):
            raise UserError(
                "a target without a prompt; its first token would be predicted from nothing"
            )
        for target in targets:
            _check_labels(target, len(self.model.network.head_Vd))
        return self.model.slots_of(targets)

    def _compute_gradients(
        self, targets: Sequence[Target], slots: Mapping[AgentId, int], loss: Loss
    ) -> tuple[_Parts, list[_Measured]]:
        """Adds the gradients to the bank's; returns the rows of each part, and loss measures.

        Where it fails, no gradient is left.
        """
        bank, workers = self.model.bank, self.model.workers
        max_tokens = self.limits.microbatch_tokens(workers.count)
        rows = pack(targets, slots, max_tokens)
        numbers_of_parts = balanced_chunks(
            costs=[row.length for row in rows],
            owners=[row.slot for row in rows],
            count=len(bank.grads_LSP),
        )

        parts: _Parts = []
        jobs = []
        for i, numbers in enumerate(numbers_of_parts):
            parts.append([rows[n] for n in numbers])
            jobs.append(partial(self._backward_part, i, parts[i], max_tokens, loss))
        if max_tokens == 1:
            # the least memory of all: not even two parts at the same time
            jobs = [partial(_run_in_turn, jobs)]
        complete = False
        try:
            measures = workers.run(jobs)
            complete = True
        finally:
            if not complete:
                bank.zero_grad()
        return parts, [measured for of_part in measures for measured in of_part]

    def _backward_part(
        self, part: int, rows: Sequence[TrainRow], max_tokens: int, loss: Loss
    ) -> list[_Measured]:
        """Adds the gradients of one part's rows; returns what was measured of the loss."""
        measures: list[_Measured] = []
        for batch in micro_batches(rows, max_tokens):
            if self.model.workers.stop.is_set():
                break
            # what grammars allowed takes much memory: it is made for one micro-batch
            batch = [self.model.with_allowed_tokens(row) for row in batch]
            measured = backward(self.model.network, batch, loss, part)
            measures.append((batch, measured))
        return measures

    def _estimate_noise(self, parts: _Parts, slots: Sequence[int]) -> dict[int, float]:
        """The noise in the gradient of each slot, from the two halves of its rows."""
        counts = (Counter[int](), Counter[int]())
        for i, part in enumerate(parts):
            for row in part:
                counts[i % 2][row.slot] += len(row.targets)

        first_SP, second_SP = self.model.bank.grad_halves()
        noise_by_slot: dict[int, float] = {}
        for slot in slots:
            targets = (counts[0][slot], counts[1][slot])
            noise_by_slot[slot] = estimate_gradient_noise(
                first_SP[slot], second_SP[slot], targets
            )
        return noise_by_slot


def _check_labels(target: Target, vocabulary: int) -> None:
    """Raises UserError for labels of another text, and beside a grammar."""
    if target.labels and target.grammar:
        raise UserError(
            "a target with a grammar and a label; a label is about all tokens, "
            "so leave the grammar out"
        )
    for label, _, _ in target.labels:
        places = label.logprobs if label.hidden is None else label.hidden
        if len(places) != len(target.tokens):
            raise UserError(
                f"a label of {len(places)} tokens for a target of {len(target.tokens)}; "
                "expected one of the same tokens"
            )
        if any(not 0 <= token < vocabulary for named in label.logprobs for token in named):
            raise UserError(
                "a label of a token that this model does not have; "
                "expected a labeller with the same tokenizer"
            )


def _sum_measures(measures: Sequence[_Measured]) -> dict[AgentId, list[float]]:
    """The columns of `LossMeasures`, summed for each agent."""
    sums: dict[AgentId, list[float]] = {}
    for rows, measured in measures:
        targets = [target for row in rows for target in row.targets]
        columns = zip(*(column_S.tolist() for column_S in measured), strict=True)
        for target, values in zip(targets, columns, strict=True):
            total = sums.setdefault(target.agent, [0.0] * len(measured))
            for i, value in enumerate(values):
                total[i] += value
    return sums


def _run_in_turn(jobs: Sequence[partial[list[_Measured]]]) -> list[_Measured]:
    return [measured for job in jobs for measured in job()]
