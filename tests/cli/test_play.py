"""`docendo play` and `docendo preferences`, typed line by line."""

import io
import json
from pathlib import Path

import pytest

from docendo.humans.opinions import Grade, Opinions
from tests.cli.toys import docendo

SMALL = [
    "--set",
    "model=tiny",
    "--set",
    "teaching.rounds=0",
    "--set",
    "experts.steps=1",
    "--set",
    "evaluation.problems=3",
]


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("play") / "run"
    assert docendo("run", *SMALL, "--out", str(path)).code == 0
    return path


def typed(monkeypatch: pytest.MonkeyPatch, *lines: str) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO("\n".join(lines) + "\n"))


def test_a_person_asks_and_says_which_is_better(run: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    typed(monkeypatch, "why?", "x", "a", "and then?", "u", "n", "what?", "q")
    done = docendo("play", str(run), "--person", "me")
    assert done.code == 0
    assert "'x' is none of them" in done.out
    assert "A was " in done.out
    assert "taken back" in done.out
    assert "1 opinions kept" in done.out
    with Opinions(run) as people:
        assert [(o.person, o.prompt, o.choice) for o in people.all()] == [("me", "and then?", "both bad")]


def test_names_are_shown_only_after_the_word(run: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    typed(monkeypatch, "who?", "q")
    done = docendo("play", str(run), "--agent", "emmy", "--agent", "ada")
    assert "emmy" not in done.out.split("leaves.")[1]
    assert "ada" not in done.out.split("leaves.")[1]


def test_grades_are_given_one_by_one(run: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with Opinions(run) as people:
        people.wait_for([Grade("k", "why?", text, None) for text in ("one", "two", "three")])
    typed(monkeypatch, "11", "10", "s", "3")
    assert docendo("play", str(run), "--grade", "--person", "me").code == 0
    with Opinions(run) as people:
        assert {(g.text, g.score) for g in people.grades(waiting=False)} == {("one", 1.0), ("three", 0.3)}


def test_what_was_said_is_exported(run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    typed(monkeypatch, "hm?", "a", "the right one", "")
    assert docendo("play", str(run), "--right", "--agent", "emmy", "--agent", "ada").code == 0
    done = docendo("preferences", str(run), "--out", str(tmp_path / "said.jsonl"))
    assert done.code == 0
    rows = [json.loads(line) for line in (tmp_path / "said.jsonl").read_text().splitlines()]
    assert [r["prompt"][0]["content"] for r in rows].count("hm?") == 3
    payoffs = docendo("preferences", str(run), "--payoffs").out.splitlines()
    assert payoffs[0].startswith(",")
    assert len(payoffs) == len(payoffs[0].split(","))


def test_wrong_use_is_one_line(run: Path, tmp_path: Path) -> None:
    assert "has no agent 'emy'" in docendo("play", str(run), "--agent", "emy").err
    assert docendo("play", str(run), "--agent", "emmy").code == 2
    assert docendo("preferences", str(tmp_path)).code == 2
    fresh = docendo("play", str(tmp_path / "none"))
    assert fresh.code == 2
    assert "no such run directory" in fresh.err
