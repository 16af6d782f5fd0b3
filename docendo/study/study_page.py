"""A study's page: one HTML file that loads nothing else."""

from collections import Counter
from collections.abc import Callable, Sequence
from functools import partial
from itertools import chain
from pathlib import Path

from docendo.formatting import DASH, compact
from docendo.report.render.components import (
    Section,
    empty_note,
    figure,
    page_header,
    page_main,
    swatch_key,
)
from docendo.report.render.headline import Headline
from docendo.report.render.markup import Markup, document, join, tag
from docendo.report.render.plot import series_class
from docendo.report.render.run_charts import gain_heat_map, gain_scale
from docendo.report.render.tables import Table, folded_table, html_table
from docendo.report.run_page import asset, save_page
from docendo.study.arms import JOINT, TEACHING
from docendo.study.curve_sections import (
    arm_places,
    learning_section,
    rounds_section,
    wide_box,
)
from docendo.study.lesson_tables import tabulate_kept, tabulate_ways
from docendo.study.limits import list_limits, write_reproduction
from docendo.study.plots import difference_chart, ledger_chart
from docendo.study.regimes import (
    RegimeResults,
    average_ledger,
    compute_phase_gains,
)
from docendo.study.result_tables import (
    tabulate_arms,
    tabulate_closures,
    tabulate_costs,
    tabulate_differences,
    tabulate_lessons,
    tabulate_shares,
    tabulate_tuning,
)
from docendo.study.results import StudyResults
from docendo.study.sentences import (
    describe_regime,
    format_interval,
    format_points,
    side_of_zero,
    write_headline,
)

__all__ = ["study_page", "write_report"]

_Show = Callable[[RegimeResults], Markup]
_MIN_LESSONS = 10
"""Fewer lessons than this say little of a pair."""
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
    places = arm_places(regimes)
    purposes = _ledger_purposes(regimes)

    by_regime: tuple[tuple[str, str, str, _Show], ...] = (
        ("arms", "In numbers", "Numbers", _tables),
        ("parts", f"Every arm against {TEACHING}", "Parts", _parts),
        ("curves", "How they learned", "Curves", partial(learning_section, places=places)),
        ("gains", "Who gained from whom", "Lessons", _gains),
        (
            "course",
            "What the rounds were like",
            "Rounds",
            partial(rounds_section, places=places),
        ),
        ("compute", "What it cost", "Cost", partial(_compute, purposes=purposes)),
    )
    sections = [Section("answer", "The answer", _answers(regimes), "Answer")]
    for name, title, link, show in by_regime:
        sections.append(Section(name, title, _for_each_regime(regimes, show), link))
    limits = _list(list_limits(regimes))
    sections.append(Section("limits", "What this does not say", limits, "Limits"))
    commands = tag("pre", write_reproduction(study))
    sections.append(Section("repeat", "To repeat it", commands, "Repeat"))
    body = page_main(_header(study, regimes), sections)
    return document(f"{study.name} · docendo", asset("page.css"), "", body)


def _for_each_regime(regimes: Sequence[RegimeResults], show: _Show) -> Markup:
    """One regime after the other, each under its name if there are several."""
    if len(regimes) == 1:
        return show(regimes[0])

    parts = []
    for regime in regimes:
        parts += [tag("h3", regime.name), show(regime)]

    return join(parts)


def _header(study: StudyResults, regimes: Sequence[RegimeResults]) -> Markup:
    results = list(chain.from_iterable(regime.results for regime in regimes))
    arms = {result.arm for result in results}
    models = sorted({result.setup.model for result in results})
    budgets = sorted({result.cost.budget for result in results})
    facts = [
        ", ".join(models),
        f"{len(regimes)} regimes" if len(regimes) > 1 else "one regime",
        f"{len(arms)} arms",
        f"{len(results)} results",
        f"{' or '.join(compact(budget, 'FLOP') for budget in budgets)} each",
    ]
    kicker = "docendo · a study at equal compute"
    return page_header(kicker, study.name, facts, map(_headline, regimes))


