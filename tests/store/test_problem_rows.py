"""A problem is stored once, under a hash of all its fields."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from docendo.store import RoundRecord, RunDirectory
from tests.store.toys import episode, problem


@pytest.fixture
def run(tmp_path: Path) -> Iterator[RunDirectory]:
    with RunDirectory.create(tmp_path / "run", "seed = 1\n") as made:
        yield made


def test_problems_that_differ_only_in_level_are_stored_as_two(run: RunDirectory) -> None:
    first, second = (
        replace(episode(), test=problem(level=1)),
        replace(episode(), test=problem(level=2)),
    )
    assert first.test.key == second.test.key
    run.commit(RoundRecord(0, "teaching", 1.0, episodes=[first, second]))
    assert [e.test.level for e in run.episodes()] == [1, 2]
