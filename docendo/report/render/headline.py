"""What a report of a run begins with: what the run was, and the four numbers that matter."""

from collections.abc import Sequence
from typing import NamedTuple

from rich.table import Table
from rich.text import Text

from docendo.formatting import (
    DASH,
    compact,
    duration,
    interval_text,
    percent,
    signed,
    visible,
)
from docendo.report.facts.accuracy import knowledge_change
from docendo.report.facts.gains import mean_gain
from docendo.report.facts.ledger import without_discarded
from docendo.report.facts.run import Facts
from docendo.statistics import PairedChange

__all__ = ["Headline", "describe_run", "headline_grid", "headlines"]


class Headline(NamedTuple):
    """A number that matters."""

    title: str
    value: str
    notes: list[str]
    """Its interval, and what it is of."""


def headline_grid(headlines: Sequence[Headline]) -> Table:
    """The numbers below each other, for a terminal."""
    grid = Table.grid(padding=(0, 2))
    for title, value, notes in headlines:
        line = ", ".join((value, *notes))
        grid.add_row(Text(title, "dim"), Text(visible(line)))
    return grid


def headlines(facts: Facts) -> list[Headline]:
    """How knowledge changed, what a lesson gained, and how many passed the gate."""
    gain = mean_gain(facts.lessons)
    gain_notes = ["no lesson shown yet"]
    if gain:
        gain_notes = [f"{gain.n:,} lessons"]
        interval = interval_text(gain, share=False)
        if interval:
            gain_notes.append(f"95% interval {interval}")

    passed = sum(lesson.passed for lesson in facts.lessons)
    count = len(facts.lessons)
    gate = percent(passed / count) if count else DASH
    return [
        _change("Other domains, without a lesson", knowledge_change(facts, is_own=False)),
        _change("Own domain, without a lesson", knowledge_change(facts, is_own=True)),
        Headline("Gain of a shown lesson", signed(gain.mean if gain else None), gain_notes),
        Headline("Lessons through the gate", gate, [f"{passed:,} of {count:,}"]),
    ]


def _change(title: str, change: PairedChange) -> Headline:
    if change.start is None:
        return Headline(title, percent(change.end), ["no evaluation yet"])

    value = percent(change.start)
    if change.end is not None:
        value = f"{100 * change.start:.0f} → {percent(change.end)}"
    if change.rise is None or change.low is None or change.high is None:
        return Headline(title, value, ["one evaluation so far"])
    low = signed(100 * change.low, 0)
    high = signed(100 * change.high, 0)
    rise = f"{signed(100 * change.rise, 0)} points"
    return Headline(title, value, [rise, f"95% interval {low} to {high}"])


def describe_run(facts: Facts) -> list[str]:
    """Model, agents, rounds, time and compute, and whether the run is finished."""
    teaching = sum(row.stage == "teaching" for row in facts.rounds)
    experts = sum(row.stage == "experts" and row.round >= 0 for row in facts.rounds)
    rounds = f"{teaching} teaching rounds"
    if experts:
        rounds = f"{experts} expert and {rounds}"

    # Discarded tokens are booked for their purpose already.
    usage = without_discarded(facts.ledger)
    return [
        facts.config.model,
        f"{len(facts.own_domains)} agents",
        rounds,
        duration(sum(row.seconds for row in facts.rounds)),
        f"{compact(sum(row.tokens for row in usage))} tokens",
        compact(sum(row.flops for row in usage), "FLOP"),
        "finished" if facts.finished else "not finished",
    ]
