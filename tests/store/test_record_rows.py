"""Records come back from their rows as they were."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from docendo.records import Completion, Match, Metrics, Payoff, Rollout, Trial, Verdict
from docendo.store import RoundRecord, RunDirectory
from tests.store.toys import ANN, BOB, attempt, duel, episode, evaluation, problem

ANY_TEXT = st.text(st.characters(exclude_categories=()), max_size=20) | st.sampled_from(
    ["\ud83d\ude00", "\x00", "a\x00b", "\udcff", "\u2028", "😀"]
)


@pytest.fixture
def run(tmp_path: Path) -> Iterator[RunDirectory]:
    with RunDirectory.create(tmp_path / "run", "seed = 1\n") as made:
        yield made


def test_prompt_tokens_and_logprobs_are_not_stored(run: RunDirectory) -> None:
    full = Rollout(Completion("x", (1, 2), (3,), (-0.5,)), Verdict(0.5, ""))
    run.commit(
        RoundRecord(0, "teaching", 1.0, episodes=[replace(episode(), attempts=(full,))])
    )
    (back,) = run.episodes()
    assert back.attempts == (Rollout(Completion("x", tokens=(3,)), Verdict(0.5, "")),)


def test_a_trial_and_a_lesson_without_a_payoff_come_back(run: RunDirectory) -> None:
    trial = Trial(problem("7 + 1?", "8"), -0.25)
    paid = replace(episode(), trial=trial, payoff=Payoff(-0.25, (0.0, 1.0)))
    dropped = replace(episode(), trial=trial, payoff=Payoff(None, ()), attempts=())
    run.commit(RoundRecord(0, "teaching", 1.0, episodes=[paid, dropped]))
    assert list(run.episodes()) == [paid, dropped]


def test_a_students_tries_and_the_hints_that_it_got_come_back(run: RunDirectory) -> None:
    plain = episode()
    corrected = replace(plain.lesson, tries=(attempt("no", 0.0),))
    hinted = replace(plain, lesson=corrected, hints=(attempt("hm", 0.0), attempt("so")))
    run.commit(RoundRecord(0, "teaching", 1.0, episodes=[hinted, plain]))
    assert list(run.episodes()) == [hinted, plain]


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
