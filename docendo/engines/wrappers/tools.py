"""A wrapper in which answers call tools, turn by turn, all answers of a batch together.

Axes: B answers. A tool's result is part of the answer and the model reads it, but it was not sampled: its
tokens are marked, and no update trains on them.
"""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import count

from docendo.interfaces import Engine
from docendo.records import (
    AgentId,
    Completion,
    MetricKey,
    Request,
    Usage,
    base_agent,
    sampled_mask,
)
from docendo.seeds import seed_for
from docendo.tools.calls import END, Toolset, open_call, run_call

__all__ = ["WithTools"]


@dataclass(frozen=True)
class WithTools:
    engine: Engine
    toolsets: Mapping[AgentId, Toolset]
    """Copies of an agent have the agent's; requests of agents without one are passed on."""
    encode: Callable[[str], Sequence[int]]
    """Text to token ids."""
    tally: Counter[MetricKey] = field(default_factory=Counter)

    def sample(self, requests: Sequence[Request]) -> list[Completion]:
        """One completion per request, in order.

        `max_tokens` counts results too, and an answer ends before a result that does not fit, so that no
        answer is longer than without tools. Each turn reads all the turns before it again, and the ledger
        counts that as reading.
        """
        toolsets_B = [self._toolset_of(request) for request in requests]
        first_B = list(requests)
        for b, toolset in enumerate(toolsets_B):
            if toolset:
                first_B[b] = replace(requests[b], stop=(*requests[b].stop, END))

        completions_B = list(self.engine.sample(first_B))
        answers: dict[int, _Answer] = {}
        for b, toolset in enumerate(toolsets_B):
            if toolset:
                completion = completions_B[b]
                answers[b] = _Answer(requests[b], toolset, completion, completion.text)

        running = answers
        for turn in count(1):
            running = {b: a for b, a in running.items() if self._needs_turn(a)}
            if not running:
                break

            # All answers that still run take their turn in one batch.
            continuations = []
            for b, answer in running.items():
                continuations.append(_next_request(first_B[b], answer.completion, turn))
            sampled = self.engine.sample(continuations)
            for answer, part in zip(running.values(), sampled, strict=True):
                answer.last_text = part.text
                answer.completion = _join(answer.completion, part)

        for b, answer in answers.items():
            completions_B[b] = answer.completion
        return completions_B

    def pop_usage(self) -> list[Usage]:
        """The compute spent since the last call."""
        return self.engine.pop_usage()

    def pop_metrics(self) -> dict[MetricKey, float]:
        """Calls, and calls answered by an error, of every agent since the last call."""
        metrics = {key: float(calls) for key, calls in sorted(self.tally.items())}
        self.tally.clear()
        return metrics

    def _toolset_of(self, request: Request) -> Toolset | None:
        # A grammar would forbid the calls.
        return None if request.grammar else self.toolsets.get(base_agent(request.agent))

    def _needs_turn(self, answer: "_Answer") -> bool:
        """Whether there is another turn. If the last one ended with a call, append the call's result.

        An end sign without a call before it is text, and the agent goes on.
        """
        request = answer.request
        text = answer.last_text
        room = request.max_tokens - len(answer.completion.tokens)
        if END not in text or room < 1 or any(stop in text for stop in request.stop):
            return False
        call = open_call(text)
        if call is None:
            return True

        result = " error: no calls are left"
        succeeded = False
        if answer.calls < answer.toolset.max_calls:
            result, succeeded = run_call(call, answer.toolset.tools)
        answer.calls += 1
        self.tally[MetricKey("tools/calls", request.agent)] += 1
        self.tally[MetricKey("tools/errors", request.agent)] += not succeeded

        # Counted before the length is looked at: a call whose result does not fit was made.
        tokens = tuple(self.encode(result))
        if len(tokens) >= room:
            answer.completion = replace(answer.completion, cut=True)
            return False
        length = len(tokens)
        part = Completion(result, (), tokens, (0.0,) * length, (False,) * length)
        answer.completion = _join(answer.completion, part)
        return True


@dataclass
class _Answer:
    """An answer that is not finished."""

    request: Request
    toolset: Toolset
    completion: Completion
    last_text: str
    """Text of the last turn."""
    calls: int = 0


def _next_request(first: Request, completion: Completion, turn: int) -> Request:
    """The request for what comes after the completion."""
    return replace(
        first,
        seed=seed_for(first.seed, "turn", turn),
        prefix_ids=(*first.prefix_ids, *completion.tokens),
        max_tokens=first.max_tokens - len(completion.tokens),
    )


def _join(first: Completion, second: Completion) -> Completion:
    sampled = (
        *sampled_mask(first.sampled, len(first.tokens)),
        *sampled_mask(second.sampled, len(second.tokens)),
    )
    return replace(
        first,
        text=first.text + second.text,
        tokens=first.tokens + second.tokens,
        logprobs=first.logprobs + second.logprobs,
        sampled=() if all(sampled) else sampled,
        cut=second.cut,
    )
