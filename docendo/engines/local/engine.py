"""The engine on this machine: one base, all adapters, one batch."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property, partial

import torch

from docendo.engines.constrained.logits import Guides
from docendo.engines.cpu.library import load_kernels
from docendo.engines.local.autotune import autotune_step
from docendo.engines.local.backward import TrainRow, backward, micro_batches, pack
from docendo.engines.local.base_model import BaseModel, load_base
from docendo.engines.local.build_network import build_network
from docendo.engines.local.continuous_batch import ContinuousBatch
from docendo.engines.local.decoding import (
    DecodeRequest,
    DecodeResult,
    DecodingLimits,
    decode,
)
from docendo.engines.local.memory import recover
from docendo.engines.local.scoring import TargetScores, score_targets
from docendo.engines.local.tokens import Tokens
from docendo.engines.local.usage import usage_of_rows, usage_of_sampling
from docendo.engines.local.workers import Workers, balanced_chunks, contiguous_chunks
from docendo.engines.lora.bank import AdapterBank
from docendo.engines.lora.gradient_noise import estimate_gradient_noise
from docendo.engines.lora.optimizer import Adam
from docendo.engines.model.cuda_graphs import CudaGraphStep, capture_cuda_graph
from docendo.engines.model.network import EagerStep, Network
from docendo.engines.profiling.flops import ModelShape
from docendo.errors import RunError, UserError
from docendo.learning.losses import Loss
from docendo.records import (
    BASE,
    AgentId,
    Completion,
    Example,
    Gradient,
    Request,
    Target,
    Usage,
)
from docendo.tools.calls import split_tool_calls

__all__ = ["LocalEngine", "open_engine"]


@dataclass
class LocalEngine:
    base: BaseModel
    bank: AdapterBank
    network: Network
    tokens: Tokens
    shape: ModelShape
    workers: Workers = field(default_factory=Workers)
    adam: Adam = field(default_factory=Adam)
    rows: int = 128
    """The most completions in flight at once."""
    cache_bytes: int = 2 * 2**30
    """Size of the key-value cache: where prompts are long, fewer completions are in flight."""
    prefill_tokens: int = 2048
    train_tokens: int = 1536
    """Tokens of the micro-batches of all workers together; bounds the memory of a backward pass."""
    work: list[Usage] = field(default_factory=list)

    @cached_property
    def lost(self) -> Counter[str]:
        """Answers that ended because their agent's logits were not finite, since they were told."""
        return Counter()

    @cached_property
    def guides(self) -> Guides:
        """What steers answers that have a grammar, or texts that end them."""
        return Guides(
            self.base.tokenizer,
            len(self.network.head_Vd),
            self.tokens.end,
            self.tokens.decode,
        )

    def sample(self, requests: Sequence[Request]) -> list[Completion]:
        """One completion per request, in order. Where memory runs out, what is unfinished starts afresh, with half as
        many answers in flight from then on; no answer depends on how many are.
        """
        rows = [self.row(r) for r in requests]
        done: dict[int, DecodeResult] = {}
        while left := [i for i in range(len(rows)) if i not in done]:
            found = self._decoded([rows[i] for i in left])
            done |= {left[n]: result for n, result in found.items()}
            if len(found) < len(left):
                self._halve(len(left))
                rows = [
                    row if i in done else self.row(requests[i])
                    for i, row in enumerate(rows)
                ]
        results = [done[i] for i in range(len(rows))]
        self.lost.update(
            f"lost/{row.request.agent}"
            for row, found in zip(rows, results, strict=True)
            if found.non_finite
        )
        self.work += usage_of_sampling(self.shape, rows, results)
        return [
            self._completion(row, found) for row, found in zip(rows, results, strict=True)
        ]

    def _decoded(self, rows: Sequence[DecodeRequest]) -> dict[int, DecodeResult]:
        """The results of the rows that ended, by number: all, unless memory ran out."""
        workers = self._divide(rows)
        jobs = [
            partial(self._decode, [rows[i] for i in worker], len(workers))
            for worker in workers
        ]
        results = zip(workers, self.workers.run(jobs), strict=True)
        return {
            i: result
            for worker, some in results
            for i, result in zip(worker, some, strict=True)
            if result.finished
        }

    def _halve(self, wanted: int) -> None:
        """For so many answers at once there is no memory. Raises RunError where there is none for a single one."""
        if self.rows == 1 and self.prefill_tokens == 1:
            raise RunError(
                "out of memory with a single answer in flight; use a smaller model or shorter answers"
            )
        self.rows = max(1, min(self.rows, wanted) // 2)
        self.prefill_tokens = max(1, self.prefill_tokens // 2)

    def row(self, request: Request) -> DecodeRequest:
        """What is decoded for a request. Raises UseError for an unknown agent, RunError for what does not fit."""
        prompt = self._prompt(request) + request.prefix_ids
        return DecodeRequest(
            self.bank.slot(request.agent), prompt, request, self.guides.guide_for(request)
        )

    def stream(self) -> ContinuousBatch:
        """A continuous batch with one worker's share of the rows and the cache. For one thread."""
        network = replace(
            self.network, make_stepper=EagerStep
        )  # rows come and go: what a recording holds is soon out of date
        return ContinuousBatch(network, self.tokens.end, self._limits(self.workers.count))

    def remove(self, agent: AgentId) -> None:
        """Forget an agent, its adapter and its optimizer state; others are as before."""
        self.adam.reset(self.bank.remove(agent))

    def snapshot(self, agent: AgentId, name: AgentId) -> None:
        """A new agent that is what `agent` is now; its optimizer starts afresh."""
        self.bank.clone(agent, name)
        self.adam.reset(self.bank.slot(name))

    def replace(
        self, agent: AgentId, parents: Sequence[AgentId], scale: float, seed: int
    ) -> None:
        """Overwrite an agent by a mutated copy of one parent or a mutated cross of two; its optimizer starts afresh."""
        if len(parents) == 1:
            self.bank.copy(parents[0], agent)
        elif len(parents) == 2:
            self.bank.cross(parents[0], parents[1], agent, seed)
        else:
            raise UserError(
                f"{agent!r} is to descend from {list(parents)}; wanted one parent or two"
            )
        self.bank.mutate(agent, scale, seed)
        self.adam.reset(self.bank.slot(agent))

    def target(self, example: Example) -> Target:
        """An example as token ids; results of tools in it are read and not learned."""
        prompt, parts = self.tokens.prompt(example.messages), split_tool_calls(example.text)
        written = [
            (token, not part.from_tool)
            for part in parts
            for token in self.tokens.text(part.text)
        ]
        tokens, counts = (
            (*(t for t, _ in written), self.tokens.end),
            (*(c for _, c in written), True),
        )
        return Target(
            example.agent,
            prompt,
            tokens,
            example.weight,
            sampled=() if all(counts) else counts,
        )

    def ids(self, text: str) -> tuple[int, ...]:
        """Text as token ids."""
        return tuple(self.tokens.text(text))

    def score(self, examples: Sequence[Example], purpose: str) -> list[tuple[float, ...]]:
        """Log-probabilities of every token of each example's text and of the end behind it; empty for what does not
        fit the model. What follows the same messages shares one reading of them.
        """
        targets = [self.target(e) for e in examples]
        if not all(t.prompt_tokens for t in targets):
            raise UserError(
                "a text without messages before it; its first token would be predicted from nothing"
            )
        slots = {t.agent: self.bank.slot(t.agent) for t in targets}
        wanted = [
            t
            for t in dict.fromkeys(targets)
            if len(t.prompt_tokens) + len(t.tokens) <= self.base.context
        ]
        while (found := self._scored(rows := pack(wanted, slots, self._cap))) is None:
            self.train_tokens //= 2
        self.work += usage_of_rows(self.shape.forward_flops, rows, purpose)
        return [found.get(t, ()) for t in targets]

    def _scored(self, rows: Sequence[TrainRow]) -> TargetScores | None:
        """None where the memory did not suffice."""
        try:
            return score_targets(self.network, rows, self._cap, self.workers)
        except (MemoryError, RuntimeError) as error:
            self._crowded(error)
            return None

    @property
    def _cap(self) -> int:
        """Tokens of a micro-batch of one worker."""
        return max(1, self.train_tokens // self.workers.count)

    def _crowded(self, error: BaseException) -> None:
        """Memory ran out in a pass. Raises RunError where less at once is not possible, and any other error again."""
        recover(error)
        if self.train_tokens == 1:
            raise RunError(
                f"out of memory at {self._cap} tokens a micro-batch; use a smaller model or rank"
            ) from error

    def train(
        self,
        targets: Sequence[Target],
        loss: Loss,
        rates: Mapping[AgentId, float],
        purpose: str,
    ) -> dict[AgentId, Gradient]:
        """One optimizer step for every agent that has targets; the norm and the noise of the agents' gradients."""
        present = {t.agent for t in targets if t.tokens}
        if BASE in present:
            raise UserError(
                "the bare base is nobody's to train; give the targets to an agent with an adapter"
            )
        if any(t.tokens and not t.prompt_tokens for t in targets):
            raise UserError(
                "a target without a prompt; its first token would be predicted from nothing"
            )
        slots = {agent: self.bank.slot(agent) for agent in present}
        while not any(parts := self._gradients(targets, slots, loss)) and present:
            self.train_tokens //= 2
        self.work += usage_of_rows(
            self.shape.training_flops, [row for part in parts for row in part], purpose
        )
        rates = {a: r for a, r in rates.items() if a in present}
        try:
            noises = self._noises(parts, [slots[a] for a in rates])
            return {
                a: Gradient(norm, noises[slots[a]])
                for a, norm in self.adam.step(self.bank, rates).items()
            }
        except (MemoryError, RuntimeError) as error:
            recover(error)
            raise RunError(
                "out of memory in a step of the optimizer; use a smaller model or rank"
            ) from error

    def _noises(
        self, parts: Sequence[Sequence[TrainRow]], slots: Sequence[int]
    ) -> dict[int, float]:
        counts = [Counter[int](), Counter[int]()]
        for i, part in enumerate(parts):
            for row in part:
                counts[i % 2][row.slot] += len(row.targets)
        first_SP, second_SP = self.bank.grad_halves()
        return {
            s: estimate_gradient_noise(
                first_SP[s], second_SP[s], (counts[0][s], counts[1][s])
            )
            for s in slots
        }

    def _gradients(
        self, targets: Sequence[Target], slots: Mapping[AgentId, int], loss: Loss
    ) -> list[list[TrainRow]]:
        """The rows of each part; none where the memory did not suffice, and then no gradient is left either."""
        cap = self._cap
        rows = pack(targets, slots, cap)
        placed = balanced_chunks(
            [r.length for r in rows], [r.slot for r in rows], len(self.bank.grads_LSP)
        )
        parts = [[rows[i] for i in share] for share in placed]
        jobs = [partial(self._backward, i, part, cap, loss) for i, part in enumerate(parts)]
        done = False
        try:
            self.workers.run(
                jobs if cap > 1 else [lambda: [job() for job in jobs]]
            )  # at last not even side by side
            done = True
        except (MemoryError, RuntimeError) as error:
            self._crowded(error)
            return []
        finally:
            if not done:
                self.bank.zero_grad()
        return parts

    def _guided(self, row: TrainRow) -> TrainRow:
        """With what the grammars of its targets allowed: much memory, so that it is made for one micro-batch."""
        if not any(t.grammar for t in row.targets):
            return row
        bits = [
            self.guides.walk(t.grammar, t.tokens, t.sampled)
            if t.grammar
            else [None] * len(t.tokens)
            for t in row.targets
        ]
        return row._replace(allowed=tuple(one for some in bits for one in some))

    def _backward(self, part: int, rows: Sequence[TrainRow], cap: int, loss: Loss) -> None:
        for batch in micro_batches(rows, cap):
            if self.workers.stop.is_set():
                return
            backward(self.network, [self._guided(row) for row in batch], loss, part)

    def pop_usage(self) -> list[Usage]:
        """The compute spent since the last call."""
        work, self.work = self.work, []
        return work

    def pop_metrics(self) -> dict[str, float]:
        """Answers lost to logits that were not finite, ``lost/AGENT``, since the last call."""
        found = {name: float(count) for name, count in sorted(self.lost.items())}
        self.lost.clear()
        return found

    def _prompt(self, request: Request) -> tuple[int, ...]:
        prompt = self.tokens.prompt(request.messages)
        if not prompt or request.max_tokens < 1:
            raise UserError(
                f"a prompt of {len(prompt)} tokens and max_tokens={request.max_tokens}; both must be 1 or more"
            )
        wanted = len(prompt) + len(request.prefix_ids) + request.max_tokens
        if wanted > self.base.context:
            raise RunError(
                f"a prompt of {len(prompt)} tokens and an answer of {request.max_tokens} do not fit the model's "
                f"{self.base.context} tokens; shorten the problems, or lower tokens or examples"
            )
        return prompt

    def _divide(self, rows: Sequence[DecodeRequest]) -> list[list[int]]:
        """Numbers of the rows of each worker. Equal prompts go to one worker; agents are spread as little as can
        be: the fewer are in a worker, the larger are their matrix products."""
        groups: dict[tuple[int, tuple[int, ...]], list[int]] = {}
        for i in sorted(
            range(len(rows)),
            key=lambda i: (rows[i].slot, len(rows[i].prompt), rows[i].prompt, i),
        ):
            groups.setdefault(rows[i].key, []).append(i)
        cells = list(groups.values())
        count = min(self.workers.count, self.rows)
        workers = contiguous_chunks(
            [sum(rows[i].request.max_tokens for i in cell) for cell in cells], count
        )
        return [[i for c in worker for i in cells[c]] for worker in workers]

    def _decode(self, rows: Sequence[DecodeRequest], workers: int) -> list[DecodeResult]:
        found = decode(
            self.network,
            rows,
            self.tokens.end,
            self._limits(workers),
            self.workers.stop.is_set,
        )
        if not all(result.finished for result in found):
            self.workers.stop.set()  # memory ran out: the others give theirs back too
        return found

    def _limits(self, workers: int) -> DecodingLimits:
        columns = self.cache_bytes // (
            workers * self.base.token_numbers * self.bank.dtype.itemsize
        )
        return DecodingLimits(max(1, self.rows // workers), columns, self.prefill_tokens)

    def _completion(self, row: DecodeRequest, found: DecodeResult) -> Completion:
        request, prompt = (
            row.request,
            row.prompt[: len(row.prompt) - len(row.request.prefix_ids)],
        )
        text, chosen = (
            self.tokens.decode(found.tokens),
            () if all(found.was_sampled) else tuple(found.was_sampled),
        )
        return Completion(
            text,
            prompt,
            tuple(found.tokens),
            tuple(found.logprobs),
            chosen,
            request.grammar,
        )


def open_engine(
    model: str | BaseModel,
    rank: int,
    alpha: float,
    dtype: torch.dtype,
    device: torch.device,
    compiled: bool = False,
) -> LocalEngine:
    """An engine on `model` with no agents but the bare base, on a processor with `compiled` functions or without."""
    base = load_base(model, dtype, device) if isinstance(model, str) else model
    head = base.model.get_output_embeddings().weight.numel()  # type: ignore[operator]
    bank = AdapterBank(rank, alpha, device, dtype)
    network = build_network(base, bank, load_kernels(dtype) if compiled else None)
    workers = Workers.for_device(device) if network.stack.thread_safe else Workers()
    bank.split_grads(workers.parts)
    if device.type == "cuda":
        network = autotune_step(
            network, bank, partial(CudaGraphStep, capture=capture_cuda_graph)
        )
    body = sum(m.base.weight.numel() for m in bank.layers.values())
    shape = ModelShape(
        body, head, bank.size, base.layers * base.heads.query * base.heads.size
    )
    return LocalEngine(base, bank, network, Tokens(base.tokenizer), shape, workers)
