"""Folders and names of runs are checked before anything is done."""

import re
from pathlib import Path
from types import SimpleNamespace

import pytest

from docendo.cli import runs
from tests.cli.toys import docendo, refused, tiny_config


def test_an_output_folder_that_exists_is_refused(here: Path, finished: Path) -> None:
    config = tiny_config(here)
    (here / "full").mkdir()
    (here / "full" / "diary.txt").touch()
    assert "holds another run; resume it with" in refused(
        here, "run", config, "--out", finished
    )
    assert "full is not empty" in refused(here, "run", config, "--out", here / "full")
    assert "tiny.toml is a file" in refused(here, "run", config, "--out", config)
    assert "tiny.toml is a file; choose another" in refused(
        here, "run", config, "--out", config / "below"
    )


@pytest.mark.parametrize("command", ["resume", "report", "eval", "league"])
def test_a_folder_that_is_not_a_run_is_refused(here: Path, command: str) -> None:
    assert "nosuch: no such run directory" in refused(here, command, "nosuch")
    assert "is not a run directory: it has no config.toml and no run.db" in refused(
        here, command, here
    )


def test_unknown_agent_and_domain_names_of_a_run_are_refused(
    here: Path, finished: Path
) -> None:
    assert "no agent 'emy'; did you mean 'emmy'?" in refused(
        here, "eval", finished, "--agent", "emy"
    )
    assert "no domain 'maths'; did you mean 'mathematics'?" in refused(
        here, "eval", finished, "--domain", "maths"
    )
    assert "no agent 'adda'; did you mean 'ada'?" in refused(
        here, "export", finished, "adda", here / "x"
    )
    assert "no agent 'base'" in refused(here, "export", finished, "base", here / "x")


def test_a_disk_too_small_for_the_checkpoints_is_refused_before_anything_is_written(
    here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(runs, "disk_usage", lambda path: SimpleNamespace(free=1000))
    done = docendo("run", tiny_config(here), "--out", "new/run")
    assert done.code == 2
    assert re.search(
        r"new/run: the checkpoints need \d\.\d MiB, and 0\.0 MiB are free; choose another --out",
        done.err,
    )
    assert [p.name for p in here.iterdir()] == ["tiny.toml"]
