"""The tables of what teaching leaves and costs: what agents kept, and the population as a system."""

from collections.abc import Sequence
from statistics import fmean

from docendo.formatting import compact, interval_text, percent, signed
from docendo.report.facts.kept import KEPT
from docendo.report.facts.system import WAYS
from docendo.report.render.tables import EMPTY, Cell, Row, Table
from docendo.statistics import clustered_mean
from docendo.study.regimes import RegimeResults
from docendo.study.results import TrainingTrace, WayScore
from docendo.study.sentences import format_interval, format_points

__all__ = ["tabulate_kept", "tabulate_ways"]


def tabulate_ways(regime: RegimeResults) -> Table:
    """Every arm's population as a system; no rows where no league asked for that."""
    rows: list[Row] = []
    for arm in regime.ranked:
        traces = [result.trace for result in regime.arms[arm].values()]
        asked = [trace.system for trace in traces if trace.system]
        for way, words in WAYS.items() if asked else ():
            cells = [_share_cell(asked, way), _ahead_cell(asked, way)]
            flops = fmean(ways[way].flops for ways in asked)
            rows.append([arm, words, *cells, compact(flops, "FLOP")])
    note = (
        "Held-out problems that agents are no experts of, each answered in several ways. The "
        "standings recommend the teacher. The vote has as many samples as the lesson and the "
        "answer after it would buy. Intervals are over seeds."
    )
    heads = ("arm", "answered", "right", "the lesson is ahead", "compute a question")
    return Table("The population as a system", note, heads, rows, text_columns=2)


def _share_cell(asked: Sequence[dict[str, WayScore]], way: str) -> Cell:
    right = clustered_mean([[ways[way].accuracy] for ways in asked])
    return Cell(percent(right.mean), interval_text(right, share=True))


def _ahead_cell(asked: Sequence[dict[str, WayScore]], way: str) -> Cell:
    """Accuracy with a lesson minus that of another way, seed by seed."""
    if way == "lesson":
        return EMPTY
    ahead = clustered_mean(
        [[ways["lesson"].accuracy - ways[way].accuracy] for ways in asked]
    )
    return Cell(format_points(ahead.mean), format_interval(ahead))


def tabulate_kept(regime: RegimeResults) -> Table:
    """What the agents of every arm kept while they learned; no rows where that was not measured."""
    rows: list[Row] = []
    for arm in regime.ranked:
        traces = [result.trace for result in regime.arms[arm].values()]
        cells = [_kept_cell(traces, measure) for measure in KEPT]
        if set(cells) != {EMPTY}:
            rows.append([arm, *cells])
    note = (
        "Of the base, after the experts' stage, and at the end; means over agents and seeds. Right "
        "answers to a few held-out problems after a worked example, and to families that nobody is "
        "trained on. Last, how much likelier agents find texts of the base than the base does, in "
        "nats per token."
    )
    return Table("What was kept", note, ("arm", *KEPT.values()), rows)


def _kept_cell(traces: Sequence[TrainingTrace], measure: str) -> Cell:
    write = signed if measure == "base_text" else percent
    series = [trace.kept[measure] for trace in traces if measure in trace.kept]
    means = map(fmean, zip(*series, strict=False))
    return Cell(" → ".join(map(write, means))) if series else EMPTY
