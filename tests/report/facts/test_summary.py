"""The numbers of a small run, each worked out by hand in `tests.report.toys`."""

import json
from pathlib import Path

import pytest

from docendo.errors import UserError
from docendo.records import AgentId, Usage
from docendo.report import summary
from docendo.report.facts.accuracy import evaluation_rounds
from docendo.report.facts.gains import mean_gain, summarise_teaching
from docendo.report.facts.ledger import purpose_label, sum_usage, without_discarded
from docendo.report.facts.run import LessonFact, collect
from docendo.store import RoundRecord, RunDirectory
from tests.report.toys import answers, small_run


@pytest.fixture
def run(tmp_path: Path) -> RunDirectory:
    small_run(tmp_path / "league").close()
    return RunDirectory.open(tmp_path / "league")


def test_the_summary_json_has_its_keys(run: RunDirectory) -> None:
    with run:
        found = summary(run)
    assert list(found) == [
        *("run", "rounds", "agents", "accuracy", "transfer", "own"),
        *("gain", "gain_matrix", "gate", "flat_groups", "ledger"),
        *(
            "alarms",
            "members",
            "contamination",
            "no_fresh_problems",
            "contributions",
            "questions",
        ),
        *("changes", "origins"),
    ]
    assert found["run"] == {
        "name": "league",
        "model": "SmolLM2-135M-Instruct",
        "finished": True,
    }
    assert found["rounds"] == {
        "count": 3,
        "experts": 1,
        "teaching": 2,
        "start": 0,
        "end": 2,
        "seconds": 121.0,
    }
    assert found["agents"] == {
        "ann": {"domains": ["sums"]},
        "bob": {"domains": ["letters"]},
    }
    assert json.loads(json.dumps(found, allow_nan=False)) == found


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


def test_the_gain_is_over_shown_lessons_with_matches_as_units(run: RunDirectory) -> None:
    with run:
        found = summary(run)
    expected = {"mean": 0.25 / 3, "low": -1.0, "high": 1.0, "lessons": 3}
    assert found["gain"] == pytest.approx(expected)
    assert found["gain_matrix"] == {"ann": {"bob": pytest.approx(expected)}}
    assert found["gate"] == {"lessons": 4, "passed": 3}
    assert found["flat_groups"] == {
        "student": {"groups": 3, "flat": 2, "share": pytest.approx(2 / 3)},
        "teacher": {"groups": 3, "flat": 2, "share": pytest.approx(2 / 3)},
    }


def test_the_gain_of_many_matches_has_a_student_t_interval() -> None:
    lessons = [
        LessonFact((str(i),), "ann", "bob", "sums", True, g, False)
        for i, g in enumerate((0.1, 0.2, 0.3))
    ]
    half = 4.303 * 0.1 / 3**0.5
    assert mean_gain(lessons) == pytest.approx((0.2, 0.2 - half, 0.2 + half, 3))


def test_the_table_of_teachers_and_students_counts_stopped_lessons_too(
    run: RunDirectory,
) -> None:
    with run:
        first, second = summarise_teaching(collect(run))
    assert first[:5] == ("ann", "bob", "sums", 3, 3)
    assert second[:] == ("bob", "ann", "sums", 1, 0, None)


def test_the_ledger_is_summed_by_purpose_and_by_agent(run: RunDirectory) -> None:
    with run:
        ledger = summary(run)["ledger"]
    assert (ledger["tokens"], ledger["flops"]) == (300, 16e9)
    assert ledger["by_purpose"] == {
        "training": {"tokens": 100, "flops": 12e9},
        "teaching": {"tokens": 200, "flops": 4e9},
    }
    assert list(ledger["by_agent"]) == ["bob", "ann"]


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


def test_an_empty_run_has_a_summary(tmp_path: Path) -> None:
    with RunDirectory.create(tmp_path / "run", "") as run:
        found = summary(run)
    assert found["transfer"]["start"] is None
    assert found["gain"] == {"mean": None, "low": None, "high": None, "lessons": 0}
    json.dumps(found, allow_nan=False)


@pytest.mark.parametrize(
    ("config", "problem"), [("not toml [", "is not TOML"), ("agents = 3", "agents")]
)
def test_an_unreadable_config_is_named_in_the_summary(
    tmp_path: Path, config: str, problem: str
) -> None:
    with (
        RunDirectory.create(tmp_path / "run", config) as run,
        pytest.raises(UserError, match=rf"run/config\.toml.*{problem}"),
    ):
        summary(run)


def test_discarded_tokens_are_shown_but_not_counted_twice():
    rows = [
        Usage(AgentId("ann"), "attempt", 10, 5.0),
        Usage(AgentId("ann"), "discarded", 4, 0.0),
    ]
    assert [row.purpose for row in without_discarded(rows)] == ["attempt"]
    totals = sum_usage(rows, lambda row: purpose_label(row.purpose))
    assert totals["discarded (of the above)"]["tokens"] == 4
