"""A table of text on a page and in a terminal."""

from io import StringIO

from rich.console import Console

from docendo.formatting import DASH
from docendo.report.render.tables import (
    EMPTY,
    Cell,
    Table,
    folded_table,
    gain_cell,
    html_table,
    share_cell,
    terminal_table,
)
from docendo.statistics import Estimate

TABLE = Table(
    "Who won",
    "Of all games.",
    ("agent", "game", "wins"),
    [["<b>", "chess", Cell("3", "2 to 4")], ["\x1b[2J", "go", "1"]],
    text_columns=2,
)


def test_a_page_has_the_first_cell_as_the_head_of_its_row_and_numbers_to_the_right() -> (
    None
):
    page = html_table(TABLE)
    assert "<p>Of all games.</p>" in page
    assert '<th scope="col" class="words">game</th><th scope="col">wins</th>' in page
    assert '<th scope="row">&lt;b&gt;</th><td>chess</td>' in page
    assert '<td class="number">3<small>2 to 4</small></td>' in page


def test_a_folded_table_opens_under_its_title_or_another_line() -> None:
    assert "<summary>Who won</summary>" in folded_table(TABLE)
    assert "<summary>In numbers</summary>" in folded_table(TABLE, "In numbers")


def test_a_terminal_has_notes_below_the_numbers_and_nothing_that_drives_it() -> None:
    console = Console(width=80, file=StringIO(), record=True)
    console.print(terminal_table(TABLE))
    lines = [line.rstrip() for line in console.export_text().splitlines()]
    assert lines == [
        "Who won",
        "agent  game     wins",
        "<b>    chess       3",
        "              2 to 4",
        "␛[2J   go          1",
    ]


def test_a_cell_of_a_number_that_does_not_exist_is_a_dash() -> None:
    assert gain_cell(None) == share_cell(None) == EMPTY == Cell(DASH)


def test_an_estimate_has_its_interval_as_a_note() -> None:
    assert gain_cell(Estimate(0.12, 0.01, 0.2, 9)) == Cell("+0.12", "+0.01 to +0.20")
    assert share_cell(Estimate(0.46, 0.3, 0.61, 9)) == Cell("46%", "30 to 61")
    assert gain_cell(Estimate(0.12, None, None, 1)) == Cell("+0.12")
