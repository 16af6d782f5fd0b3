"""Files that are there whole or not at all."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from docendo.errors import RunError
from docendo.store.atomic import nearest_existing, write_atomically


@contextmanager
def small_disk() -> Iterator[None]:
    """No file may have more than 1,000 bytes."""
    resource = pytest.importorskip("resource", reason="no way to limit the size of files")
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_a_file_too_large_for_the_disk_leaves_only_the_old_one(
    tmp_path: Path,
) -> None:
    path = tmp_path / "new" / "x.json"
    write_atomically(path, b"old")
    with small_disk(), pytest.raises(RunError, match=r"x\.json: File too large"):
        write_atomically(path, b"x" * 2000)
    assert [p.name for p in path.parent.iterdir()] == ["x.json"]
    assert path.read_bytes() == b"old"
    write_atomically(path, b"new")
    assert path.read_bytes() == b"new"


def test_a_folder_that_cannot_be_created_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(RunError, match="Not a directory"):
        write_atomically(tmp_path / "file" / "in" / "x.json", b"")


def test_a_file_in_a_missing_folder_is_refused_unless_folders_are_created(
    tmp_path: Path,
) -> None:
    with pytest.raises(RunError, match="No such file"):
        write_atomically(tmp_path / "new" / "x.json", b"", make_parents=False)


def test_a_missing_path_has_a_nearest_existing_folder(tmp_path: Path) -> None:
    assert nearest_existing(tmp_path / "a" / "b") == tmp_path
    assert nearest_existing(tmp_path) == tmp_path
