"""The charts of a run's page."""

from docendo.report.render.run_charts import LearningCurves, learning_curves
from docendo.statistics import Estimate


def test_a_curve_of_one_value_is_drawn_as_a_point() -> None:
    point = {4: Estimate(0.5, 0.4, 0.6, 10)}
    picture = learning_curves(LearningCurves("sums", point, {"ann": point}))
    assert "polyline" not in picture
    assert picture.count("<circle") == 3
