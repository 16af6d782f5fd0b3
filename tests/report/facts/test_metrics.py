"""The names of metrics, taken apart in one place."""

import math
from pathlib import Path

from docendo.report.facts.metrics import read_metrics
from tests.report.toys import run_of_one_round


def test_a_metric_name_is_kind_owner_and_measure_and_owners_may_hold_slashes(
    tmp_path: Path,
) -> None:
    names = (
        "groups",
        "lost/ann",
        "tools/ann/calls",
        "evaluator/a/b/score",
        "data/ann/hub:o/n",
    )
    with run_of_one_round(tmp_path / "run", "", dict.fromkeys(names, 1.0)) as run:
        parts = {
            each.name: (each.kind, each.owner, each.measure) for each in read_metrics(run)
        }
    assert parts == {
        "groups": ("groups", "", ""),
        "lost/ann": ("lost", "ann", ""),
        "tools/ann/calls": ("tools", "ann", "calls"),
        "evaluator/a/b/score": ("evaluator", "a/b", "score"),
        "data/ann/hub:o/n": ("data", "ann", "hub:o/n"),
    }


def test_metric_values_that_are_not_finite_are_left_out(tmp_path: Path) -> None:
    with run_of_one_round(tmp_path / "run", "", {"groups": math.nan}) as run:
        (series,) = read_metrics(run)
    assert series.values == {}
