"""What was committed is what is read back."""

import math
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from docendo.records import Finding, Metrics, Usage
from docendo.store import QuarantineRow, RoundRecord, RoundRow, RunDirectory
from tests.store.toys import ANN, BOB, duel, episode, evaluation, problem, record


@pytest.fixture
def run(tmp_path: Path) -> Iterator[RunDirectory]:
    with RunDirectory.create(tmp_path / "run", "seed = 1\n") as made:
        yield made


def test_a_round_comes_back_as_it_was_committed(run: RunDirectory) -> None:
    run.commit(record(0))
    run.commit(record(1))
    assert list(run.episodes()) == [*record(0).episodes, *record(1).episodes]
    assert list(run.evaluations()) == [*record(0).evaluations, *record(1).evaluations]
    assert list(run.duels()) == [*record(0).duels, *record(1).duels]
    assert run.rounds() == [RoundRow(0, "teaching", 1.5), RoundRow(1, "teaching", 1.5)]
    assert run.metrics() == {"loss": [(0, 0.25), (1, 0.5 / 3)]}
    assert run.ledger() == [
        Usage(ANN, "sampling", 200, 2e9),
        Usage(BOB, "training", 20, 6e9),
    ]
    assert run.state() == {"standings": {"ann": [1, 0.1]}}


def test_findings_come_back_with_their_round_and_are_rolled_back_with_it(
    run: RunDirectory,
) -> None:
    first = Finding(0, "answer_leak", ANN, 1, "the test's answer is in it")
    second = Finding(1, "format_exploit", BOB, 0, "it speaks to a judge")
    run.commit(replace(record(0), findings=[first]))
    run.commit(replace(record(1), findings=[second]))
    assert run.findings() == [first, second]
    run.rollback(0)
    assert run.findings() == [first]


def test_nan_and_infinity_round_trip_through_the_metrics(run: RunDirectory) -> None:
    run.commit(
        RoundRecord(
            0, "teaching", 1.0, metrics=Metrics(0, {"loss": math.nan, "norm": math.inf})
        )
    )
    assert math.isnan(run.metrics()["loss"][0][1])
    assert run.metrics()["norm"] == [(0, math.inf)]


def test_rounds_must_ascend_and_episodes_must_belong_to_theirs(run: RunDirectory) -> None:
    run.commit(record(3))
    with pytest.raises(ValueError, match="round 3 was passed after round 3"):
        run.commit(record(3))
    with pytest.raises(ValueError, match="episode of round 0 was passed with round 4"):
        run.commit(RoundRecord(4, "teaching", 1.0, episodes=[episode(0)]))
    with pytest.raises(ValueError, match="duel of round 0 was passed with round 4"):
        run.commit(RoundRecord(4, "teaching", 1.0, duels=[duel(0)]))
    assert [r.round for r in run.rounds()] == [3]


def test_a_run_is_marked_finished_and_more_rounds_remove_the_mark(
    run: RunDirectory,
) -> None:
    assert not run.finished
    run.finish()
    assert run.finished
    run.commit(record(0))
    assert not run.finished


def test_rollback_forgets_later_rounds_and_their_problems(run: RunDirectory) -> None:
    run.commit(record(0))
    later = replace(episode(1), test=problem("9 + 9?", "18"))
    run.commit(
        RoundRecord(
            1,
            "teaching",
            1.0,
            [later],
            [evaluation(1)],
            Metrics(1, {"loss": 1.0}),
            duels=[duel(1)],
        )
    )
    run.rollback(0)
    assert list(run.episodes()) == list(record(0).episodes)
    assert list(run.duels()) == list(record(0).duels)
    assert run.metrics() == {"loss": [(0, 0.25)]}
    assert run._rows("SELECT COUNT(*) FROM problems") == [(2,)]
    run.commit(record(1))
    assert len(list(run.episodes())) == 4


def test_quarantined_rows_are_stored_once(run: RunDirectory) -> None:
    row = QuarantineRow("b\udcffd.jsonl", 7, "no answer\x00")
    run.quarantine([row, row])
    run.quarantine([row, QuarantineRow("a.jsonl", 1, "no prompt")])
    assert run.quarantined() == [row, QuarantineRow("a.jsonl", 1, "no prompt")]
