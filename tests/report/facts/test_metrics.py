"""The names of metrics, taken apart in one place."""

import math
from pathlib import Path

from docendo.records import AgentId, MetricKey
from docendo.report.facts.metrics import read_owned_series
from tests.report.toys import run_of_one_round


def test_a_metric_name_is_kind_owner_and_measure_and_owners_may_hold_slashes(
    tmp_path: Path,
) -> None:
    ann = AgentId("ann")
    names = (
        "groups",
        MetricKey("nonfinite_answers", ann),
        MetricKey("tools/calls", ann),
        "evaluator/a/b/score",
        MetricKey("data/hub:o/n", ann),
    )
    with run_of_one_round(tmp_path / "run", "", dict.fromkeys(names, 1.0)) as run:
        parts = {
            each.label: (each.kind, each.owner, each.measure)
            for each in read_owned_series(run)
        }
    assert parts == {
        "groups": ("groups", "", ""),
        "nonfinite_answers/ann": ("nonfinite_answers", "ann", ""),
        "tools/calls/ann": ("tools", "ann", "calls"),
        "evaluator/a/b/score": ("evaluator", "a/b", "score"),
        "data/hub:o/n/ann": ("data", "ann", "hub:o/n"),
    }


def test_metric_values_that_are_not_finite_are_left_out(tmp_path: Path) -> None:
    with run_of_one_round(tmp_path / "run", "", {"groups": math.nan}) as run:
        (series,) = read_owned_series(run)
    assert series.values == {}
