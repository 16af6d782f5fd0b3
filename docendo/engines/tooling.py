"""Answers with calls of tools in them, turn by turn, all answers of a batch together. A wrapper of an engine.

Axes: B answers. What a tool wrote is part of the answer and is read by the model, but nobody sampled it: its tokens
are marked, and no learning sees them.
"""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import NamedTuple

from docendo.interfaces import Engine
from docendo.records import AgentId, Completion, Request, Work, origin
from docendo.seeds import seed_for
from docendo.tools.calls import END, Tool, open_call, result

__all__ = ["Toolset", "WithTools"]


class Toolset(NamedTuple):
    tools: Mapping[str, Tool]
    calls: int = 2
    """In one answer at the most; further ones are answered by an error."""


@dataclass(frozen=True)
class WithTools:
    engine: Engine
    toolsets: Mapping[AgentId, Toolset]
    """Copies of an agent have its own; who has none is passed on."""
    encode: Callable[[str], Sequence[int]]
    """Text to token ids."""
    tally: Counter[str] = field(default_factory=Counter)

    def sample(self, requests: Sequence[Request]) -> list[Completion]:
        """One completion per request, in order; `max_tokens` counts results too."""
        own = [self.toolsets.get(origin(r.agent)) for r in requests]
        turn = [replace(r, stop=(*r.stop, END)) if t else r for r, t in zip(requests, own, strict=True)]
        done = self.engine.sample(turn)
        calls, open_B = [0] * len(done), [b for b, tools in enumerate(own) if tools]
        while open_B:
            following: dict[int, Request] = {}
            for b in open_B:
                tools = own[b]
                if tools and (told := self._answered(requests[b].agent, done[b], tools, calls[b])):
                    calls[b] += 1
                    done[b] = _joined(done[b], told, tuple(self.encode(told)))
                    left = requests[b].max_tokens - len(done[b].tokens)
                    if left > 0:
                        seed = seed_for(requests[b].seed, "turn", calls[b])
                        following[b] = replace(turn[b], seed=seed, begun=done[b].tokens, max_tokens=left)
            for b, more in zip(
                following, self.engine.sample(list(following.values())) if following else (), strict=True
            ):
                done[b] = _continued(done[b], more)
            open_B = list(following)
        return done

    def drain(self) -> list[Work]:
        """The compute spent since the last call."""
        return self.engine.drain()

    def told(self) -> dict[str, float]:
        """Calls, and those answered by an error, of every agent since the last time."""
        found = {name: float(count) for name, count in sorted(self.tally.items())}
        self.tally.clear()
        return found

    def _answered(self, agent: AgentId, done: Completion, own: Toolset, calls: int) -> str:
        """What follows the call that an answer ends with; empty where it ends with none."""
        call = open_call(done.text) if done.text.endswith(END) else None
        if call is None:
            return ""
        told, right = result(call, own.tools) if calls < own.calls else (" error: no calls are left", False)
        self.tally[f"tools/{agent}/calls"] += 1
        self.tally[f"tools/{agent}/errors"] += not right
        return told if calls <= own.calls else ""


def _joined(done: Completion, text: str, tokens: tuple[int, ...]) -> Completion:
    """The answer with what a tool wrote behind it."""
    given = Completion(text, (), tokens, (0.0,) * len(tokens), (False,) * len(tokens))
    return _continued(done, given)


def _continued(done: Completion, more: Completion) -> Completion:
    sampled = (c.sampled or (True,) * len(c.tokens) for c in (done, more))
    return replace(
        done,
        text=done.text + more.text,
        tokens=done.tokens + more.tokens,
        logprobs=done.logprobs + more.logprobs,
        sampled=tuple(one for some in sampled for one in some),
    )
