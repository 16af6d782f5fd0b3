"""One table of text, which a page and a terminal show each in its way."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from rich.text import Text

from docendo.formatting import DASH, interval_text, percent, signed, visible
from docendo.report.render.components import scroll_box
from docendo.report.render.markup import Markup, join, tag
from docendo.report.render.terminal_table import TerminalTable, new_table
from docendo.statistics import Estimate

__all__ = [
    "EMPTY",
    "Cell",
    "Row",
    "Table",
    "folded_table",
    "gain_cell",
    "html_table",
    "share_cell",
    "terminal_table",
]


class Cell(NamedTuple):
    """One cell."""

    text: str
    note: str = ""
    """An interval, or something else in small print."""


EMPTY = Cell(DASH)
Row = Sequence[Cell | str]
"""A cell without a note may be a string."""


@dataclass(frozen=True, slots=True)
class Table:
    """A table. The first `text_columns` columns hold text, the others numbers."""

    title: str
    note: str
    heads: Sequence[str]
    rows: Sequence[Row]
    text_columns: int = 1
    id: str = ""
    """Of its section on a page, where it has one."""


def gain_cell(estimate: Estimate | None) -> Cell:
    """``+0.12`` above ``+0.01 to +0.20``."""
    if estimate is None:
        return EMPTY
    return Cell(signed(estimate.mean), interval_text(estimate, share=False))


def share_cell(estimate: Estimate | None) -> Cell:
    """``46%`` above ``30 to 61``."""
    if estimate is None:
        return EMPTY
    return Cell(percent(estimate.mean), interval_text(estimate, share=True))


def html_table(table: Table) -> Markup:
    """The table as HTML, in a box that scrolls sideways, its note above."""
    heads = []
    for place, text in enumerate(table.heads):
        kind = "words" if place < table.text_columns else None
        heads.append(tag("th", text, scope="col", class_=kind))

    rows = []
    for row in table.rows:
        cells = []
        # The first cell heads its row: screen readers say it with every other cell.
        for place, cell in enumerate(row):
            text, note = _split(cell)
            content = [text, tag("small", note)] if note else [text]
            if place == 0:
                cells.append(tag("th", *content, scope="row"))
            else:
                kind = None if place < table.text_columns else "number"
                cells.append(tag("td", *content, class_=kind))
        rows.append(tag("tr", *cells))

    body = tag("table", tag("thead", tag("tr", *heads)), tag("tbody", *rows))
    about = [tag("p", table.note)] if table.note else []
    return join((*about, scroll_box(body, "Table")))


def folded_table(table: Table, summary: str = "") -> Markup:
    """The table under a line that opens it: `summary`, or its title."""
    return tag("details", tag("summary", summary or table.title), html_table(table))


def terminal_table(table: Table) -> TerminalTable:
    """The table for a terminal, under its title; notes of cells are on a second line."""
    words = table.text_columns
    rows = new_table(table.heads[:words], table.heads[words:], table.title)
    for row in table.rows:
        rows.add_row(*map(_cell_lines, row))
    return TerminalTable(rows)


def _cell_lines(cell: Cell | str) -> Text:
    text, note = _split(cell)
    lines = Text(visible(text))
    if note:
        lines.append(f"\n{visible(note)}", "dim")
    return lines


def _split(cell: Cell | str) -> Cell:
    return Cell(cell) if isinstance(cell, str) else cell
