"""Answers with calls of tools in them, turn by turn, all answers of a batch together. A wrapper of an engine.

Axes: B answers. What a tool wrote is part of the answer and is read by the model, but nobody sampled it: its tokens
are marked, and no learning sees them.
"""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import count

from docendo.interfaces import Engine
from docendo.records import AgentId, Completion, Request, Usage, base_agent
from docendo.seeds import seed_for
from docendo.tools.calls import END, Toolset, open_call, run_call

__all__ = ["WithTools"]


@dataclass(frozen=True)
class WithTools:
    engine: Engine
    toolsets: Mapping[AgentId, Toolset]
    """Copies of an agent have its own; who has none is passed on."""
    encode: Callable[[str], Sequence[int]]
    """Text to token ids."""
    tally: Counter[str] = field(default_factory=Counter)

    def sample(self, requests: Sequence[Request]) -> list[Completion]:
        """One completion per request, in order.

        `max_tokens` counts results too, and an answer ends before a result that does not fit, so that none is longer
        than without tools. Each turn reads all before it again, and the ledger has that as reading.
        """
        own = [
            None if r.grammar else self.toolsets.get(base_agent(r.agent)) for r in requests
        ]
        first = [
            replace(r, stop=(*r.stop, END)) if t else r
            for r, t in zip(requests, own, strict=True)
        ]
        done = self.engine.sample(first)
        answers = {
            b: _Open(requests[b], tools, done[b], done[b].text)
            for b, tools in enumerate(own)
            if tools
        }
        running = answers
        for turn in count(1):
            running = {b: answer for b, answer in running.items() if self._goes_on(answer)}
            if not running:
                break
            wanted = [_next(first[b], answer.done, turn) for b, answer in running.items()]
            for answer, more in zip(
                running.values(), self.engine.sample(wanted), strict=True
            ):
                answer.newest, answer.done = more.text, _joined(answer.done, more)
        return [answers[b].done if b in answers else c for b, c in enumerate(done)]

    def pop_usage(self) -> list[Usage]:
        """The compute spent since the last call."""
        return self.engine.pop_usage()

    def pop_metrics(self) -> dict[str, float]:
        """Calls, and those answered by an error, of every agent since the last time."""
        found = {name: float(count) for name, count in sorted(self.tally.items())}
        self.tally.clear()
        return found

    def _goes_on(self, answer: "_Open") -> bool:
        """Whether there is another turn. Where the newest ended with a call, its result now stands behind it; a sign
        that ends no call is text, and the agent goes on.
        """
        request, newest = answer.request, answer.newest
        left = request.max_tokens - len(answer.done.tokens)
        if END not in newest or left < 1 or any(stop in newest for stop in request.stop):
            return False
        call = open_call(newest)
        if call is None:
            return True
        told, right = " error: no calls are left", False
        if answer.calls < answer.own.max_calls:
            told, right = run_call(call, answer.own.tools)
        answer.calls += 1
        self.tally[f"tools/{request.agent}/calls"] += 1
        self.tally[f"tools/{request.agent}/errors"] += not right
        tokens = tuple(self.encode(told))
        if len(tokens) >= left:
            return False
        given = Completion(told, (), tokens, (0.0,) * len(tokens), (False,) * len(tokens))
        answer.done = _joined(answer.done, given)
        return True


@dataclass
class _Open:
    """An answer on its way."""

    request: Request
    own: Toolset
    done: Completion
    newest: str
    """Text of the last turn."""
    calls: int = 0


def _next(first: Request, done: Completion, turn: int) -> Request:
    """What is wanted behind what is there."""
    return replace(
        first,
        seed=seed_for(first.seed, "turn", turn),
        prefix_ids=(*first.prefix_ids, *done.tokens),
        max_tokens=first.max_tokens - len(done.tokens),
    )


def _joined(done: Completion, more: Completion) -> Completion:
    sampled = [one for c in (done, more) for one in c.sampled or (True,) * len(c.tokens)]
    return replace(
        done,
        text=done.text + more.text,
        tokens=done.tokens + more.tokens,
        logprobs=done.logprobs + more.logprobs,
        sampled=() if all(sampled) else tuple(sampled),
    )
