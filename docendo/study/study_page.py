"""A study's page: one HTML file that loads nothing else."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from docendo.formatting import DASH, compact
from docendo.report.render.components import (
    Section,
    empty_note,
    figure,
    page_main,
    scroll_box,
    swatch,
    swatch_key,
    tile,
)
from docendo.report.render.markup import Markup, document, join, tag
from docendo.report.render.plot import series_class
from docendo.report.run_page import asset, save_page
from docendo.study import result_tables
from docendo.study.arms import JOINT, TEACHING, is_ablation
from docendo.study.plots import (
    MIN_LESSONS,
    ArmDifference,
    ShareCurves,
    difference_chart,
    gain_map,
    gain_scale,
    ledger_chart,
    share_chart,
)
from docendo.study.regimes import (
    ArmCurve,
    RegimeResults,
    average_ledger,
    compute_learning_curves,
    compute_phase_gains,
    compute_trace_curves,
)
from docendo.study.results import ArmResult, StudyResults
from docendo.study.sentences import (
    describe_regime,
    format_interval,
    format_points,
    list_limits,
    side_of_zero,
    write_headline,
    write_reproduction,
)
from docendo.study.table_markup import folded_table, result_table

__all__ = ["study_page", "write_report"]

_TRACES = {
    "useful": "Useful groups of rewards",
    "passed": "Lessons that passed the gate",
    "cyclic": "Cyclic share of who helps whom",
}
_SIDES = {
    "above": f"{TEACHING} is ahead",
    "below": f"{JOINT} is ahead",
    "open": "cannot be told apart",
}


def write_report(study: StudyResults, regimes: Sequence[RegimeResults], path: Path) -> Path:
    """Write the page of a study to `path`, whole or not at all, and return the path."""
    return save_page(study_page(study, regimes), path)


def study_page(study: StudyResults, regimes: Sequence[RegimeResults]) -> str:
    """The whole page; `regimes` are the study's."""
    places = _arm_places(regimes)
    purposes = _ledger_purposes(regimes)

    def show_each(show: Callable[[RegimeResults], Markup]) -> Markup:
        return _for_each_regime(regimes, show)

    sections = (
        Section("answer", "The answer", _answers(regimes), "Answer"),
        Section("arms", "In numbers", show_each(_tables), "Numbers"),
        Section("parts", f"Every arm against {TEACHING}", show_each(_parts), "Parts"),
        Section(
            "curves",
            "How they learned",
            show_each(lambda regime: _curves(regime, places)),
            "Curves",
        ),
        Section("gains", "Who gained from whom", show_each(_gains), "Lessons"),
        Section(
            "course",
            "What the rounds were like",
            show_each(lambda regime: _traces(regime, places)),
            "Rounds",
        ),
        Section(
            "compute",
            "What it cost",
            show_each(lambda regime: _compute(regime, purposes)),
            "Cost",
        ),
        Section("limits", "What this does not say", _list(list_limits(regimes)), "Limits"),
        Section("repeat", "To repeat it", tag("pre", write_reproduction(study)), "Repeat"),
    )
    body = page_main(_header(study, regimes), sections)
    return document(f"{study.name} · docendo", asset("page.css"), "", body)


def _for_each_regime(
    regimes: Sequence[RegimeResults], show: Callable[[RegimeResults], Markup]
) -> Markup:
    """One regime after the other, each under its name if there are several."""
    if len(regimes) == 1:
        return show(regimes[0])

    parts = []
    for regime in regimes:
        parts += [tag("h3", regime.name), show(regime)]
    return join(parts)


def _arm_places(regimes: Sequence[RegimeResults]) -> dict[str, int]:
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
    """One picture of the rivals, and one of the ablations with what they are compared with."""
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


def _header(study: StudyResults, regimes: Sequence[RegimeResults]) -> Markup:
    results = [result for regime in regimes for result in regime.results]
    arms = {result.arm for result in results}
    models = sorted({result.about.model for result in results})
    budgets = sorted({result.cost.budget for result in results})
    facts = [
        ", ".join(models),
        f"{len(regimes)} regimes" if len(regimes) > 1 else "one regime",
        f"{len(arms)} arms",
        f"{len(results)} results",
        f"{' or '.join(compact(budget, 'FLOP') for budget in budgets)} each",
    ]
    return tag(
        "header",
        tag("p", "docendo · a study at equal compute", class_="kicker"),
        tag("h1", study.name),
        tag("p", " · ".join(facts), class_="facts"),
        tag("dl", *map(_tile, regimes), class_="tiles"),
    )


def _tile(regime: RegimeResults) -> Markup:
    title = f"{regime.name}: {TEACHING} minus {JOINT}"
    difference = regime.boot.difference(TEACHING, JOINT, "mean")
    if not difference:
        return tile(title, DASH, ["nothing to compare yet"])

    interval = format_interval(difference.estimate)
    value = format_points(difference.estimate.mean)
    notes = [
        f"95% interval {interval}" if interval else "no interval",
        _SIDES[side_of_zero(difference)],
    ]
    return tile(title, f"{value} points", notes)


