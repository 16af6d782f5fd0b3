"""A study as one HTML file that asks for nothing else."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from docendo.formatting import DASH, compact
from docendo.report.render.components import empty_note, figure, swatch, table, tile
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
from docendo.study.results import StudyResults
from docendo.study.sentences import (
    describe_regime,
    format_interval,
    format_points,
    list_limits,
    side_of_zero,
    write_headline,
    write_reproduction,
)

__all__ = ["study_page", "write_report"]

_SERIES = {
    "useful": "Useful groups of rewards",
    "passed": "Lessons that passed the gate",
    "cyclic": "Cyclic share of who helps whom",
}
_SIDES = {
    "above": f"{TEACHING} is ahead",
    "below": f"{JOINT} is ahead",
    "open": "cannot be told apart",
}


def write_report(study: StudyResults, found: Sequence[RegimeResults], path: Path) -> Path:
    """Writes the page of a study to `path`, whole or not at all, and returns that; `found` are its regimes."""
    return save_page(study_page(study, found), path)


def study_page(study: StudyResults, found: Sequence[RegimeResults]) -> str:
    """The whole page; `found` are the study's regimes."""
    places, purposes = _places(found), _purposes(found)
    sections = (
        ("answer", "Answer", "The answer", _answers(found)),
        ("arms", "Numbers", "In numbers", _each(found, _tables)),
        ("parts", "Parts", f"Every arm against {TEACHING}", _each(found, _parts)),
        (
            "curves",
            "Curves",
            "How they learned",
            _each(found, lambda r: _curves(r, places)),
        ),
        ("gains", "Lessons", "Who gained from whom", _each(found, _gains)),
        (
            "course",
            "Rounds",
            "What the rounds were like",
            _each(found, lambda r: _courses(r, places)),
        ),
        ("compute", "Cost", "What it cost", _each(found, lambda r: _compute(r, purposes))),
        ("limits", "Limits", "What this does not say", _list(list_limits(found))),
        ("repeat", "Repeat", "To repeat it", tag("pre", write_reproduction(study))),
    )
    links = [tag("a", short, href=f"#{name}") for name, short, _, _ in sections]
    body = tag(
        "main",
        _header(study, found),
        tag("nav", *links, aria_label="Sections"),
        *(
            tag("section", tag("h2", heading), content, id=name)
            for name, _, heading, content in sections
        ),
    )
    return document(f"{study.name} · docendo", asset("page.css"), "", body)


def _places(found: Sequence[RegimeResults]) -> dict[str, int]:
    """The colour of every arm that may have a line: those of the question first, then rivals and, in pictures of their
    own, the ablations.
    """
    drawn = (
        r
        for regime in found
        for r in regime.results
        if r.curve or any(getattr(r.trace, n) for n in _SERIES)
    )
    names = sorted({r.arm for r in drawn} - {TEACHING, JOINT})
    rivals, parts = (
        [arm for arm in names if is_ablation(arm) == whether] for whether in (False, True)
    )
    return {TEACHING: 0, JOINT: 1} | {
        arm: place for some in (rivals, parts) for place, arm in enumerate(some, 2)
    }


def _apart(
    title: str, lines: Sequence[ArmCurve], places: Mapping[str, int], wide: bool = False
) -> list[ShareCurves]:
    """One picture, or two: of rivals, and of ablations with what they are to be compared with."""
    parts = [line for line in lines if is_ablation(line.arm)]
    rivals = [line for line in lines if not is_ablation(line.arm)]
    whole = [line for line in rivals if line.arm == TEACHING]
    found = (
        [ShareCurves(title, rivals, places, is_wide=wide)]
        if rivals and not (parts and rivals == whole)
        else []
    )
    if parts:
        found.append(
            ShareCurves(
                f"{title}: ablations", [*whole, *parts], places, f"{TEACHING}-", wide
            )
        )
    return found


def _header(study: StudyResults, found: Sequence[RegimeResults]) -> Markup:
    results = [result for regime in found for result in regime.results]
    names = {arm for regime in found for arm in regime.arms}
    budgets = sorted({r.cost.budget for r in results})
    said = [
        ", ".join(sorted({r.about.model for r in results})),
        f"{len(found)} regimes" if len(found) > 1 else "one regime",
        f"{len(names)} arms",
        f"{len(results)} results",
        f"{' or '.join(compact(b, 'FLOP') for b in budgets)} each",
    ]
    return tag(
        "header",
        tag("p", "docendo · a study at equal compute", class_="kicker"),
        tag("h1", study.name),
        tag("p", " · ".join(said), class_="facts"),
        tag("dl", *map(_tile, found), class_="tiles"),
    )


def _tile(regime: RegimeResults) -> Markup:
    gap = regime.boot.difference(TEACHING, JOINT, "mean")
    title = f"{regime.name}: {TEACHING} minus {JOINT}"
    if not gap:
        return tile(title, DASH, ["nothing to compare yet"])
    span, value = format_interval(gap.estimate), format_points(gap.estimate.mean)
    interval = f"95% interval {span}" if span else "no interval"
    return tile(title, f"{value} points", [interval, _SIDES[side_of_zero(gap)]])


def _each(
    found: Sequence[RegimeResults], show: Callable[[RegimeResults], Markup]
) -> Markup:
    """One part after the other, under the regimes' names where there are several."""
    if len(found) == 1:
        return show(found[0])
    return join(part for regime in found for part in (tag("h3", regime.name), show(regime)))


def _answers(found: Sequence[RegimeResults]) -> Markup:
    said = _each(found, lambda r: _said(describe_regime(r)))
    return join((tag("p", write_headline(found)), said)) if len(found) > 1 else said


