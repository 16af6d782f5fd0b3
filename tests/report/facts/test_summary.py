"""The numbers of a small run, each worked out by hand in `tests.report.toys`."""

import json
from pathlib import Path

from docendo.report import summary
from docendo.store import RunDirectory


def test_the_summary_json_has_its_keys(run: RunDirectory) -> None:
    with run:
        found = summary(run)
    assert list(found) == [
        *("run", "rounds", "agents", "accuracy", "transfer", "own"),
        *("gain", "gain_matrix", "gate", "flat_groups", "ledger"),
        *(
            "cut",
            "alarms",
            "members",
            "contamination",
            "no_fresh_problems",
            "kept",
            "system",
            "imitation",
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


def test_an_empty_run_has_a_summary(tmp_path: Path) -> None:
    with RunDirectory.create(tmp_path / "run", "") as run:
        found = summary(run)
    assert found["transfer"]["start"] is None
    assert found["gain"] == {"mean": None, "low": None, "high": None, "lessons": 0}
    json.dumps(found, allow_nan=False)
