"""Real and simulated people judge, and simulated ones ask, in whole runs of the tiny model."""

import re
import threading
import time
from pathlib import Path
from statistics import pvariance

import pytest

from docendo.build.backend import resolve_config
from docendo.cli.runs import open_trained
from docendo.config.load import Config, load_config, to_toml
from docendo.humans.votes import Grade, VoteStore
from docendo.run.opening import begin, open_session, resume_session
from docendo.store import RunDirectory
from tests.cli.test_run import Silent
from tests.cli.toys import docendo, hashes, tiny_config

ONE = """
[domains.mathematics]
families = {{ sums = [1] }}
evaluator = "people"
{askers}

[agents.emmy]
domain = "mathematics"

[agents.ada]

[evaluators.truth]
type = "truth"

[evaluators.people]
{people}
"""
HUMAN = 'type = "human"\nmode = "{}"\nmembers = ["truth"]'
OLGA = """
[people.olga]
tastes = { short = 3.0, lively = 2.0 }
good_threshold = 2.85
noise = 0.02
manner = "Please tell me:"

[askers.olga]
type = "person"
person = "olga"
"""


def config(folder: Path, people: str, extra: str = "", askers: str = "") -> Config:
    folder.mkdir(exist_ok=True)
    path = tiny_config(folder, ONE.format(people=people, askers=askers) + extra)
    return resolve_config(
        load_config(path, ("teaching.max_tokens=12", "evaluation.problems=2"))
    )


def made(folder: Path, wanted: Config) -> RunDirectory:
    return RunDirectory.create(folder, to_toml(wanted))


def play(folder: Path, wanted: Config, rounds: int | None = None) -> None:
    """A run from its beginning, stopped after so many commits."""
    with made(folder, wanted) as run:
        session = open_session(wanted, Silent())
        begin(session, run)
        for count, _ in enumerate(session.rounds(), 1):
            if count == rounds:
                break


def graded(folder: Path, score: float) -> int:
    """A person grades everything that waits."""
    with VoteStore(folder) as people:
        waiting = people.grades(waiting=True)
        for grade in waiting:
            people.grade(grade._replace(score=score), "me")
    return len(waiting)


def finished(folder: Path) -> tuple[list[object], dict[str, str]]:
    """Everything that was played, and the hashes of the last checkpoints."""
    with RunDirectory.open(folder) as run:
        return [*run.episodes(), *run.evaluations()], hashes(folder / "checkpoints")


def test_agents_train_on_what_a_simulated_person_likes(tmp_path: Path) -> None:
    wanted = config(
        tmp_path,
        'type = "person"\nperson = "olga"',
        OLGA,
        "askers = { olga = 1.0, own = 1.0 }",
    )
    play(tmp_path / "run", wanted)
    with RunDirectory.open(tmp_path / "run") as run:
        assert run.finished
        verdicts = [e.verdict for e in run.evaluations()]
        episodes = list(run.episodes())
        scores = [
            a.verdict.score
            for e in episodes
            for a in (*e.control, *e.attempts, *e.lesson.examples)
        ]
        tests = [e.test for e in episodes] + [
            p for e in episodes for p in e.lesson.problems
        ]
        assert dict(run.metrics())["evaluator/people/verdicts"][-1][1] > 0
    assert all(v.reason.startswith("olga ") for v in verdicts)
    assert any(e.attempts for e in episodes)
    assert pvariance(scores) > 0
    asked = [p for p in tests if p.source == "person:olga"]
    assert {p.source for p in tests} >= {"person:olga"}
    assert all(p.prompt.startswith("Please tell me: ") for p in asked)


