"""Sums over the rows of a run's ledger."""

from collections.abc import Callable, Iterable

from docendo.records import DISCARDED, Usage

__all__ = ["purpose_label", "sum_usage", "without_discarded"]


def without_discarded(rows: Iterable[Usage]) -> list[Usage]:
    """The rows without those that repeat tokens booked for another purpose."""
    return [row for row in rows if row.purpose != DISCARDED]


def purpose_label(purpose: str) -> str:
    """A purpose as a reader sees it."""
    return f"{purpose} (of the above)" if purpose == DISCARDED else purpose


def sum_usage(
    rows: Iterable[Usage], key: Callable[[Usage], str]
) -> dict[str, dict[str, float]]:
    """Tokens and FLOPs summed by `key`, the most FLOPs first."""
    totals: dict[str, dict[str, float]] = {}
    for row in rows:
        total = totals.setdefault(key(row), {"tokens": 0, "flops": 0.0})
        total["tokens"] += row.tokens
        total["flops"] += row.flops

    return dict(sorted(totals.items(), key=lambda item: -item[1]["flops"]))