def _answers(regimes: Sequence[RegimeResults]) -> Markup:
    answers = _for_each_regime(regimes, lambda regime: _sentences(describe_regime(regime)))
    if len(regimes) == 1:
        return answers
    return join((tag("p", write_headline(regimes)), answers))


def _sentences(sentences: Sequence[str]) -> Markup:
    first, *others = sentences
    details = [_list(others)] if others else []
    return tag("div", tag("p", tag("strong", first)), *details, class_="say")


def _tables(regime: RegimeResults) -> Markup:
    gaps = result_tables.tabulate_differences(regime)
    differences = empty_note(f"Nothing to compare with {JOINT} yet.")
    if gaps.rows:
        differences = result_table(gaps)
    return join(
        (
            result_table(result_tables.tabulate_arms(regime)),
            differences,
            folded_table(result_tables.tabulate_domains(regime)),
            folded_table(result_tables.tabulate_families(regime)),
        )
    )


def _parts(regime: RegimeResults) -> Markup:
    """Every other arm against teaching, sorted."""
    differences = [
        ArmDifference(arm, difference.estimate, side_of_zero(difference))
        for arm, difference in regime.against(TEACHING).items()
    ]
    if not differences:
        return empty_note(f"Nothing to compare with {TEACHING} yet.")

    about = (
        "Mean of the population without a lesson: "
        f"each arm minus {TEACHING}, in percentage points."
    )
    key = (
        swatch("up", f"better than {TEACHING}"),
        swatch("down", "worse"),
        swatch("open", "cannot be told apart, or one seed"),
    )
    chart = difference_chart(differences, TEACHING)
    return join(
        (
            tag("p", about),
            swatch_key(key),
            _wide_box(chart, f"Differences from {TEACHING}"),
        )
    )


def _curves(regime: RegimeResults, places: Mapping[str, int]) -> Markup:
    curves = compute_learning_curves(regime)
    if not curves:
        return empty_note("No training was examined on the way.")

    about = (
        "Held-out accuracy without a lesson, mean over agents, domains and seeds; "
        "the band is its 95% interval."
    )
    pictures = _split_ablations(f"Accuracy in {regime.name}", curves, places, is_wide=True)
    charts = [_wide_box(share_chart(picture), picture.title) for picture in pictures]
    return join((tag("p", about), *charts))


def _traces(regime: RegimeResults, places: Mapping[str, int]) -> Markup:
    panels = []
    for name, title in _TRACES.items():
        curves = compute_trace_curves(regime, name)
        for picture in _split_ablations(title, curves, places):
            panels.append(figure(picture.title, share_chart(picture)))
    if not panels:
        return empty_note("Nothing was told of the rounds.")

    numbers = folded_table(result_tables.tabulate_rounds(regime), "In numbers")
    return join((tag("div", *panels, class_="panels"), numbers))


def _gains(regime: RegimeResults) -> Markup:
    phases = compute_phase_gains(regime, TEACHING)
    if not phases:
        results = regime.arms.get(TEACHING, {}).values()
        has_gate = any(result.trace.passed for result in results)
        what = "passed the gate" if has_gate else "was given"
        return empty_note(f"No lesson of {TEACHING} {what}.")

    agents = set()
    for phase in phases:
        for pair in phase.gain:
            agents |= set(pair)
    darkest = gain_scale(phases)
    panels = []
    for phase in phases:
        picture = gain_map(phase, sorted(agents), darkest)
        panels.append(figure(f"Until {compact(phase.last, 'FLOP')}", picture))
    about = (
        f"Mean gain of the lessons of {TEACHING} by teacher and student, and of how many "
        f"lessons; fewer than {MIN_LESSONS} have no colour. Each picture goes from the last "
        "look of the one before to its own last."
    )
    key = swatch_key([swatch("up", "the lesson helped"), swatch("down", "it hurt")])
    return join((tag("p", about), key, tag("div", *panels, class_="panels")))


def _ledger_purposes(regimes: Sequence[RegimeResults]) -> list[str]:
    """What operations were spent on, the most first; each has one colour in all regimes."""
    totals = Counter[str]()
    for regime in regimes:
        for flops_by_purpose in average_ledger(regime).values():
            totals.update(flops_by_purpose)
    return sorted(totals, key=lambda purpose: (-totals[purpose], purpose))


def _compute(regime: RegimeResults, purposes: Sequence[str]) -> Markup:
    ledger = average_ledger(regime)
    tuning = result_table(result_tables.tabulate_tuning(regime))
    if not ledger:
        return join((empty_note("Nothing was booked in a ledger."), tuning))

    key = [swatch(series_class(place), name) for place, name in enumerate(purposes)]
    chart = _wide_box(ledger_chart(ledger, purposes), "Compute by arm and purpose")
    costs = folded_table(result_tables.tabulate_costs(regime), "As a table")
    return join((swatch_key(key), chart, costs, tuning))


def _wide_box(chart: Markup, label: str) -> Markup:
    return scroll_box(chart, label, kind="scroll wide")


def _list(sentences: Sequence[str]) -> Markup:
    return tag("ul", *(tag("li", sentence) for sentence in sentences), class_="limits")