def test_a_resumed_run_ends_like_an_unbroken_one_whatever_votes_came_meanwhile(
    tmp_path: Path,
) -> None:
    """People grade after the first rounds of both runs; in one of them, again between its crash and its end."""
    wanted = config(tmp_path, HUMAN.format("async"))
    for name in ("whole", "broken"):
        play(tmp_path / name, wanted, rounds=2)
        assert graded(tmp_path / name, 0.75) > 0
    with RunDirectory.open(tmp_path / "whole", write=True) as run:
        list(resume_session(run, wanted, Silent()).rounds())
    with RunDirectory.open(tmp_path / "broken", write=True) as run:
        rounds = resume_session(run, wanted, Silent()).rounds()
        next(rounds)
        session = resume_session(run, wanted, Silent())
        # the crash comes after the answers of the next round were judged and before its commit
        session.directory = None
        next(session.rounds())
    graded(tmp_path / "broken", 0.0)
    with RunDirectory.open(tmp_path / "broken", write=True) as run:
        again = resume_session(run, wanted, Silent())
        assert again.last_round == 1
        list(again.rounds())
    assert finished(tmp_path / "whole") == finished(tmp_path / "broken")
    reasons = {
        e.verdict.reason for e in finished(tmp_path / "whole")[0] if hasattr(e, "verdict")
    }
    assert len(reasons) > 1


def test_a_run_waits_for_a_person_in_another_process(tmp_path: Path) -> None:
    wanted, folder = (
        config(tmp_path, HUMAN.format("wait").replace('members = ["truth"]', "")),
        tmp_path / "run",
    )
    over = threading.Event()

    def person() -> None:
        while not over.is_set():
            if (folder / "people.db").exists():
                graded(folder, 0.5)
            time.sleep(0.01)

    thread = threading.Thread(target=person)
    thread.start()
    try:
        with made(folder, wanted) as run:
            session = open_session(wanted, Silent())
            begin(session, run)
            session.ratings.attend = lambda _: time.sleep(0.01)
            list(session.rounds())
    finally:
        over.set()
        thread.join()
    verdicts = [e.verdict for e in finished(folder)[0] if hasattr(e, "verdict")]
    assert {(v.score, v.reason) for v in verdicts} == {(0.5, "a person's verdict")}
    with RunDirectory.open(folder) as run:
        judge = open_trained(run).classroom.evaluators["mathematics"]
        assert judge([]) == []


def test_reading_a_run_does_not_wait_for_votes(tmp_path: Path) -> None:
    wanted, folder = config(tmp_path, HUMAN.format("async")), tmp_path / "run"
    play(folder, wanted, rounds=1)
    with VoteStore(folder) as people:
        waiting = people.grades(waiting=True)
        people.grade(Grade("other", "?", "!", 1.0), "me")
    done = docendo("eval", folder, "--n", "2", "--json")
    assert done.code == 0, done.err
    with VoteStore(folder) as people:
        assert people.grades(waiting=True) == waiting


def test_a_config_with_human_raters_can_be_dry_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    text = ONE.format(
        people=HUMAN.format("wait").replace('members = ["truth"]', ""), askers=""
    )
    done = docendo("run", tiny_config(tmp_path, text), "--dry-run")
    assert done.code == 0, done.err
    assert "Everything works" in done.out


@pytest.mark.parametrize(
    ("people", "extra", "said"),
    [
        (
            HUMAN.format("later"),
            "",
            r"\[evaluators\] people: human: mode: input should be 'wait', 'async' or 'off', got 'later'",
        ),
        (
            HUMAN.format("async").replace("truth", "truht"),
            "",
            "no evaluator 'truht'; did you mean 'truth'",
        ),
        (
            'type = "human"\nmode = "async"',
            "",
            "expected one evaluator for answers that no person has graded",
        ),
        ('type = "person"\nperson = "olg"', OLGA, "no person 'olg'; did you mean 'olga'"),
        (
            'type = "person"\nperson = "olga"',
            OLGA.replace("lively", "livley"),
            "did you mean 'lively'",
        ),
        (
            'type = "person"\nperson = "olga"',
            OLGA + "[people.ivan]\ncyclic_features = ['short', 'right']\n",
            "expected three or more different",
        ),
    ],
)
def test_wrong_settings_of_human_raters_are_refused(
    tmp_path: Path, people: str, extra: str, said: str
) -> None:
    done = docendo(
        "run",
        tiny_config(tmp_path, ONE.format(people=people, askers="") + extra),
        "--dry-run",
    )
    assert (done.code, len(done.err.splitlines())) == (2, 1), done.err
    assert re.search(said, done.err)
