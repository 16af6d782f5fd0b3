"""Cells of any text, and databases that are no run."""

import sqlite3
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from docendo.errors import UserError
from docendo.store import RunDirectory
from docendo.store.database import pack, unpack
from tests.store.test_record_rows import ANY_TEXT
from tests.store.test_run import made
from tests.store.toys import record


@given(
    st.recursive(
        ANY_TEXT | st.floats(allow_nan=False) | st.none(), lambda x: st.lists(x, max_size=3)
    )
)
def test_json_round_trips_through_compression(value: object) -> None:
    assert unpack(pack(value)) == value


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
