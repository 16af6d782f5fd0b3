"""Parquet files and saved datasets."""

import sys
from pathlib import Path

import pytest

from docendo.datasets.files import (
    read_problems,
)
from docendo.errors import UserError
from tests.datasets.files import CAPITALS, capitals, pairs, parquet, reasons


def test_bad_cells_of_a_parquet_file_are_quarantined(tmp_path: Path) -> None:
    arrow = pytest.importorskip("pyarrow")
    broken = arrow.array([b"Q?", b"\xff", b"R?", b"S?", b"Q?"]).view(arrow.string())
    path = parquet(
        tmp_path,
        "a.parquet",
        question=broken,
        answer=[1.0, 2.0, None, float("nan"), 1.0],
        other=[[1]] * 5,
    )
    found = read_problems(path, "d")
    assert pairs(found) == [("Q?", "1")]
    assert reasons(found) == [
        (2, "'question' cannot be decoded"),
        (3, "no 'answer'"),
        (4, "'answer' is nan, expected a finite number"),
        (5, "the same question as in line 1"),
    ]


@pytest.mark.parametrize(
    ("name", "library", "extra"),
    [("a.parquet", "pyarrow", "data"), ("hub:owner/name", "datasets", "hub")],
)
def test_a_missing_library_is_named_with_the_command_to_install_it(
    tmp_path: Path, name: str, library: str, extra: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = name if name.startswith("hub:") else str(capitals(tmp_path, name))
    monkeypatch.setitem(sys.modules, library, None)
    with pytest.raises(UserError, match=rf"{library} is missing; run: .*\[{extra}\]'"):
        read_problems(path, "d")


def test_a_saved_dataset_is_read_from_its_train_split(tmp_path: Path) -> None:
    datasets = pytest.importorskip("datasets")
    rows = {
        "question": [q for q, _ in CAPITALS],
        "answer": [a for _, a in CAPITALS],
        "other": [1, 2, 3],
    }
    one = datasets.Dataset.from_dict(rows)
    one.save_to_disk(str(tmp_path / "one"))
    datasets.DatasetDict(train=one, test=one).save_to_disk(str(tmp_path / "split"))
    datasets.DatasetDict(a=one, b=one).save_to_disk(str(tmp_path / "other"))
    for name in ("one", "split"):
        found = read_problems(tmp_path / name, "d")
        assert pairs(found) == CAPITALS
        assert found.problems[0].source == f"{name}:1"
    with pytest.raises(
        UserError, match="splits a, b; expected only one, or one called 'train'"
    ):
        read_problems(tmp_path / "other", "d")
    with pytest.raises(UserError, match="expected hub:owner/name"):
        read_problems("hub:name", "d")
