"""A wrapper that reports the progress of an engine and changes nothing else."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from docendo.interfaces import Adapters, Engine, Trainable
from docendo.records import AgentId, Completion, Example, Gradient, Request, Target, Usage

__all__ = ["WithProgress", "Worker"]


class Worker(Engine, Trainable, Adapters, Protocol):
    """An engine that samples and trains, and in which agents can be added and removed."""


@dataclass(frozen=True)
class WithProgress:
    engine: Worker
    notify: Callable[[str, int], None]
    """Called after every batch with its purpose and its tokens."""
    batch: int = 512
    """Requests that are passed on at once; a long list is split so that the progress shows."""

    def sample(self, requests: Sequence[Request]) -> list[Completion]:
        """One completion per request, in order."""
        # Sorted by agent, so that a batch switches adapters as rarely as possible.
        order = sorted(range(len(requests)), key=lambda i: (requests[i].agent, i))
        completions: dict[int, Completion] = {}
        for start in range(0, len(order), self.batch):
            places = order[start : start + self.batch]
            part = [requests[i] for i in places]
            sampled = self.engine.sample(part)
            completions.update(zip(places, sampled, strict=True))
            self.notify(part[0].purpose, sum(len(c.tokens) for c in sampled))
        return [completions[i] for i in range(len(requests))]

    def pop_usage(self) -> list[Usage]:
        return self.engine.pop_usage()

    def target(self, example: Example) -> Target:
        return self.engine.target(example)

    def ids(self, text: str) -> tuple[int, ...]:
        return self.engine.ids(text)

    def train(
        self,
        targets: Sequence[Target],
        loss: Callable[[Any], Any],
        rates: Mapping[AgentId, float],
        purpose: str,
    ) -> dict[AgentId, Gradient]:
        gradients = self.engine.train(targets, loss, rates, purpose)
        self.notify(purpose, sum(len(t.prompt_tokens) + len(t.tokens) for t in targets))
        return gradients

    def snapshot(self, agent: AgentId, name: AgentId) -> None:
        self.engine.snapshot(agent, name)

    def replace(
        self, agent: AgentId, parents: Sequence[AgentId], scale: float, seed: int
    ) -> None:
        self.engine.replace(agent, parents, scale, seed)

    def remove(self, agent: AgentId) -> None:
        self.engine.remove(agent)
