"""What was contributed, in numbers."""

import json
import math
from pathlib import Path

import pytest

from docendo.config.load import read_run_config
from docendo.records import AgentId, MetricKey, Metrics
from docendo.report.facts.contributions import sum_contributions
from docendo.report.facts.summary import summary
from docendo.store import RoundRecord, RunDirectory
from tests.report.toys import run_of_one_round

TOOLS = '[agents.ann]\ntools = ["calculator"]\n[agents.bob]\n'


def contributions(run: RunDirectory) -> dict[str, dict[str, dict[str, float]]]:
    return sum_contributions(run, read_run_config(run))


def test_counts_are_summed_and_means_weighted_by_their_counts(tmp_path: Path) -> None:
    """(4 * 0.5 + 6 * 0.7) / 10; ann never got an error, and there is no metric of that."""
    with RunDirectory.create(tmp_path / "run", TOOLS) as run:
        for index, (calls, verdicts, score) in enumerate(
            ((3.0, 4.0, 0.5), (2.0, 6.0, 0.7))
        ):
            metrics = {
                MetricKey("tools/calls", AgentId("ann")): calls,
                "evaluator/words/verdicts": verdicts,
                "evaluator/words/score": score,
            }
            run.commit(RoundRecord(index, "teaching", 1.0, metrics=Metrics(index, metrics)))
        assert contributions(run) == {
            "tools": {"ann": {"calls": 5.0, "errors": 0.0}},
            "evaluator": {"words": {"verdicts": 10.0, "score": pytest.approx(0.62)}},
        }


def test_a_configured_part_that_did_nothing_counts_zero(tmp_path: Path) -> None:
    config = f'{TOOLS}[evaluators.words]\ntype = "spelling"\n'
    with run_of_one_round(tmp_path / "run", config, {}) as run:
        assert contributions(run) == {
            "evaluator": {"words": {"verdicts": 0.0}},
            "tools": {"ann": {"calls": 0.0, "errors": 0.0}},
        }


def test_numbers_that_are_not_finite_are_left_out_and_slashes_stay_in_names(
    tmp_path: Path,
) -> None:
    metrics = {
        "evaluator/a/b/verdicts": 2.0,
        "evaluator/a/b/score": math.nan,
        "evaluator/a/b/agreement": math.inf,
        MetricKey("data/hub:owner/name", AgentId("ann")): 7.0,
        MetricKey("data/score", AgentId("ann")): 3.0,
        "tools/": 1.0,
    }
    with run_of_one_round(tmp_path / "run", "", metrics) as run:
        assert contributions(run) == {
            "evaluator": {"a/b": {"verdicts": 2.0}},
            "data": {"ann": {"hub:owner/name": 7.0, "score": 3.0}},
        }
        assert json.loads(json.dumps(summary(run), allow_nan=False))
