"""An engine in which some agents are played by programs. A wrapper: everybody else is passed on."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from docendo.interfaces import Engine
from docendo.records import AgentId, Completion, Request, Usage

__all__ = ["WithScripts"]


@dataclass(frozen=True)
class WithScripts:
    engine: Engine
    scripts: Mapping[AgentId, Callable[[Request], str]]
    """Hard-coded agents: what each of them says to a request."""

    def sample(self, requests: Sequence[Request]) -> list[Completion]:
        """One completion per request, in order. A script's has no tokens: there is nothing to train or to pay for."""
        passed = [r for r in requests if r.agent not in self.scripts]
        sampled = iter(self.engine.sample(passed) if passed else ())
        return [
            Completion(self.scripts[r.agent](r))
            if r.agent in self.scripts
            else next(sampled)
            for r in requests
        ]

    def pop_usage(self) -> list[Usage]:
        return self.engine.pop_usage()