def _headline(regime: RegimeResults) -> Headline:
    title = f"{regime.name}: {TEACHING} minus {JOINT}"
    difference = regime.bootstrap.difference(TEACHING, JOINT, "mean")
    if not difference:
        return Headline(title, DASH, ["nothing to compare yet"])

    interval = format_interval(difference.estimate)
    value = format_points(difference.estimate.mean)
    notes = [
        f"95% interval {interval}" if interval else "no interval",
        _SIDES[side_of_zero(difference)],
    ]
    return Headline(title, f"{value} points", notes)


def _answers(regimes: Sequence[RegimeResults]) -> Markup:
    answers = _for_each_regime(regimes, lambda regime: _sentences(describe_regime(regime)))
    if len(regimes) == 1:
        return answers
    return join((tag("p", write_headline(regimes)), answers))


def _sentences(sentences: Sequence[str]) -> Markup:
    first, *rest = sentences
    details = [_list(rest)] if rest else []
    return tag("div", tag("p", tag("strong", first)), *details, class_="say")


def _tables(regime: RegimeResults) -> Markup:
    gaps = tabulate_differences(regime)
    differences = empty_note(f"Nothing to compare with {JOINT} yet.")
    if gaps.rows:
        differences = _titled_table(gaps)
    more = (
        tabulate_lessons(regime),
        tabulate_closures(regime),
        tabulate_kept(regime),
        tabulate_ways(regime),
    )
    return join(
        (
            _titled_table(tabulate_arms(regime)),
            differences,
            *(_titled_table(table) for table in more if table.rows),
            folded_table(tabulate_shares(regime, "domain")),
            folded_table(tabulate_shares(regime, "family")),
        )
    )


def _titled_table(table: Table) -> Markup:
    return join((tag("h4", table.title), html_table(table)))


def _parts(regime: RegimeResults) -> Markup:
    """Every other arm against teaching, sorted."""
    differences = regime.differences_from(TEACHING)
    if not differences:
        return empty_note(f"Nothing to compare with {TEACHING} yet.")

    about = (
        "Mean of the population without a lesson: "
        f"each arm minus {TEACHING}, in percentage points."
    )
    key = {
        "up": f"better than {TEACHING}",
        "down": "worse",
        "open": "cannot be told apart, or one seed",
    }
    chart = difference_chart(differences, TEACHING)
    return join(
        (
            tag("p", about),
            swatch_key(key),
            wide_box(chart, f"Differences from {TEACHING}"),
        )
    )


def _gains(regime: RegimeResults) -> Markup:
    phases = compute_phase_gains(regime, TEACHING)
    if not phases:
        results = regime.arms.get(TEACHING, {}).values()
        # Without a gate every lesson is shown, so none can have been stopped.
        has_gate = any(result.trace.gate_passed for result in results)
        what = "passed the gate" if has_gate else "was given"
        return empty_note(f"No lesson of {TEACHING} {what}.")

    # The same agents in every picture, whether or not they met in that phase.
    agents = set()
    for phase in phases:
        for pair in phase.gains:
            agents |= set(pair)

    # One scale for all phases, so that their pictures can be compared.
    darkest = gain_scale((phase.gains for phase in phases), _MIN_LESSONS)
    panels = []
    for phase in phases:
        picture = gain_heat_map(sorted(agents), phase.gains, darkest, _MIN_LESSONS)
        panels.append(figure(f"Until {compact(phase.end, 'FLOP')}", picture))
    about = (
        f"Mean gain of the lessons of {TEACHING} by teacher (rows) and student, and of "
        f"how many lessons; fewer than {_MIN_LESSONS} have no colour. Each picture goes from the last "
        "look of the one before to its own last."
    )
    key = swatch_key({"up": "the lesson helped", "down": "it hurt"})
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
    tuning = _titled_table(tabulate_tuning(regime))
    if not ledger:
        return join((empty_note("Nothing was booked in a ledger."), tuning))

    # The place tells purposes apart that share a colour.
    key = {f"{series_class(i)} a{i}": name for i, name in enumerate(purposes)}
    chart = wide_box(ledger_chart(ledger, purposes), "Compute by arm and purpose")
    costs = folded_table(tabulate_costs(regime), "As a table")
    return join((swatch_key(key), chart, costs, tuning))


def _list(sentences: Sequence[str]) -> Markup:
    return tag("ul", *map(partial(tag, "li"), sentences), class_="limits")
