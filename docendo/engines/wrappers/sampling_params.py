"""A wrapper that lays each agent's own sampling settings over its requests."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

from docendo.interfaces import Engine
from docendo.records import AgentId, Completion, Grammar, Request, Usage, base_agent

__all__ = ["SamplingParams", "WithSamplingParams"]


class SamplingParams(NamedTuple):
    """Settings of one agent; where one is None, the request's counts."""

    temperature: float | None = None
    """Does not apply to greedy requests, whose temperature is 0."""
    max_tokens: int | None = None
    top_p: float = 1.0
    """Below 1 the agent does not sample from the policy that learns: gradients are then biased."""
    grammar: Grammar | None = None


@dataclass(frozen=True)
class WithSamplingParams:
    engine: Engine
    params: Mapping[AgentId, SamplingParams]
    """Copies of an agent have the agent's settings; agents without any are passed on."""

    def sample(self, requests: Sequence[Request]) -> list[Completion]:
        """One completion per request, in order."""
        return self.engine.sample([self._adapt(request) for request in requests])

    def pop_usage(self) -> list[Usage]:
        """The compute spent since the last call."""
        return self.engine.pop_usage()

    def _adapt(self, request: Request) -> Request:
        params = self.params.get(base_agent(request.agent))
        if params is None:
            return request

        # A greedy request, such as an evaluation's, stays greedy.
        temperature = request.temperature
        if temperature and params.temperature:
            temperature = params.temperature
        return replace(
            request,
            temperature=temperature,
            max_tokens=params.max_tokens or request.max_tokens,
            top_p=min(params.top_p, request.top_p),
            grammar=params.grammar or request.grammar,
        )
