"""The report for a terminal.

Names come from files and models: nothing in them may drive the terminal.
"""

from rich.console import Group, RenderableType
from rich.text import Text

from docendo.formatting import visible
from docendo.report.facts.accuracy import evaluation_rounds
from docendo.report.facts.run import Facts, collect
from docendo.report.render.headline import describe_run, headline_grid, headlines
from docendo.report.render.run_tables import (
    tabulate_gains,
    tabulate_knowledge,
    tabulate_teaching,
    tabulate_usage,
)
from docendo.report.render.tables import terminal_table
from docendo.report.render.text_tables import text_tables
from docendo.store import RunDirectory

__all__ = ["terminal_report"]


def terminal_report(run: RunDirectory) -> RenderableType:
    """What `docendo report` prints, for a rich console."""
    with run.snapshot():
        facts = collect(run)
        details = text_tables(run, facts)

    # Parts that would be empty are left out; the page has a note there.
    tables = []
    if evaluation_rounds(facts)[0] is not None:
        tables.append(tabulate_knowledge(facts))
    if facts.lessons:
        tables += [tabulate_gains(facts), tabulate_teaching(facts)]
    tables += details
    if facts.ledger:
        tables += tabulate_usage(facts)

    parts = [_heading(facts)]
    for table in tables:
        parts += ["", terminal_table(table)]
    return Group(*parts)


def _heading(facts: Facts) -> RenderableType:
    summary = _text(", ".join(filter(None, describe_run(facts))), "dim")
    return Group(_text(facts.name, "bold"), summary, "", headline_grid(headlines(facts)))


def _text(text: str, style: str) -> Text:
    return Text(visible(text), style)
