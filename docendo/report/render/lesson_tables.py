"""The tables of what lessons are worth: in the weights, to the population as a system, at which price."""

from collections.abc import Sequence

from docendo.formatting import DASH, compact, percent, signed
from docendo.report.facts.choosing import Choosing
from docendo.report.facts.kept import KEPT, KeptMeasure
from docendo.report.facts.system import WAYS
from docendo.report.facts.withheld import ImitationEffect
from docendo.report.render.tables import Row, Table, gain_cell, share_cell
from docendo.system import Way

__all__ = ["tabulate_choosing", "tabulate_imitation", "tabulate_kept", "tabulate_ways"]


def tabulate_ways(ways: Sequence[Way]) -> Table:
    """The population as a system, and what it is compared with."""
    rows: list[Row] = []
    for way in ways:
        shares = [share_cell(way.accuracy), gain_cell(way.behind)]
        name = f"{WAYS[way.name]}, {way.samples}" if way.samples > 1 else WAYS[way.name]
        rows.append([name, *shares, compact(way.flops, "FLOP")])
    return Table(
        id="system",
        title="The population as a system",
        note=(
            "Held-out problems that agents are no experts of, each answered in several ways. The "
            "standings recommend the teacher, who writes a lesson on another problem. The vote has "
            "as many samples as the lesson and the answer after it would buy. Intervals are over "
            "problems."
        ),
        heads=("answered", "right", "what the lesson is ahead", "compute a question"),
        rows=rows,
    )


def tabulate_choosing(choosing: Choosing | None) -> Table:
    """What it saved to choose lessons before attempts were spent on them."""
    rows: list[Row] = []
    if choosing:
        rows = [[f"{choosing.dropped:,}", compact(choosing.saved, "FLOP")]]
    return Table(
        id="choosing",
        title="Lessons that were chosen",
        note=(
            "Of several lessons those with the highest dense gain were shown. What attempts after "
            "the others would have cost, less the scoring."
        ),
        heads=("lessons not shown", "compute saved"),
        rows=rows,
        text_columns=0,
    )


def tabulate_kept(kept: Sequence[KeptMeasure]) -> Table:
    """What every agent kept while it learned, first and last."""
    measures = [name for name in KEPT if any(row.measure == name for row in kept)]
    cells = {(row.agent, row.measure): row for row in kept}
    rows = []
    for agent in dict.fromkeys(row.agent for row in kept):
        texts = [_kept_text(cells.get((agent, measure))) for measure in measures]
        rows.append([agent, *texts])
    return Table(
        id="kept",
        title="What was kept",
        note=(
            "Accuracy on a few held-out problems after a worked example, and on families that "
            "nobody is trained on. Last, how much likelier agents find texts of the base than the "
            "base does, in nats per token. From the first to the last evaluation of an agent."
        ),
        heads=("agent", *map(KEPT.__getitem__, measures)),
        rows=rows,
    )


def _kept_text(row: KeptMeasure | None) -> str:
    if row is None:
        return DASH
    write = signed if row.measure == "base_text" else percent
    values = [row.start] if row.end is None else [row.start, row.end]
    return " → ".join(map(write, values))


def tabulate_imitation(effects: Sequence[ImitationEffect]) -> Table:
    """What imitated lessons did to those that imitated them."""
    rows: list[Row] = []
    for row in effects:
        counts = [f"{row.effect.n:,}", f"{row.withheld:,}"]
        rows.append([row.outcome, *counts, gain_cell(row.effect)])
    return Table(
        id="imitation",
        title="What lessons left in the weights",
        note=(
            "Scores without a lesson of students that imitated useful lessons on a family, minus "
            "scores of those from whom they were withheld by chance (learning.withhold_fraction). "
            "On held-out problems, how much more accuracy rose."
        ),
        heads=("outcome", "students and families", "withheld", "effect"),
        rows=rows,
    )
