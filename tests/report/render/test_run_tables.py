"""The tables of a small run, counted by hand."""

from collections.abc import Callable
from pathlib import Path

import pytest

from docendo.formatting import DASH
from docendo.report.facts.run import Facts, collect
from docendo.report.render.run_tables import (
    tabulate_evaluations,
    tabulate_gains,
    tabulate_knowledge,
    tabulate_teaching,
    tabulate_usage,
)
from docendo.report.render.tables import Cell, Row, Table
from tests.report.toys import small_run


@pytest.fixture
def facts(tmp_path: Path) -> Facts:
    with small_run(tmp_path / "league") as run:
        return collect(run)


def text_of(row: Row) -> list[str]:
    return [cell if isinstance(cell, str) else cell.text for cell in row]


def test_the_own_domain_of_an_agent_has_a_star(facts: Facts) -> None:
    assert list(map(text_of, tabulate_knowledge(facts).rows)) == [
        ["base model", "0%", "25%"],
        ["ann", "50 → 75% *", "0 → 50%"],
        ["bob", "25 → 50%", "100 → 75% *"],
    ]


def test_every_evaluated_round_has_a_row_for_each_agent(facts: Facts) -> None:
    rows = tabulate_evaluations(facts).rows
    assert [row[:2] for row in rows if row[1] == "ann"] == [["0", "ann"], ["2", "ann"]]


def test_gains_are_teachers_down_and_students_across(facts: Facts) -> None:
    assert list(map(text_of, tabulate_gains(facts).rows)) == [
        ["ann", DASH, "+0.08"],
        ["bob", DASH, DASH],
    ]


def test_a_lesson_that_was_stopped_counts_and_gains_nothing(facts: Facts) -> None:
    ann, bob = tabulate_teaching(facts).rows
    assert ann[:5] == ["ann", "bob", "sums", "3", "100%"]
    assert bob == ["bob", "ann", "sums", "1", "0%", Cell(DASH)]


@pytest.mark.parametrize(
    ("table", "names"),
    [
        (lambda tables: tables[0], ["training", "teaching"]),
        (lambda tables: tables[1], ["bob", "ann"]),
    ],
    ids=["purpose", "agent"],
)
def test_the_largest_use_of_compute_comes_first(
    facts: Facts, table: Callable[[tuple[Table, Table]], Table], names: list[str]
) -> None:
    rows = table(tabulate_usage(facts)).rows
    assert [row[0] for row in rows] == names
    assert [row[-1] for row in rows] == ["75%", "25%"]
