"""The tables of a study as HTML."""

from docendo.report.render.components import number_cell, row_head, table, text_cell
from docendo.report.render.markup import Markup, join, tag
from docendo.study.result_tables import ResultTable

__all__ = ["folded_table", "result_table"]


def folded_table(content: ResultTable, summary: str = "") -> Markup:
    """The table under a line that opens it: `summary`, or its title."""
    return tag("details", tag("summary", summary or content.title), result_table(content))


def result_table(content: ResultTable) -> Markup:
    """The table with its title and its note above."""
    rows = []
    for row in content.rows:
        cells = [row_head(row[0].text)]
        for place, cell in enumerate(row[1:], 1):
            make_cell = text_cell if place < content.text_columns else number_cell
            cells.append(make_cell(cell.text, cell.note))
        rows.append(cells)

    return join(
        (
            tag("h4", content.title),
            tag("p", content.note),
            table(content.headers, rows, content.text_columns),
        )
    )
