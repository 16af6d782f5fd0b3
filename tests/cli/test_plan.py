"""`docendo plan`: what a run will cost, from a few seconds of the real thing."""

from pathlib import Path
from types import SimpleNamespace

import pytest

from docendo.cli import plan
from docendo.store import RunDirectory
from tests.cli.toys import docendo, tiny_config


def test_the_plan_warns_of_a_disk_that_is_too_small(
    here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = tiny_config(here)
    monkeypatch.setattr(plan, "disk_usage", lambda path: SimpleNamespace(free=3 * 2**20))
    assert docendo("plan", config).code == 0
    monkeypatch.setattr(plan, "disk_usage", lambda path: SimpleNamespace(free=2**17))
    done = docendo("plan", config)
    assert (done.code, done.err.splitlines()[-1]) == (
        1,
        f"docendo: the run needs {done.out.splitlines()[-3].split(', ')[3].split(' of')[0]} of disk, "
        "and here 0.1 MiB are free",
    )


def test_finetuning_takes_the_planned_flops(here: Path) -> None:
    settings = (
        "experts.steps=4",
        "experts.eval_every=2",
        "experts.target_accuracy=1.0",
        "teaching.rounds=0",
    )
    config = tiny_config(here)
    foreseen = docendo(
        "plan", config, *(word for one in settings for word in ("--set", one)), "--json"
    ).json
    docendo(
        "run",
        config,
        "--out",
        "run",
        *(word for one in settings for word in ("--set", one)),
    )
    with RunDirectory.open(here / "run") as run:
        spent = sum(work.flops for work in run.ledger() if work.purpose != "evaluation")
    assert foreseen["stages"][1]["flops"] == pytest.approx(spent, rel=0.25)


def test_plan_measures_speeds_and_sums_the_seconds_of_the_stages(here: Path) -> None:
    found = docendo("plan", tiny_config(here), "--json").json
    assert [s["name"] for s in found["stages"]] == ["start", "experts", "teaching"]
    assert found["speeds"]["sampled"] > 0
    assert found["seconds"] == pytest.approx(sum(s["seconds"] for s in found["stages"]))
    assert (found["model"], found["dtype"]) == ("tiny", "float32")
    assert [p.name for p in here.iterdir()] == ["tiny.toml"]
    assert "tokens/s sampled" in docendo("plan", tiny_config(here)).out
