"""Checkpoints are whole and belong to their round, or they are not there."""

import errno
from pathlib import Path

import pytest

from docendo.errors import RunError
from docendo.store import RoundRecord, RunDirectory
from docendo.store.checkpoints import write_checkpoint_folder
from tests.store.toys import episode, record, weights


def folders(run: RunDirectory) -> list[str]:
    return sorted(p.name for p in (run.path / "checkpoints").iterdir())


def five_rounds(path: Path) -> RunDirectory:
    run = RunDirectory.create(path, "")
    for index in range(5):
        run.commit(record(index), weights(b"%d" % index))
    return run


def test_the_newest_two_checkpoints_are_kept_and_the_newest_is_found(
    tmp_path: Path,
) -> None:
    with five_rounds(tmp_path / "run") as run:
        assert folders(run) == ["000004", "000005"]
        found = run.latest_checkpoint()
        assert found
        assert (found.round, found.path.name, found.warnings) == (4, "000005", ())
        assert found.state == record(4).state
        assert (found.path / "ann" / "adapter.safetensors").read_bytes() == b"4"


def test_a_run_without_checkpoints_has_no_newest_one(tmp_path: Path) -> None:
    with RunDirectory.create(tmp_path / "run", "") as run:
        run.commit(record(0))
        assert run.latest_checkpoint() is None


@pytest.mark.parametrize(
    ("file", "content", "said"),
    [
        ("ann/adapter.safetensors", b"9", "ann/adapter.safetensors was changed"),
        ("ann/adapter.safetensors", None, "ann/adapter.safetensors is missing"),
        ("manifest.json", b"{}", "manifest.json was changed"),
        ("manifest.json", None, "manifest.json is missing"),
    ],
)
def test_a_damaged_checkpoint_is_skipped_and_named(
    tmp_path: Path, file: str, content: bytes | None, said: str
) -> None:
    with five_rounds(tmp_path / "run") as run:
        for name in ("000005", "000004"):
            path = run.path / "checkpoints" / name / file
            path.unlink() if content is None else path.write_bytes(content)
            if name == "000005":
                found = run.latest_checkpoint()
                assert found
                assert (found.round, found.state) == (3, record(3).state)
                assert said in found.warnings[0]
                assert "000005" in found.warnings[0]
        with pytest.raises(RunError, match="no older one is left"):
            run.latest_checkpoint()


def test_after_a_rollback_the_older_checkpoint_is_the_newest(tmp_path: Path) -> None:
    with five_rounds(tmp_path / "run") as run:
        run.rollback(3)
        assert folders(run) == ["000004"]
        run.commit(record(4), weights(b"again"))
        found = run.latest_checkpoint()
        assert found
        assert (found.path / "ann" / "adapter.safetensors").read_bytes() == b"again"


def test_a_crash_between_rename_and_commit_leaves_the_old_state(tmp_path: Path) -> None:
    with five_rounds(tmp_path / "run") as run:
        write_checkpoint_folder(run.path / "checkpoints", "000006", weights())
        (run.path / "checkpoints" / ".tmp-000007").mkdir()
        (run.path / "checkpoints" / "notes").mkdir()
    with RunDirectory.open(tmp_path / "run") as reader:
        assert folders(reader) == [".tmp-000007", "000004", "000005", "000006", "notes"]
        found = reader.latest_checkpoint()
        assert found
        assert found.round == 4
    with RunDirectory.open(tmp_path / "run", write=True) as run:
        assert folders(run) == ["000004", "000005", "notes"]
        run.commit(record(5), weights())
        assert folders(run) == ["000005", "000006", "notes"]


def test_a_full_disk_while_the_checkpoint_is_written_changes_nothing(
    tmp_path: Path,
) -> None:
    def full(folder: Path) -> None:
        (folder / "half").write_text("x")
        raise OSError(errno.ENOSPC, "No space left on device")

    with five_rounds(tmp_path / "run") as run:
        with pytest.raises(
            RunError, match="No space left on device; what was committed before is safe"
        ):
            run.commit(record(5), full)
        assert folders(run) == ["000004", "000005"]
        assert len(run.rounds()) == 5
        run.commit(record(5), weights())
        assert folders(run) == ["000005", "000006"]


def test_a_full_disk_while_the_rows_are_written_changes_nothing(tmp_path: Path) -> None:
    with five_rounds(tmp_path / "run") as run:
        (pages,) = run._connection.execute("PRAGMA page_count").fetchone()
        run._connection.execute(f"PRAGMA max_page_count = {pages + 2}")
        large = RoundRecord(5, "teaching", 1.0, episodes=[episode(5, text="x" * 100_000)])
        with pytest.raises(
            RunError, match="disk is full; what was committed before is safe"
        ):
            run.commit(large, weights())
        assert folders(run) == ["000004", "000005"]
        assert len(list(run.episodes())) == 10
        run._connection.execute("PRAGMA max_page_count = 100000")
        run.commit(large, weights())
        assert folders(run) == ["000005", "000006"]


def test_an_error_in_the_writer_is_raised_and_leaves_no_file(tmp_path: Path) -> None:
    def broken(folder: Path) -> None:
        raise KeyError(folder)

    with RunDirectory.create(tmp_path / "run", "") as run:
        with pytest.raises(KeyError):
            run.commit(record(0), broken)
        with pytest.raises(TypeError):
            run.commit(RoundRecord(0, "teaching", 1.0, state={"x": object()}), weights())
        assert folders(run) == []
        assert run.rounds() == []
