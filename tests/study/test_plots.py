from docendo.statistics import Estimate
from docendo.study.bootstrap import Difference
from docendo.study.plots import difference_chart, share_chart
from docendo.study.regimes import ArmCurve


def difference(mean: float) -> Difference:
    return Difference(Estimate(mean, mean - 0.01, mean + 0.01, 5), None, 1.0, 1.0)


def test_a_chart_of_shares_has_a_key_of_the_arms_in_the_colours_of_their_places() -> None:
    points = [(0.0, Estimate(0.2, 0.1, 0.3, 5)), (1e12, Estimate(0.4, 0.3, 0.5, 5))]
    curves = [ArmCurve("teaching", points), ArmCurve("<alone>", points)]
    page = str(share_chart("Right answers", curves, {"teaching": 0, "<alone>": 9}))
    assert "teaching" in page
    assert "&lt;alone&gt;" in page
    assert "<alone>" not in page
    assert "dashed" in page
    assert "1 TFLOP" in page


def test_a_chart_of_differences_has_every_arm_and_the_baseline() -> None:
    page = str(
        difference_chart({"more": difference(0.1), "less": difference(-0.1)}, "none")
    )
    assert "more" in page
    assert "less" in page
    assert "none" in page
