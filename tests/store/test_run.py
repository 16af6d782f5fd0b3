"""Which paths become runs, who may open them, and what is said to the others."""

import os
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from docendo.errors import UserError
from docendo.store import RunDirectory
from tests.store.toys import record


def made(path: Path) -> Path:
    RunDirectory.create(path, "seed = 1\n").close()
    return path


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


@pytest.mark.parametrize("write", [False, True])
def test_a_damaged_or_foreign_database_is_refused(tmp_path: Path, write: bool) -> None:
    run = made(tmp_path / "run")
    (run / "run.db").write_bytes(b"not a database" * 1000)
    with pytest.raises(UserError, match="is damaged: file is not a database"):
        RunDirectory.open(run, write=write)
    (run / "run.db").unlink()
    other = sqlite3.connect(run / "run.db")
    other.execute("CREATE TABLE cats (name)")
    other.close()
    with pytest.raises(UserError, match="not one of a docendo run"):
        RunDirectory.open(run, write=write)


def test_a_database_damaged_in_the_middle_is_refused(tmp_path: Path) -> None:
    with RunDirectory.create(tmp_path / "run", "") as run:
        for index in range(5):
            run.commit(record(index))
    path = tmp_path / "run" / "run.db"
    content = bytearray(path.read_bytes())
    content[4096:] = b"\xff" * (len(content) - 4096)
    path.write_bytes(content)
    with pytest.raises(UserError, match="damaged"):
        RunDirectory.open(tmp_path / "run")


def test_a_newer_schema_is_refused(tmp_path: Path) -> None:
    run = made(tmp_path / "run")
    newer = sqlite3.connect(run / "run.db")
    newer.execute("PRAGMA user_version = 99")
    newer.close()
    with pytest.raises(
        UserError, match="has schema 99, this docendo reads schema 5; upgrade docendo"
    ):
        RunDirectory.open(run)


def test_a_second_writer_is_refused_with_the_process_of_the_first(tmp_path: Path) -> None:
    with RunDirectory.create(tmp_path / "run", "") as run:
        with pytest.raises(UserError, match=f"is being written by process {os.getpid()};"):
            RunDirectory.open(run.path, write=True)
        code = f"from docendo.store import RunDirectory; RunDirectory.open({str(run.path)!r}, write=True)"
        other = subprocess.run(
            [sys.executable, "-c", code], capture_output=True, text=True, check=False
        )
        assert f"is being written by process {os.getpid()};" in other.stderr
        RunDirectory.open(run.path).close()
    RunDirectory.open(tmp_path / "run", write=True).close()


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
