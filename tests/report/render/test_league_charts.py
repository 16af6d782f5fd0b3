"""The charts of a population."""

import math
import re

import numpy as np

from docendo.report.render.league_charts import (
    AgentMarks,
    PayoffMatrix,
    payoff_heat_map,
    spinning_top,
)


def test_the_payoff_heat_map_distinguishes_wins_losses_and_missing_pairs() -> None:
    picture = payoff_heat_map(
        ["a", "b"],
        PayoffMatrix([[0, 0.5], [math.nan, 0]], [[0, 0.2], [0, 0]], [[0, 0.8], [0, 0]]),
    )
    assert "a against b: +0.50, 95% interval +0.20 to +0.80" in picture
    assert "b against a: never met" in picture
    assert picture.count('class="heat gap"') == picture.count('class="heat up"') == 1
    assert "heat down" not in picture


def test_a_large_heat_map_is_a_small_picture() -> None:
    n = 200
    upper = np.triu(np.random.default_rng(0).normal(size=(n, n)), 1)
    picture = payoff_heat_map(
        [str(i) for i in range(n)], PayoffMatrix((upper - upper.T).tolist())
    )
    assert picture.count("<path") <= 18
    assert picture.count("<rect") == 1, "the ground"


def test_the_spinning_top_chart_is_as_wide_as_the_cycles() -> None:
    picture = spinning_top(
        AgentMarks("abc", "xyz", [True, False, False]), [1, 0, -1], [0, 4, 2]
    )
    spreads = re.findall(r'class="spread" points="([\d.]+),[\d.]+ ([\d.]+),', picture)
    assert spreads == [("188.0", "188.0"), ("68.0", "308.0"), ("128.0", "248.0")]
