"""The charts of a run's page."""

import re

import pytest

from docendo.report.render.curves import Curve
from docendo.report.render.run_charts import (
    AccuracyBars,
    Gains,
    accuracy_bars,
    gain_heat_map,
    gain_scale,
    learning_curves,
)
from docendo.statistics import Estimate

GAINS: Gains = {
    ("ann", "bob"): Estimate(1.0, None, None, 9),
    ("bob", "ann"): Estimate(-0.2, -0.4, 0.0, 10),
}


def test_a_curve_of_one_point_is_a_point() -> None:
    point = [(4, Estimate(0.5, 0.4, 0.6, 10))]
    curves = [Curve("ann", point, "thin"), Curve("mean", point, "mean", titles=["after 4"])]
    picture = learning_curves("sums", curves)
    assert 'polyline class="line' not in picture
    assert picture.count("<circle") == 3


def test_an_experts_stage_of_one_round_still_shows() -> None:
    point = [(0, Estimate(0.5, None, None, 10)), (2, Estimate(0.6, None, None, 10))]
    picture = learning_curves("sums", [Curve("ann", point, "thin")], experts_stage=(1, 1))
    assert re.search(r'class="stage" x="193" y="10" width="1" ', picture)


def test_bars_are_as_long_as_the_shares_they_show() -> None:
    start, end = Estimate(0.5, 0.3, 0.7, 10), Estimate(1.0, 0.8, 1.0, 10)
    picture = accuracy_bars("sums", [AccuracyBars("ann", start, end, is_own=True)], 0.25)
    widths = dict(re.findall(r'class="(\w+) own".*?width="([\d.]+)"', picture))
    assert float(widths["after"]) == pytest.approx(2 * float(widths["before"]), abs=0.01)
    assert "50 → 100%" in picture
    assert "base model: 25%" in picture


@pytest.mark.parametrize(("min_lessons", "darkest"), [(1, 1.0), (10, 0.2), (11, 0.1)])
def test_the_darkest_colour_is_for_the_largest_gain_of_enough_lessons(
    min_lessons: int, darkest: float
) -> None:
    assert gain_scale([GAINS], min_lessons) == darkest


def test_a_gain_of_few_lessons_has_no_colour() -> None:
    picture = gain_heat_map(["ann", "bob"], GAINS, darkest=0.4, min_lessons=10)
    cells = re.findall(r'class="heat (\w+)"[^>]*>(?:<title>([^:<]*))?', picture)
    assert cells[1:] == [
        ("none", "ann teaches ann"),
        ("none", "ann teaches bob"),
        ("down", "bob teaches ann"),
        ("none", "bob teaches bob"),
    ]
    assert 'fill-opacity="0.42"' in picture, "half of the darkest"
