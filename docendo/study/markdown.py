"""A study as Markdown and for a terminal, with the numbers of the page."""

from collections.abc import Iterable, Sequence

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.text import Text

from docendo.formatting import escape_markdown, visible
from docendo.report.render.tables import Cell, Table, terminal_table
from docendo.study.lesson_tables import tabulate_kept, tabulate_ways
from docendo.study.limits import list_limits, write_reproduction
from docendo.study.regimes import RegimeResults
from docendo.study.result_tables import (
    tabulate_against_teaching,
    tabulate_arms,
    tabulate_closures,
    tabulate_costs,
    tabulate_differences,
    tabulate_lessons,
    tabulate_rounds,
    tabulate_shares,
    tabulate_tuning,
)
from docendo.study.results import StudyResults
from docendo.study.sentences import describe_regime, write_headline

__all__ = ["render_markdown", "render_table", "render_terminal"]


def render_markdown(study: StudyResults, regimes: Sequence[RegimeResults]) -> str:
    """The study's page in Markdown."""
    parts = [f"# {escape_markdown(study.name)}", escape_markdown(write_headline(regimes))]
    for regime in regimes:
        parts += _regime_parts(regime)
    parts += ["## What this does not say", _list(list_limits(regimes))]
    parts += ["## To repeat it", f"```bash\n{write_reproduction(study)}\n```"]
    return "\n\n".join(parts) + "\n"


def _regime_parts(regime: RegimeResults) -> list[str]:
    first, *rest = describe_regime(regime)
    parts = [f"## {escape_markdown(regime.name)}", f"**{escape_markdown(first)}**"]
    if rest:
        parts.append(_list(rest))
    tables = (
        tabulate_arms(regime),
        tabulate_differences(regime),
        tabulate_lessons(regime),
        tabulate_closures(regime),
        tabulate_against_teaching(regime),
        tabulate_shares(regime, "domain"),
        tabulate_rounds(regime),
        tabulate_kept(regime),
        tabulate_ways(regime),
        tabulate_costs(regime),
        tabulate_tuning(regime),
    )
    # An arm without curves or traces leaves some tables empty.
    return parts + [render_table(table) for table in tables if table.rows]


def _list(sentences: Sequence[str]) -> str:
    return "\n".join(f"* {escape_markdown(sentence)}" for sentence in sentences)


def render_table(table: Table) -> str:
    """A table in Markdown, after its title and its note where it has them."""
    numbers = len(table.heads) - table.text_columns
    rule = ["---"] * table.text_columns + ["---:"] * numbers
    lines = []
    if table.title:
        lines = [f"**{escape_markdown(table.title)}.** {escape_markdown(table.note)}", ""]
    lines += [_row(map(escape_markdown, table.heads)), _row(rule)]
    lines += [_row(map(_cell_text, row)) for row in table.rows]
    return "\n".join(lines)


def _row(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _cell_text(cell: Cell | str) -> str:
    if isinstance(cell, str):
        return escape_markdown(cell)
    return escape_markdown(f"{cell.text} ({cell.note})" if cell.note else cell.text)


def render_terminal(
    study: StudyResults, regimes: Sequence[RegimeResults]
) -> RenderableType:
    """The answer and the tables of every regime, then the limits, for a terminal."""
    parts: list[RenderableType] = [
        Text(visible(study.name), "bold"),
        Text(visible(write_headline(regimes))),
    ]
    for regime in regimes:
        parts += ["", Text(visible(regime.name), "bold underline")]
        parts += [Text(visible(sentence)) for sentence in describe_regime(regime)]
        for table in (tabulate_arms(regime), tabulate_differences(regime)):
            if table.rows:
                parts += ["", terminal_table(table)]

    parts.append("")
    for limit in list_limits(regimes):
        parts.append(Padding(Text(visible(limit), "dim"), (0, 0, 0, 2)))
    return Group(*parts)
