"""What agents kept, and the population as a system, in a run's tables."""

from docendo.formatting import DASH
from docendo.report.facts.kept import KeptMeasure
from docendo.report.render.lesson_tables import tabulate_kept, tabulate_ways
from tests.report.facts.test_system import WAYS


def test_what_was_kept_is_shown_from_first_to_last() -> None:
    kept = [
        KeptMeasure("base", "one_shot", 0.75, None),
        KeptMeasure("ann", "base_text", -0.1, -0.3),
        KeptMeasure("ann", "one_shot", 0.5, 0.25),
    ]
    table = tabulate_kept(kept)
    assert table.heads == ("agent", "after an example", "texts of the base")
    assert table.rows == [
        ["base", "75%", DASH],
        ["ann", "50% → 25%", "\N{MINUS SIGN}0.10 → \N{MINUS SIGN}0.30"],
    ]


def test_each_way_is_told_with_what_it_costs() -> None:
    rows = [
        [cell if isinstance(cell, str) else cell.text for cell in row]
        for row in tabulate_ways(WAYS).rows
    ]
    assert rows == [
        ["after the recommended teacher's lesson", "75%", DASH, "4 MFLOP"],
        ["majority of its own samples, 3", "50%", "+0.25", "3.5 MFLOP"],
    ]
