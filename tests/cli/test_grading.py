"""Answers that wait for grades are graded one by one."""

import io
from pathlib import Path

import pytest

from docendo.humans.votes import Grade, VoteStore
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
    path = tmp_path_factory.mktemp("chat") / "run"
    assert docendo("run", *SMALL, "--out", str(path)).code == 0
    return path


def typed(monkeypatch: pytest.MonkeyPatch, *lines: str) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO("\n".join(lines) + "\n"))


def test_a_person_grades_answers_one_by_one(
    run: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with VoteStore(run) as people:
        people.enqueue([Grade("k", "why?", text, None) for text in ("one", "two", "three")])
    typed(monkeypatch, "u", "11", "n", "y", "u", "7", "u", "u", "10", "s", "3")
    done = docendo("chat", str(run), "--grade", "--person", "me")
    assert done.code == 0
    assert "nothing to take back" in done.out
    with VoteStore(run) as people:
        assert {(g.text, g.score) for g in people.grades(waiting=False)} == {
            ("one", 1.0),
            ("three", 0.3),
        }
        assert [g.text for g in people.grades(waiting=True)] == ["two"]
