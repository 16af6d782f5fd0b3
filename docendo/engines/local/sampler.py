"""Sampling: requests to completions, spread over the workers."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import partial

from docendo.engines.local.capacity import DecodingLimits
from docendo.engines.local.continuous_batch import ContinuousBatch
from docendo.engines.local.decode_request import (
    DecodeRequest,
    DecodeResult,
    PromptKey,
    ThinkingMeter,
)
from docendo.engines.local.decoding import decode
from docendo.engines.local.loaded_model import LoadedModel
from docendo.engines.local.memory import MemoryLimits, with_backoff
from docendo.engines.local.usage import usage_of_sampling
from docendo.engines.local.workers import contiguous_chunks
from docendo.engines.model.network import EagerStep
from docendo.errors import RunError, UserError
from docendo.records import AgentId, Completion, Request, Usage

__all__ = ["Sampler", "divide_by_prompt"]


@dataclass
class Sampler:
    model: LoadedModel
    limits: MemoryLimits
    usage: list[Usage]
    """The compute spent is appended."""
    non_finite: Counter[AgentId] = field(default_factory=Counter)
    """Answers by agent that ended because the agent's logits were not finite."""

    def sample(self, requests: Sequence[Request]) -> list[Completion]:
        """One completion per request, in order.

        Where memory runs out, unfinished answers start again, with half as many in flight from
        then on. No answer depends on how many are in flight.
        """
        prepared = [self.prepare(request) for request in requests]
        results: dict[int, DecodeResult] = {}
        pending = list(range(len(requests)))

        def decode_pending() -> None:
            finished = self._decode_parallel([prepared[i] for i in pending])
            results.update((pending[n], result) for n, result in finished.items())
            if len(finished) < len(pending):
                raise MemoryError

        def shrink() -> None:
            nonlocal pending
            self.limits.halve_sampling(len(pending))
            pending = [i for i in pending if i not in results]
            for i in pending:
                # a grammar's guide has seen the tokens of the first attempt
                prepared[i] = self.prepare(requests[i])

        with_backoff(decode_pending, shrink)
        in_order = [results[i] for i in range(len(requests))]
        for request, result in zip(requests, in_order, strict=True):
            if result.non_finite:
                self.non_finite[request.agent] += 1
        self.usage += usage_of_sampling(self.model.shape, prepared, in_order)
        return [
            self._complete(request, result)
            for request, result in zip(prepared, in_order, strict=True)
        ]

    def prepare(self, request: Request) -> DecodeRequest:
        """The request in token ids.

        Raises UserError for an unknown agent, RunError for what does not fit the model.
        """
        tokens = self.model.tokens.prompt(request.messages)
        if not tokens or request.max_tokens < 1:
            raise UserError(
                f"a prompt of {len(tokens)} tokens and max_tokens={request.max_tokens}; "
                "both must be 1 or more"
            )
        context = self.model.base.context
        if len(tokens) + len(request.prefix_ids) + request.max_tokens > context:
            raise RunError(
                f"a prompt of {len(tokens)} tokens and an answer of {request.max_tokens} "
                f"do not fit the model's {context} tokens; "
                "shorten the problems, or lower tokens or examples"
            )
        slot = self.model.bank.slot(request.agent)
        guide = self.model.guides.guide_for(request)
        meter = self._thinking_meter(request)
        return DecodeRequest(slot, tokens + request.prefix_ids, request, guide, meter)

    def _thinking_meter(self, request: Request) -> ThinkingMeter | None:
        """None without a limit, and for a grammar, which would forbid the end mark."""
        tokens = self.model.tokens
        if request.grammar or not tokens.thinking.max_tokens:
            return None
        begin, end = tokens.thinking_ids
        limit = tokens.thinking.max_tokens
        meter = ThinkingMeter(begin, end, limit, tokens.opens_thinking)
        for token in request.prefix_ids:
            meter.take(token)
        return meter

    def open_batch(self) -> ContinuousBatch:
        """A continuous batch with one worker's share of rows and cache. For one thread."""
        # rows come and go, so a recorded step would soon be out of date
        network = replace(self.model.network, make_stepper=EagerStep)
        limits = self._limits(self.model.workers.count)
        return ContinuousBatch(network, self.model.tokens.ends, limits)

    def _decode_parallel(
        self, requests: Sequence[DecodeRequest]
    ) -> dict[int, DecodeResult]:
        """The finished results by number: all, unless memory ran out."""
        count = min(self.model.workers.count, self.limits.max_num_seqs)
        chunks = divide_by_prompt(requests, count)
        jobs = []
        for chunk in chunks:
            of_worker = [requests[i] for i in chunk]
            jobs.append(partial(self._decode, of_worker, len(chunks)))

        finished: dict[int, DecodeResult] = {}
        for chunk, results in zip(chunks, self.model.workers.run(jobs), strict=True):
            numbered = zip(chunk, results, strict=True)
            finished |= {i: result for i, result in numbered if result.finished}
        return finished

    def _decode(
        self, requests: Sequence[DecodeRequest], workers: int
    ) -> list[DecodeResult]:
        stop = self.model.workers.stop
        results = decode(
            self.model.network,
            requests,
            self.model.tokens.ends,
            self._limits(workers),
            stop.is_set,
        )
        if not all(result.finished for result in results):
            stop.set()  # memory ran out: the other workers free theirs too
        return results

    def _limits(self, workers: int) -> DecodingLimits:
        """One worker's share of so many."""
        return DecodingLimits(
            rows=max(1, self.limits.max_num_seqs // workers),
            cache_columns=self.limits.cache_bytes // (workers * self.model.kv_cache_bytes),
            prefill_tokens=self.limits.prefill_tokens,
        )

    def _complete(self, request: DecodeRequest, result: DecodeResult) -> Completion:
        prompt_length = len(request.prompt) - len(request.request.prefix_ids)
        all_sampled = all(result.was_sampled)
        is_full = len(result.tokens) >= request.request.max_tokens
        return Completion(
            self.model.tokens.decode(result.tokens),
            request.prompt[:prompt_length],
            tuple(result.tokens),
            tuple(result.logprobs),
            () if all_sampled else tuple(result.was_sampled),
            request.request.grammar,
            starts_thinking=self.model.tokens.opens_thinking,
            cut=is_full and result.tokens[-1] not in self.model.tokens.ends,
        )


def divide_by_prompt(requests: Sequence[DecodeRequest], count: int) -> list[list[int]]:
    """The numbers of the requests of up to `count` workers. Equal prompts go to one worker.

    Agents are spread as little as can be: the fewer a worker has, the larger are its matrix
    products.
    """
    by_prompt: dict[PromptKey, list[int]] = {}
    for i in sorted(range(len(requests)), key=lambda i: _sort_key(requests[i], i)):
        by_prompt.setdefault(requests[i].key, []).append(i)

    groups = list(by_prompt.values())
    # The length of an answer is not known before it ends: its limit stands in for it.
    costs = []
    for group in groups:
        costs.append(sum(requests[i].request.max_tokens for i in group))

    chunks: list[list[int]] = []
    for chunk in contiguous_chunks(costs, count):
        chunks.append([i for g in chunk for i in groups[g]])
    return chunks


def _sort_key(request: DecodeRequest, number: int) -> tuple[object, ...]:
    return request.slot, len(request.prompt), request.prompt, number
