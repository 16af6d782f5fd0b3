"""What the agents of a small run know, worked out by hand."""

from pathlib import Path

import pytest

from docendo.report import summary
from docendo.report.facts.accuracy import evaluation_rounds
from docendo.report.facts.run import collect
from docendo.store import RoundRecord, RunDirectory
from tests.report.toys import answers


def test_accuracy_is_the_share_of_right_answers(run: RunDirectory) -> None:
    with run:
        accuracy = summary(run)["accuracy"]
    assert accuracy["base"]["sums"]["accuracy"] == 0
    assert accuracy["start"]["ann"]["sums"] == pytest.approx(
        {"accuracy": 0.5, "low": 0.15, "high": 0.85, "n": 4}, abs=1e-3
    )
    assert accuracy["end"]["bob"]["letters"]["accuracy"] == 0.75
    assert accuracy["end"]["ann"]["letters"]["accuracy"] == 0.5


def test_transfer_is_the_mean_over_the_domains_an_agent_does_not_own(
    run: RunDirectory,
) -> None:
    with run:
        found = summary(run)
    transfer, own = found["transfer"], found["own"]
    assert (transfer["start"], transfer["end"], transfer["rise"]) == (0.125, 0.5, 0.375)
    assert 0 <= transfer["low"] < 0.375 < transfer["high"] <= 1
    assert (own["start"], own["end"], own["rise"]) == (0.75, 0.75, 0.0)
    assert own["low"] < 0 < own["high"]


def test_a_run_without_an_experts_stage_starts_with_its_first_evaluation(
    tmp_path: Path,
) -> None:
    with RunDirectory.create(tmp_path / "run", "[agents.ann]\n") as run:
        run.commit(
            RoundRecord(3, "teaching", 1.0, evaluations=answers(3, "ann", "sums", [0, 1]))
        )
        assert evaluation_rounds(collect(run)) == (3, None)
        found = summary(run)
        assert found["transfer"] == {
            "start": 0.5,
            "end": None,
            "rise": None,
            "low": None,
            "high": None,
        }
        assert found["agents"] == {"ann": {"domains": []}}
        run.commit(
            RoundRecord(4, "teaching", 1.0, evaluations=answers(4, "ann", "sums", [1, 1]))
        )
        assert evaluation_rounds(collect(run)) == (3, 4)
        assert summary(run)["transfer"]["rise"] == 0.5
