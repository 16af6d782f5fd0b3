"""What was committed is what is read back."""

import math
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from docendo.records import Completion, Finding, Match, Metrics, Rollout, Usage, Verdict
from docendo.store import QuarantineRow, RoundRecord, RoundRow, RunDirectory
from docendo.store.database import pack, unpack
from tests.store.toys import ANN, BOB, attempt, duel, episode, evaluation, problem, record

ANY_TEXT = st.text(st.characters(exclude_categories=()), max_size=20) | st.sampled_from(
    ["\ud83d\ude00", "\x00", "a\x00b", "\udcff", "\u2028", "😀"]
)


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


def test_prompt_tokens_and_logprobs_are_not_stored(run: RunDirectory) -> None:
    full = Rollout(Completion("x", (1, 2), (3,), (-0.5,)), Verdict(0.5, ""))
    run.commit(
        RoundRecord(0, "teaching", 1.0, episodes=[replace(episode(), attempts=(full,))])
    )
    (back,) = run.episodes()
    assert back.attempts == (Rollout(Completion("x", tokens=(3,)), Verdict(0.5, "")),)


def test_problems_that_differ_only_in_level_are_stored_as_two(run: RunDirectory) -> None:
    first, second = (
        replace(episode(), test=problem(level=1)),
        replace(episode(), test=problem(level=2)),
    )
    assert first.test.key == second.test.key
    run.commit(RoundRecord(0, "teaching", 1.0, episodes=[first, second]))
    assert [e.test.level for e in run.episodes()] == [1, 2]


def test_nan_and_infinity_round_trip_through_the_metrics(run: RunDirectory) -> None:
    run.commit(
        RoundRecord(
            0, "teaching", 1.0, metrics=Metrics(0, {"loss": math.nan, "norm": math.inf})
        )
    )
    assert math.isnan(run.metrics()["loss"][0][1])
    assert run.metrics()["norm"] == [(0, math.inf)]


def test_evaluations_of_the_base_can_be_their_own_round_or_come_with_the_first(
    run: RunDirectory,
) -> None:
    run.commit(RoundRecord(-1, "experts", 1.0, evaluations=[evaluation(-1)]))
    run.commit(RoundRecord(0, "experts", 1.0, evaluations=[evaluation(-1), evaluation(0)]))
    assert len(list(run.evaluations(round=-1))) == 2


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


@given(
    st.recursive(
        ANY_TEXT | st.floats(allow_nan=False) | st.none(), lambda x: st.lists(x, max_size=3)
    )
)
def test_json_round_trips_through_compression(value: object) -> None:
    assert unpack(pack(value)) == value


@settings(max_examples=25, deadline=None)
@given(ANY_TEXT, ANY_TEXT, ANY_TEXT)
def test_any_text_round_trips_through_the_database(
    text: str, name: str, reason: str
) -> None:
    match = Match(ANN, BOB, name, name, 1)
    odd = replace(problem(text, reason), domain=name, family=name, tests=(text,))
    shown = replace(episode(text=text), match=match, test=odd, control=(attempt(reason),))
    judged = evaluation(text=text)._replace(problem=odd, verdict=Verdict(1.0, reason))
    with (
        TemporaryDirectory() as folder,
        RunDirectory.create(Path(folder) / "run", "") as run,
    ):
        state = {"text": text}
        fought = replace(duel(game=name, text=text), deal=reason)
        run.commit(
            RoundRecord(
                0,
                "teaching",
                1.0,
                [shown],
                [judged],
                Metrics(0, {name: 1.0}),
                state=state,
                duels=[fought],
            )
        )
        assert list(run.episodes(domain=name)) == [shown]
        assert list(run.evaluations()) == [judged]
        assert list(run.duels(game=name)) == [fought]
        assert list(run.metrics()) == [name]
        assert run.state() == state
