"""What every chart is made of."""

import pytest

from docendo.report.render.drawing import ticks_of


@pytest.mark.parametrize(
    ("low", "high", "wanted"),
    [
        (0, 0.6, [0, 0.2, 0.4, 0.6]),
        (0, 1, [0, 0.2, 0.4, 0.6, 0.8, 1]),
        (-0.3, 0.3, [-0.2, 0, 0.2]),
        (0, 4.09, [0, 1, 2, 3, 4]),
        (3, 3, [3]),
    ],
)
def test_ticks_are_round_numbers_up_to_both_ends(
    low: float, high: float, wanted: list[float]
) -> None:
    assert ticks_of(low, high) == pytest.approx(wanted)
