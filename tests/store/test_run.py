"""Which paths become runs, who may open them, and what is said to the others."""

from pathlib import Path

import pytest

from docendo.errors import UserError
from docendo.store import RunDirectory


def made(path: Path) -> Path:
    RunDirectory.create(path, "seed = 1\n").close()
    return path


def test_a_folder_that_is_no_run_is_refused_with_what_it_lacks(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="no such run directory"):
        RunDirectory.open(tmp_path / "nothing")
    with pytest.raises(
        UserError, match=r"is not a run directory: it has no config\.toml and no run\.db"
    ):
        RunDirectory.open(tmp_path)
    (tmp_path / "config.toml").write_text("")
    with pytest.raises(UserError, match=r"it has no run\.db"):
        RunDirectory.open(tmp_path, write=True)
    with pytest.raises(UserError, match="is a file"):
        RunDirectory.open(tmp_path / "config.toml")
    assert [p.name for p in tmp_path.iterdir()] == ["config.toml"]


def test_a_run_can_be_closed_twice(tmp_path: Path) -> None:
    run = RunDirectory.create(tmp_path / "run", "")
    run.close()
    run.close()
    with RunDirectory.open(tmp_path / "run", write=True) as again:
        assert again.rounds() == []


def test_a_run_path_may_hold_characters_with_a_meaning_in_uris(
    tmp_path: Path,
) -> None:
    run = made(tmp_path / "50% #1?&é")
    with RunDirectory.open(run) as reader:
        assert reader.rounds() == []
