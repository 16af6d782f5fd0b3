"""Heat maps of a few cells and of thousands."""

import re

from docendo.report.render.heat_map import HeatCell, heat_map


def test_a_heat_map_shows_size_sign_and_missing_values() -> None:
    cells = [[HeatCell(0.5), HeatCell(-1)], [HeatCell(None), HeatCell(0)]]
    svg = heat_map("map", ["a", "b"], cells, side=20)
    assert re.findall(r'class="heat (up|down)" fill-opacity="([^"]*)"', svg) == [
        ("up", "0.42"),
        ("down", "0.85"),
    ]
    assert svg.count("heat gap") == 1
    assert svg.count("heat none") == 2, "the ground, and the cell without a level"


def test_a_large_heat_map_has_one_path_for_every_shade() -> None:
    cells = [[HeatCell((i - j) / 50) for j in range(50)] for i in range(50)]
    svg = heat_map("map", [str(i) for i in range(50)], cells, side=3)
    assert svg.count("<path") == 1 + 8 + 8
    assert svg.count("<rect") == 1, "the ground"
