"""A wrapper that sends the requests of some agents to endpoints and all others to the engine."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from docendo.engines.remote.openai import Endpoint
from docendo.interfaces import Engine
from docendo.records import AgentId, Completion, Request, Usage

__all__ = ["Router"]


@dataclass(frozen=True)
class Router:
    engine: Engine
    routes: Mapping[AgentId, Endpoint]

    def sample(self, requests: Sequence[Request]) -> list[Completion]:
        """One completion per request, in order; each engine is asked once."""
        # By identity: agents that share an endpoint are asked in one batch, under one rate limit.
        engines: dict[int, Engine] = {}
        places: dict[int, list[int]] = {}
        for i, request in enumerate(requests):
            engine: Engine = self.routes.get(request.agent, self.engine)
            engines[id(engine)] = engine
            places.setdefault(id(engine), []).append(i)

        completions: dict[int, Completion] = {}
        for key, engine in engines.items():
            sampled = engine.sample([requests[i] for i in places[key]])
            completions.update(zip(places[key], sampled, strict=True))
        return [completions[i] for i in range(len(requests))]

    def pop_usage(self) -> list[Usage]:
        """The compute of all engines since the last call."""
        usage = list(self.engine.pop_usage())
        for endpoint in self._endpoints():
            usage += endpoint.pop_usage()
        return usage

    def pop_metrics(self) -> dict[str, float]:
        """The counts of all endpoints since the last call."""
        metrics: dict[str, float] = {}
        for endpoint in self._endpoints():
            metrics |= endpoint.pop_metrics()
        return metrics

    def _endpoints(self) -> list[Endpoint]:
        """Each endpoint once, though several agents may share it."""
        return list({id(endpoint): endpoint for endpoint in self.routes.values()}.values())
