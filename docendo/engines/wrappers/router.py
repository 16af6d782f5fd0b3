"""An engine in which some agents are answered for by other engines. A wrapper: everybody else is passed on."""

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
    """Several agents may share an endpoint."""

    def sample(self, requests: Sequence[Request]) -> list[Completion]:
        """One completion per request, in order; each engine is asked once, for all that is its own."""
        groups: dict[int, tuple[Engine, list[int]]] = {}
        for i, request in enumerate(requests):
            engine: Engine = self.routes.get(request.agent, self.engine)
            groups.setdefault(id(engine), (engine, []))[1].append(i)
        done: dict[int, Completion] = {}
        for engine, own in groups.values():
            done |= zip(own, engine.sample([requests[i] for i in own]), strict=True)
        return [done[i] for i in range(len(requests))]

    def pop_usage(self) -> list[Usage]:
        """The compute of all engines since the last call."""
        return [
            work
            for engine in (self.engine, *self._endpoints())
            for work in engine.pop_usage()
        ]

    def pop_metrics(self) -> dict[str, float]:
        """What the endpoints counted since the last call."""
        return {
            name: count
            for endpoint in self._endpoints()
            for name, count in endpoint.pop_metrics().items()
        }

    def _endpoints(self) -> list[Endpoint]:
        return list({id(endpoint): endpoint for endpoint in self.routes.values()}.values())
