"""What is read back from a run, and what filters leave of it."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from docendo.store import RoundRecord, RunDirectory
from tests.store.toys import evaluation, record


@pytest.fixture
def run(tmp_path: Path) -> Iterator[RunDirectory]:
    with RunDirectory.create(tmp_path / "run", "seed = 1\n") as made:
        yield made


def test_a_reader_sees_what_the_writer_committed(run: RunDirectory) -> None:
    run.commit(record(0))
    with RunDirectory.open(run.path) as reader, reader.snapshot():
        assert len(list(reader.episodes())) == 2
        run.commit(record(1))
        assert len(list(reader.episodes())) == 2
    with RunDirectory.open(run.path) as reader:
        assert reader.config_toml == "seed = 1\n"
        assert len(list(reader.episodes())) == 4
        with pytest.raises(ValueError, match="reading only"):
            reader.commit(record(2))


def test_episodes_are_filtered_by_all_given_criteria(run: RunDirectory) -> None:
    run.commit(record(0))
    run.commit(record(1))
    assert [e.round for e in run.episodes(teacher="ann")] == [0, 1]
    assert [e.match.student for e in run.episodes(round=1, student="ann")] == ["ann"]
    assert list(run.episodes(domain="biology")) == []
    assert [(e.round, e.match.teacher) for e in run.episodes(newest=3)] == [
        (0, "bob"),
        (1, "ann"),
        (1, "bob"),
    ]


def test_duels_are_filtered_by_all_given_criteria(run: RunDirectory) -> None:
    run.commit(record(0))
    run.commit(record(1))
    assert list(run.duels(round=1)) == list(record(1).duels)
    assert [(d.round, d.first) for d in run.duels(game="kuhn")] == [(0, "ann"), (1, "ann")]
    assert list(run.duels(game="chess")) == []
    assert [(d.round, d.game) for d in run.duels(newest=3)] == [
        (0, "lines"),
        (1, "kuhn"),
        (1, "lines"),
    ]


def test_evaluations_of_the_base_can_be_their_own_round_or_come_with_the_first(
    run: RunDirectory,
) -> None:
    run.commit(RoundRecord(-1, "experts", 1.0, evaluations=[evaluation(-1)]))
    run.commit(RoundRecord(0, "experts", 1.0, evaluations=[evaluation(-1), evaluation(0)]))
    assert len(list(run.evaluations(round=-1))) == 2
