"""A new run directory is made whole or not at all."""

from pathlib import Path

import pytest

from docendo.errors import UserError
from docendo.store import RunDirectory
from tests.store.test_run import made


def test_a_new_run_has_its_files_and_leaves_no_temporary_ones(tmp_path: Path) -> None:
    run = made(tmp_path / "deep" / "run")
    assert {p.name for p in run.iterdir()} == {
        "config.toml",
        "run.db",
        "checkpoints",
        "run.lock",
    }
    assert [p.name for p in (tmp_path / "deep").iterdir()] == ["run"]


def test_an_empty_folder_is_filled_in_place(tmp_path: Path) -> None:
    folder = tmp_path / "empty"
    folder.mkdir()
    before = folder.stat().st_ino
    made(folder)
    assert folder.stat().st_ino == before
    assert {p.name for p in folder.iterdir()} == {
        "config.toml",
        "run.db",
        "checkpoints",
        "run.lock",
    }


def test_an_existing_path_is_refused_and_left_unchanged(tmp_path: Path) -> None:
    run = made(tmp_path / "run")
    with pytest.raises(
        UserError,
        match=r"holds another run; resume it with `docendo resume .*run` or choose another",
    ):
        RunDirectory.create(run, "")
    assert (run / "config.toml").read_text() == "seed = 1\n"
    (tmp_path / "photos").mkdir()
    (tmp_path / "photos" / "cat.jpg").write_text("")
    with pytest.raises(UserError, match="photos is not empty"):
        RunDirectory.create(tmp_path / "photos", "")
    with pytest.raises(UserError, match=r"cat\.jpg is a file"):
        RunDirectory.create(tmp_path / "photos" / "cat.jpg", "")
    with pytest.raises(UserError, match="cannot make a run directory there"):
        RunDirectory.create(tmp_path / "photos" / "cat.jpg" / "run", "")
    assert sorted(p.name for p in tmp_path.iterdir()) == ["photos", "run"]
    assert [p.name for p in (tmp_path / "photos").iterdir()] == ["cat.jpg"]
