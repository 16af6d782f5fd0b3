"""A wrapper that reports the progress of sampling and changes nothing else."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from docendo.interfaces import Engine
from docendo.records import Completion, Request, Usage

__all__ = ["Notify", "WithProgress"]

Notify = Callable[[str, int], None]
"""Called after every batch with its purpose and its tokens."""


@dataclass(frozen=True)
class WithProgress:
    engine: Engine
    notify: Notify
    batch: int
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
        """The compute spent since the last call."""
        return self.engine.pop_usage()
