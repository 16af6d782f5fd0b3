"""A wrapper in which functions answer for some agents and the engine for all others."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from docendo.interfaces import Engine
from docendo.records import AgentId, Completion, Request, Usage

__all__ = ["WithScripts"]


@dataclass(frozen=True)
class WithScripts:
    engine: Engine
    scripts: Mapping[AgentId, Callable[[Request], str]]
    """For each scripted agent, the function that answers its requests."""

    def sample(self, requests: Sequence[Request]) -> list[Completion]:
        """One completion per request, in order.

        A script's has no tokens: there is nothing to train on or to pay for.
        """
        passed_on = [r for r in requests if r.agent not in self.scripts]
        sampled = iter(self.engine.sample(passed_on) if passed_on else ())
        completions = []
        for request in requests:
            script = self.scripts.get(request.agent)
            completions.append(Completion(script(request)) if script else next(sampled))
        return completions

    def pop_usage(self) -> list[Usage]:
        return self.engine.pop_usage()
