"""Parquet files and saved datasets."""

import sys
import types
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib.machinery import ModuleSpec
from pathlib import Path
from typing import Any

import pytest

from docendo.datasets.columns import SplitNames
from docendo.datasets.files import read_problems
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


@dataclass
class Streamed:
    """A streamed split of a data set, with the questions of some numbers."""

    numbers: range

    def with_format(self, kind: str) -> "Streamed":
        assert kind == "arrow"
        return self

    def iter(self, rows: int) -> Iterator[Any]:
        arrow = pytest.importorskip("pyarrow")
        questions = [f"Question {n}?" for n in self.numbers]
        yield arrow.table({"question": questions, "answer": list(self.numbers)})


def library(load_dataset: Callable[..., Any]) -> types.ModuleType:
    """Stands in for the library of data sets, which tests need not have."""
    module = types.ModuleType("datasets")
    module.__spec__ = ModuleSpec("datasets", None)
    module.__dict__.update(__version__="4.0.0", load_dataset=load_dataset)
    return module


def test_splits_of_a_pinned_dataset_of_the_hub_are_train_and_held_out(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked = []

    def load_dataset(*names: str, **settings: Any) -> dict[str, Streamed]:
        asked.append((names, settings))
        return {"train": Streamed(range(10)), "test": Streamed(range(8, 12))}

    monkeypatch.setitem(sys.modules, "datasets", library(load_dataset))

    name = "hub:owner/name/part@1f2e3d"
    read = read_problems(name, "d", split=SplitNames(held_out="test"))
    assert (
        asked == [(("owner/name", "part"), {"revision": "1f2e3d", "streaming": True})] * 2
    )
    assert [p.answer for p in read.problems] == [str(n) for n in range(12)]
    assert read.held_out == {problem.key for problem in read.problems[8:]}
    assert read.quarantined[0] == (
        f"{name}[train]",
        9,
        f"its question is held out, in {name}[test]:1",
    )
    with pytest.raises(UserError, match=r"no split 'tests'; did you mean 'test'"):
        read_problems(name, "d", split=SplitNames(held_out="tests"))
    with pytest.raises(UserError, match=r"expected hub:owner/name\[/subset\]\[@revision\]"):
        read_problems("hub:owner/name@", "d")


def test_a_hub_that_cannot_be_reached_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    def load_dataset(*names: str, **settings: Any) -> None:
        raise ConnectionError("Couldn't reach 'owner/name' on the Hub")

    monkeypatch.setitem(sys.modules, "datasets", library(load_dataset))
    with pytest.raises(UserError, match="hub:owner/name: cannot be read: Couldn't reach"):
        read_problems("hub:owner/name", "d")
