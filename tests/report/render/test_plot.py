"""Scales and marks, with places worked out by hand."""

import re

import pytest

from docendo.report.render.plot import Margins, Plot, round_ticks, row_plot


def plot() -> Plot:
    """100 x 50 pixels of data area, at (10, 20) of the picture."""
    margins = Margins(left=10, right=5, top=20, bottom=30)
    return Plot(size=(115, 100), margins=margins, x=(0, 10), y=(0, 1))


@pytest.mark.parametrize(
    ("low", "high", "ticks"),
    [
        (0, 0.6, [0, 0.2, 0.4, 0.6]),
        (0, 1, [0, 0.2, 0.4, 0.6, 0.8, 1]),
        (-0.3, 0.3, [-0.2, 0, 0.2]),
        (0, 4.09, [0, 1, 2, 3, 4]),
        (3, 3, [3]),
    ],
)
def test_ticks_are_round_numbers_up_to_both_ends(
    low: float, high: float, ticks: list[float]
) -> None:
    assert round_ticks(low, high) == pytest.approx(ticks)


def test_ticks_of_a_short_range_of_rounds_are_whole_numbers() -> None:
    assert round_ticks(4, 6, min_step=1) == [4, 5, 6]


def test_values_are_placed_inside_the_margins_and_y_points_upwards() -> None:
    picture = plot()
    assert [picture.x(value) for value in (0, 5, 10)] == [10, 60, 110]
    assert [picture.y(value) for value in (0, 0.5, 1)] == [70, 45, 20]


def test_a_scale_without_extent_places_everything_in_its_middle() -> None:
    picture = Plot(size=(100, 100), margins=Margins(0, 0, 0, 0), x=(3, 3), y=(0, 1))
    assert picture.x(3) == 50


def test_every_mark_is_drawn_at_its_values() -> None:
    picture = plot()
    picture.line([(0, 0), (10, 1)], "line")
    picture.band([(0, 0), (10, 0)], [(0, 1), (10, 1)], "band")
    picture.dot((5, 0.5), "dot", "a title")
    picture.box((4, 0), (0.4, 0.6), "after")
    picture.rule(x=2, kind="base")
    svg = picture.svg("some marks")
    assert 'points="10.0,70.0 110.0,20.0"' in svg
    assert 'points="10.0,20.0 110.0,20.0 110.0,70.0 10.0,70.0"' in svg
    assert "<title>a title</title></circle>" in svg
    assert 'cx="60" cy="45"' in svg
    assert 'x="10" y="40" width="40" height="10"' in svg
    assert 'class="base" points="30.0,70.0 30.0,20.0"' in svg


def test_a_bar_of_nothing_is_one_pixel_long() -> None:
    picture = plot()
    picture.box((3, 3), (0, 1), "after")
    assert 'x="40" y="20" width="1" height="50"' in picture.svg("a bar")


@pytest.mark.parametrize(("row_height", "shown"), [(30, "0123"), (10, "02"), (5, "03")])
def test_in_narrow_rows_only_every_nth_name_is_shown(row_height: float, shown: str) -> None:
    picture = row_plot("0123", 200, x=(0, 1), right=10, row_height=row_height)
    assert re.findall(r"<text[^>]*>(\d)</text>", picture.svg("rows")) == list(shown)


def test_text_of_a_plot_is_escaped() -> None:
    picture = plot()
    picture.text("<b>", (0, 0), "label")
    picture.dot((0, 0), "dot", "<i>")
    svg = picture.svg("<u>")
    assert "&lt;b&gt;" in svg
    assert not re.search("<[biu]>", svg)
