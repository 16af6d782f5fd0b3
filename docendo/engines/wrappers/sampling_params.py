"""How each agent answers: what is set for it alone, laid over every request. A wrapper: others are passed on."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

from docendo.interfaces import Engine
from docendo.records import AgentId, Completion, Grammar, Request, Usage, base_agent

__all__ = ["SamplingParams", "WithSamplingParams"]


class SamplingParams(NamedTuple):
    """What is None is as the request says."""

    temperature: float | None = None
    """Not of requests for the likeliest token, whose temperature is 0."""
    max_tokens: int | None = None
    top_p: float = 1.0
    """Below 1 what is sampled is not the policy that learns: gradients are then biased."""
    grammar: Grammar | None = None


@dataclass(frozen=True)
class WithSamplingParams:
    engine: Engine
    habits: Mapping[AgentId, SamplingParams]
    """Copies of an agent have its own."""

    def sample(self, requests: Sequence[Request]) -> list[Completion]:
        """One completion per request, in order."""
        return self.engine.sample([self._own(r) for r in requests])

    def pop_usage(self) -> list[Usage]:
        """The compute spent since the last call."""
        return self.engine.pop_usage()

    def _own(self, request: Request) -> Request:
        habit = self.habits.get(base_agent(request.agent))
        if habit is None:
            return request
        return replace(
            request,
            temperature=(habit.temperature or request.temperature)
            if request.temperature
            else 0.0,
            max_tokens=habit.max_tokens or request.max_tokens,
            top_p=min(habit.top_p, request.top_p),
            grammar=habit.grammar or request.grammar,
        )
