"""What the lessons of a small run were worth, worked out by hand."""

import pytest

from docendo.report import summary
from docendo.report.facts.gains import mean_gain, summarise_teaching
from docendo.report.facts.run import LessonFact, collect
from docendo.store import RunDirectory


def test_the_gain_is_over_shown_lessons_with_matches_as_units(run: RunDirectory) -> None:
    with run:
        found = summary(run)
    expected = {"mean": 0.25 / 3, "low": -1.0, "high": 1.0, "lessons": 3}
    assert found["gain"] == pytest.approx(expected)
    assert found["gain_matrix"] == {"ann": {"bob": pytest.approx(expected)}}
    assert found["gate"] == {"lessons": 4, "passed": 3}
    assert found["flat_groups"] == {
        "student": {"groups": 3, "flat": 2, "share": pytest.approx(2 / 3)},
        "teacher": {"groups": 3, "flat": 2, "share": pytest.approx(2 / 3)},
    }


def test_the_gain_of_many_matches_has_a_student_t_interval() -> None:
    lessons = [
        LessonFact((str(i),), "ann", "bob", "sums", True, g, False)
        for i, g in enumerate((0.1, 0.2, 0.3))
    ]
    half = 4.303 * 0.1 / 3**0.5
    assert mean_gain(lessons) == pytest.approx((0.2, 0.2 - half, 0.2 + half, 3))


def test_the_table_of_teachers_and_students_counts_stopped_lessons_too(
    run: RunDirectory,
) -> None:
    with run:
        first, second = summarise_teaching(collect(run))
    assert first[:5] == ("ann", "bob", "sums", 3, 3)
    assert second[:] == ("bob", "ann", "sums", 1, 0, None)
