"""Curves of shares, with places worked out by hand."""

import re

from docendo.report.render.curves import Curve, draw_curves
from docendo.report.render.plot import Margins, Plot
from docendo.statistics import Estimate

POINTS = [(0, Estimate(0.2, -0.1, 0.5, 3)), (10, Estimate(0.6, 0.4, 0.9, 3))]


def drawn(*curves: Curve) -> str:
    """On 100 x 100 pixels, rounds 0 to 10 and shares up to 80%."""
    plot = Plot(size=(100, 100), margins=Margins(0, 0, 0, 0), x=(0, 10), y=(0, 0.8))
    draw_curves(plot, curves)
    return plot.svg("curves")


def test_a_band_stays_inside_the_plot_where_an_interval_leaves_it() -> None:
    svg = drawn(Curve("mean", POINTS, "mean", has_band=True))
    # up to 50% and 80%, then back to 40% and 0%
    assert 'class="band mean" points="0.0,37.5 100.0,0.0 100.0,50.0 0.0,100.0"' in svg


def test_all_bands_are_below_all_lines() -> None:
    svg = drawn(*(Curve(name, POINTS, name, has_band=True) for name in ("ann", "bob")))
    kinds = re.findall(r'class="(band|line) (ann|bob)"', svg)
    assert kinds == [("band", "ann"), ("band", "bob"), ("line", "ann"), ("line", "bob")]


def test_a_line_tells_its_name_its_ends_and_its_last_interval() -> None:
    assert "<title>ann: 20% to 60%, 95% interval 40 to 90</title>" in drawn(
        Curve("ann", POINTS, "thin")
    )


def test_points_with_titles_are_dots() -> None:
    svg = drawn(Curve("mean", POINTS, "mean", titles=["start", "end"]))
    assert re.findall(r'class="dot".*?<title>(\w+)', svg) == ["start", "end"]
