"""The ledger: tokens, operations and cost by agent and purpose, so that runs compare at equal compute."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

from docendo.records import AgentId, Usage

__all__ = ["Ledger", "within"]

_T = TypeVar("_T")


@dataclass
class Ledger:
    """Sums of usage.

    Purposes: experts, try, lesson, dense_gain, hint, control, attempt, practice, policy, imitation,
    label, kl, evaluation, probe.
    `discarded` repeats the tokens of flat groups and stopped lessons, and costs nothing more.
    """

    sums: dict[tuple[AgentId, str], Usage] = field(default_factory=dict)

    def book(self, usages: Iterable[Usage]) -> list[Usage]:
        """Add usages; returns them summed by agent and purpose, for the round's record."""
        booked = Ledger()
        for usage in usages:
            booked._add(usage)
            self._add(usage)
        return booked.rows()

    def _add(self, usage: Usage) -> None:
        key = (usage.agent, usage.purpose)
        total = self.sums.get(key, Usage(*key, 0, 0.0))
        self.sums[key] = Usage(
            *key,
            total.tokens + usage.tokens,
            total.flops + usage.flops,
            total.cost + usage.cost,
        )

    def rows(self) -> list[Usage]:
        return [self.sums[key] for key in sorted(self.sums)]

    def flops(self, without: Sequence[str] = ("evaluation",)) -> float:
        """All operations so far, without evaluation: looking often must not cost training compute."""
        return sum(usage.flops for usage in self.rows() if usage.purpose not in without)


def within(budget: float, spent: Callable[[], float], steps: Iterable[_T]) -> Iterator[_T]:
    """Take steps until `spent()` reaches `budget`. The step that crosses the line is kept."""
    # Before the first step too: a run that is resumed may have spent everything.
    if spent() >= budget:
        return
    for step in steps:
        yield step
        if spent() >= budget:
            return
