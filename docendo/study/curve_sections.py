"""The sections of a study's page that show curves against compute."""

from collections.abc import Mapping, Sequence
from itertools import count

from docendo.report.render.components import empty_note, figure, scroll_box
from docendo.report.render.markup import Markup, join, tag
from docendo.report.render.tables import folded_table
from docendo.study.arms import JOINT, TEACHING, is_ablation
from docendo.study.plots import share_chart
from docendo.study.regimes import (
    ArmCurve,
    RegimeResults,
    compute_learning_curves,
    compute_trace_curves,
)
from docendo.study.result_tables import tabulate_rounds

__all__ = ["arm_places", "learning_section", "rounds_section", "wide_box"]

_TRACES = {
    "nonzero_variance": "Useful groups of rewards",
    "gate_passed": "Lessons that passed the gate",
    "cyclic_share": "Cyclic share of who helps whom",
}


def arm_places(regimes: Sequence[RegimeResults]) -> dict[str, int]:
    """The place, and so the colour, of every arm that may have a curve.

    The arms of the question come first. Rivals and ablations are counted apart: they are in
    different pictures.
    """
    arms = set()
    for regime in regimes:
        for result in regime.results:
            if result.curve or any(getattr(result.trace, name) for name in _TRACES):
                arms.add(result.arm)

    places = {TEACHING: 0, JOINT: 1}
    free_places = {True: count(2), False: count(2)}
    for arm in sorted(arms - set(places)):
        places[arm] = next(free_places[is_ablation(arm)])
    return places


def _split_ablations(
    title: str, curves: Sequence[ArmCurve]
) -> list[tuple[str, Sequence[ArmCurve]]]:
    """One titled picture of the rivals, and one of teaching with its ablations."""
    ablations = [curve for curve in curves if is_ablation(curve.arm)]
    rivals = [curve for curve in curves if not is_ablation(curve.arm)]
    teaching = [curve for curve in rivals if curve.arm == TEACHING]

    pictures: list[tuple[str, Sequence[ArmCurve]]] = []
    # Teaching alone is no picture of rivals: it is in that of the ablations anyway.
    if rivals and not (ablations and rivals == teaching):
        pictures.append((title, rivals))
    if ablations:
        pictures.append((f"{title}: ablations", [*teaching, *ablations]))
    return pictures


def learning_section(regime: RegimeResults, places: Mapping[str, int]) -> Markup:
    """The learning curves of a regime's arms, in the colours of their places."""
    curves = compute_learning_curves(regime)
    if not curves:
        return empty_note("No training was examined on the way.")

    parts = [
        tag(
            "p",
            "Held-out accuracy without a lesson, mean over agents, domains and seeds; "
            "the band is its 95% interval.",
        )
    ]
    for title, shown_curves in _split_ablations(f"Accuracy in {regime.name}", curves):
        chart = share_chart(title, shown_curves, places, is_wide=True)
        parts.append(wide_box(chart, title))
    return join(parts)


def rounds_section(regime: RegimeResults, places: Mapping[str, int]) -> Markup:
    """What was recorded of a regime's rounds, as curves and in numbers."""
    panels = []
    for name, heading in _TRACES.items():
        curves = compute_trace_curves(regime, name)
        for title, shown_curves in _split_ablations(heading, curves):
            panels.append(figure(title, share_chart(title, shown_curves, places)))
    if not panels:
        return empty_note("Nothing was told of the rounds.")

    numbers = folded_table(tabulate_rounds(regime), "In numbers")
    return join((tag("div", *panels, class_="panels"), numbers))


def wide_box(chart: Markup, label: str) -> Markup:
    """A chart as wide as the page, in a box that scrolls where the screen is narrower."""
    return scroll_box(chart, label, kind="scroll wide")
