"""The sections of a study's page that show curves against compute."""

from collections.abc import Mapping, Sequence

from docendo.report.render.components import empty_note, figure, scroll_box
from docendo.report.render.markup import Markup, join, tag
from docendo.study import result_tables
from docendo.study.arms import JOINT, TEACHING, is_ablation
from docendo.study.plots import ShareCurves, share_chart
from docendo.study.regimes import (
    ArmCurve,
    RegimeResults,
    compute_learning_curves,
    compute_trace_curves,
)
from docendo.study.results import ArmResult
from docendo.study.table_markup import folded_table

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
        arms |= {result.arm for result in regime.results if _has_curve(result)}

    places = {TEACHING: 0, JOINT: 1}
    others = sorted(arms - set(places))
    rivals = [arm for arm in others if not is_ablation(arm)]
    ablations = [arm for arm in others if is_ablation(arm)]
    for group in (rivals, ablations):
        places |= {arm: place for place, arm in enumerate(group, 2)}

    return places


def _has_curve(result: ArmResult) -> bool:
    return bool(result.curve) or any(getattr(result.trace, name) for name in _TRACES)


def _split_ablations(
    title: str,
    curves: Sequence[ArmCurve],
    places: Mapping[str, int],
    *,
    is_wide: bool = False,
) -> list[ShareCurves]:
    """One picture of the rivals, and one of teaching with its ablations."""
    ablations = [curve for curve in curves if is_ablation(curve.arm)]
    rivals = [curve for curve in curves if not is_ablation(curve.arm)]
    teaching = [curve for curve in rivals if curve.arm == TEACHING]

    pictures = []
    # Teaching alone is no picture of rivals: it is in that of the ablations anyway.
    if rivals and not (ablations and rivals == teaching):
        pictures.append(ShareCurves(title, rivals, places, is_wide=is_wide))
    if ablations:
        pictures.append(
            ShareCurves(
                f"{title}: ablations",
                [*teaching, *ablations],
                places,
                prefix=f"{TEACHING}-",
                is_wide=is_wide,
            )
        )
    return pictures


def learning_section(regime: RegimeResults, places: Mapping[str, int]) -> Markup:
    """The learning curves of a regime's arms, in the colours of their places."""
    curves = compute_learning_curves(regime)
    if not curves:
        return empty_note("No training was examined on the way.")

    about = (
        "Held-out accuracy without a lesson, mean over agents, domains and seeds; "
        "the band is its 95% interval."
    )
    pictures = _split_ablations(f"Accuracy in {regime.name}", curves, places, is_wide=True)
    charts = [wide_box(share_chart(picture), picture.title) for picture in pictures]
    return join((tag("p", about), *charts))


def rounds_section(regime: RegimeResults, places: Mapping[str, int]) -> Markup:
    """What was recorded of a regime's rounds, as curves and in numbers."""
    panels = []
    for name, title in _TRACES.items():
        curves = compute_trace_curves(regime, name)
        for picture in _split_ablations(title, curves, places):
            panels.append(figure(picture.title, share_chart(picture)))
    if not panels:
        return empty_note("Nothing was told of the rounds.")

    numbers = folded_table(result_tables.tabulate_rounds(regime), "In numbers")
    return join((tag("div", *panels, class_="panels"), numbers))


def wide_box(chart: Markup, label: str) -> Markup:
    """A chart as wide as the page, in a box that scrolls where the screen is narrower."""
    return scroll_box(chart, label, kind="scroll wide")
