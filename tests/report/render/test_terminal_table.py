"""Tables in terminals of any width."""

from collections import Counter
from io import StringIO

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console
from rich.table import Table

from docendo.report.render.terminal_table import TerminalTable

WORDS = st.text(alphabet="abcdefgh", min_size=1, max_size=12)


def shown(table: Table, width: int) -> list[str]:
    console = Console(width=width, file=StringIO(), record=True)
    console.print(TerminalTable(table))
    return [line.rstrip() for line in console.export_text().splitlines()]


def table(names: list[str], columns: list[list[str]]) -> Table:
    made = Table(title="Who won")
    made.add_column("name")
    for i in range(len(columns)):
        made.add_column(f"n{i}", justify="right")
    for name, *cells in zip(names, *columns, strict=True):
        made.add_row(name, *cells)
    return made


def test_columns_that_do_not_fit_are_repeated_below_with_the_names() -> None:
    made = table(["ada", "bob"], [["1234567", "1"], ["89", "2"], ["1011", "3"]])
    assert shown(made, 22) == [
        "Who won",
        "name       n0  n1",
        "ada   1234567  89",
        "bob         1   2",
        "",
        "name    n2",
        "ada   1011",
        "bob      3",
    ]


@pytest.mark.parametrize("width", [23, 24, 100])
def test_columns_that_fit_are_one_table(width: int) -> None:
    made = table(["ada"], [["1234567"], ["89"], ["1011"]])
    assert shown(made, width) == [
        "Who won",
        "name       n0  n1    n2",
        "ada   1234567  89  1011",
    ]


@given(
    st.lists(st.lists(WORDS, min_size=2, max_size=2), min_size=1, max_size=6),
    st.integers(18, 80),
)
def test_every_cell_is_complete_at_any_width_that_fits_a_number_and_a_name(
    columns: list[list[str]], width: int
) -> None:
    lines = shown(table(["ada", "bob"], columns), width)
    assert all(len(line) <= width for line in lines)
    for number, name in enumerate(("ada", "bob")):
        cells = [
            cell for line in lines if line.startswith(name) for cell in line.split()[1:]
        ]
        assert cells == [column[number] for column in columns]


@given(
    st.lists(st.lists(WORDS, min_size=4, max_size=4), min_size=1, max_size=4),
    st.integers(8, 60),
)
def test_no_text_is_lost_or_overflows_at_any_width(
    rows: list[list[str]], width: int
) -> None:
    made = Table()
    for name, side in (("W", "left"), ("X", "left"), ("Y", "right"), ("Z", "right")):
        made.add_column(name, justify=side)  # type: ignore[arg-type]
    for row in rows:
        made.add_row(*row)
    lines = shown(made, width)
    assert all(len(line) <= width for line in lines)
    text = "".join(lines)
    parts = text.count("W")
    written = Counter(
        "".join(cell for *words, y, z in rows for cell in (*words * parts, y, z))
    )
    assert Counter(text.replace(" ", "")) - Counter("WX" * parts + "YZ") == written


def test_long_names_are_folded_and_leave_room_for_a_number() -> None:
    lines = shown(table(["a" * 70], [["12345"]]), 40)
    assert all(len(line) <= 40 for line in lines)
    assert max(len(line.split()[0]) for line in lines[2:]) == 40 - 2 - 5
    assert "".join(line.split()[0] for line in lines[2:]) == "a" * 70
    assert any(line.endswith("12345") for line in lines)


def test_names_get_half_of_the_width_however_long_the_numbers_are() -> None:
    lines = shown(table(["a" * 30], [["1" * 30]]), 40)
    assert max(len(line.split()[0]) for line in lines[2:]) == 20


def test_the_longest_of_several_text_columns_is_folded_first() -> None:
    made = Table()
    for name in ("student", "domain"):
        made.add_column(name)
    made.add_column("n", justify="right")
    made.add_row("rosalind", "d" * 23, "1234")
    assert shown(made, 36)[1] == "rosalind  " + "d" * 20 + "  1234"


def test_a_table_of_text_alone_is_folded_and_stays_one_table() -> None:
    made = Table()
    for name in ("what", "fix"):
        made.add_column(name)
    made.add_row("sandbox", "install something")
    assert shown(made, 18) == ["what     fix", "sandbox  install", "         something"]


def test_headers_wrap_before_a_column_moves_below() -> None:
    made = Table()
    made.add_column("name")
    made.add_column("through the gate", justify="right")
    made.add_row("ada", "100")
    assert shown(made, 14) == [
        "      through",
        "          the",
        "name     gate",
        "ada       100",
    ]
