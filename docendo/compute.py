"""The ledger: every token and what it cost, by agent and purpose, so that any two runs compare at equal compute."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

from docendo.records import AgentId, Usage

__all__ = ["Ledger", "within"]

_T = TypeVar("_T")


@dataclass
class Ledger:
    """Sums of work. Purposes: experts, lesson, control, attempt, practice, policy, imitation, evaluation, probe;
    `discarded` repeats the tokens of flat groups and stopped lessons and costs nothing more."""

    sums: dict[tuple[AgentId, str], tuple[int, float, float]] = field(default_factory=dict)

    def book(self, work: Iterable[Usage]) -> list[Usage]:
        """Add work; returns it summed by agent and purpose, for the round's record."""
        fresh = Ledger()
        for w in work:
            for ledger in (self, fresh):
                tokens, flops, cost = ledger.sums.get((w.agent, w.purpose), (0, 0.0, 0.0))
                ledger.sums[w.agent, w.purpose] = (
                    tokens + w.tokens,
                    flops + w.flops,
                    cost + w.cost,
                )
        return fresh.rows()

    def rows(self) -> list[Usage]:
        return [
            Usage(agent, purpose, *amount)
            for (agent, purpose), amount in sorted(self.sums.items())
        ]

    def flops(self, without: Sequence[str] = ("evaluation",)) -> float:
        """All operations so far; evaluation is metered apart."""
        return sum(w.flops for w in self.rows() if w.purpose not in without)


def within(budget: float, spent: Callable[[], float], steps: Iterable[_T]) -> Iterator[_T]:
    """Take steps until `spent()` reaches `budget`. The step that crosses the line is kept."""
    if spent() >= budget:
        return
    for step in steps:
        yield step
        if spent() >= budget:
            return