def _said(sentences: Sequence[str]) -> Markup:
    first, *others = sentences
    rest = [_list(others)] if others else []
    return tag("div", tag("p", tag("strong", first)), *rest, class_="say")


def _tables(regime: RegimeResults) -> Markup:
    gaps = result_tables.tabulate_differences(regime)
    parts = [
        _board(result_tables.tabulate_arms(regime)),
        _board(gaps) if gaps.rows else empty_note(f"Nothing to compare with {JOINT} yet."),
    ]
    return join(
        (
            *parts,
            _folded(result_tables.tabulate_domains(regime)),
            _folded(result_tables.tabulate_families(regime)),
        )
    )


def _folded(board: result_tables.ResultTable, said: str = "") -> Markup:
    return tag("details", tag("summary", said or board.title), _board(board))


def _board(board: result_tables.ResultTable) -> Markup:
    rows = [
        [
            tag("th", row[0].text, scope="row"),
            *(
                tag(
                    "td",
                    c.text,
                    *((tag("small", c.note),) if c.note else ()),
                    class_=_kind(i < board.words),
                )
                for i, c in enumerate(row[1:], 1)
            ),
        ]
        for row in board.rows
    ]
    return join(
        (
            tag("h4", board.title),
            tag("p", board.note),
            table(board.heads, rows, board.words),
        )
    )


def _kind(words: bool) -> str | None:
    return None if words else "number"


def _parts(regime: RegimeResults) -> Markup:
    """Every other arm against teaching, sorted."""
    gaps = [
        ArmDifference(arm, gap.estimate, side_of_zero(gap))
        for arm, gap in regime.against(TEACHING).items()
    ]
    if not gaps:
        return empty_note(f"Nothing to compare with {TEACHING} yet.")
    about = f"Mean of the population without a lesson: each arm minus {TEACHING}, in percentage points."
    key = tag(
        "p",
        *(swatch("up", f"better than {TEACHING}"), swatch("down", "worse")),
        swatch("open", "cannot be told apart, or one seed"),
        class_="key",
    )
    return join(
        (
            tag("p", about),
            key,
            _scrolling(difference_chart(gaps, TEACHING), f"Differences from {TEACHING}"),
        )
    )


def _curves(regime: RegimeResults, places: dict[str, int]) -> Markup:
    lines = compute_learning_curves(regime)
    if not lines:
        return empty_note("No training was examined on the way.")
    about = "Held-out accuracy without a lesson, mean over agents, domains and seeds; the band is its 95% interval."
    shown = _apart(f"Accuracy in {regime.name}", lines, places, wide=True)
    return join(
        (tag("p", about), *(_scrolling(share_chart(some), some.title) for some in shown))
    )


def _courses(regime: RegimeResults, places: dict[str, int]) -> Markup:
    found = [
        shown
        for name, said in _SERIES.items()
        for shown in _apart(said, compute_trace_curves(regime, name), places)
    ]
    if not found:
        return empty_note("Nothing was told of the rounds.")
    panels = [figure(shown.title, share_chart(shown)) for shown in found]
    return join(
        (
            tag("div", *panels, class_="panels"),
            _folded(result_tables.tabulate_rounds(regime), "In numbers"),
        )
    )


def _gains(regime: RegimeResults) -> Markup:
    told = compute_phase_gains(regime, TEACHING)
    if not told:
        gated = any(
            result.trace.passed for result in regime.arms.get(TEACHING, {}).values()
        )
        return empty_note(
            f"No lesson of {TEACHING} {'passed the gate' if gated else 'was given'}."
        )
    agents = sorted({name for part in told for pair in part.gain for name in pair})
    panels = [
        figure(f"Until {compact(p.last, 'FLOP')}", gain_map(p, agents, gain_scale(told)))
        for p in told
    ]
    about = (
        f"Mean gain of the lessons of {TEACHING} by teacher and student, and of how many lessons; fewer "
        f"than {MIN_LESSONS} have no colour. Each picture goes from the last look of the one before to its own last."
    )
    key = tag(
        "p",
        swatch("up", "the lesson helped"),
        swatch("down", "it hurt"),
        class_="key",
    )
    return join((tag("p", about), key, tag("div", *panels, class_="panels")))


def _purposes(found: Sequence[RegimeResults]) -> list[str]:
    """What operations were spent on, the most first; each has its colour in all regimes."""
    sums = Counter[str]()
    for regime in found:
        for amounts in average_ledger(regime).values():
            sums.update(amounts)
    return sorted(sums, key=lambda purpose: (-sums[purpose], purpose))


def _compute(regime: RegimeResults, purposes: Sequence[str]) -> Markup:
    spent, choices = average_ledger(regime), _board(result_tables.tabulate_tuning(regime))
    if not spent:
        return join((empty_note("Nothing was booked in a ledger."), choices))
    key = tag(
        "p",
        *(swatch(series_class(i), name) for i, name in enumerate(purposes)),
        class_="key",
    )
    chart = _scrolling(ledger_chart(spent, purposes), "Compute by arm and purpose")
    as_table = _folded(result_tables.tabulate_costs(regime), "As a table")
    return join((key, chart, as_table, choices))


def _scrolling(chart: Markup, said: str) -> Markup:
    return tag(
        "div", chart, class_="scroll wide", tabindex="0", role="group", aria_label=said
    )


def _list(said: Sequence[str]) -> Markup:
    return tag("ul", *(tag("li", sentence) for sentence in said), class_="limits")
