"""Answers that wait for grades are graded one by one."""

from pathlib import Path

import pytest

from docendo.humans.votes import Grade, VoteStore
from tests.cli.toys import docendo, typed


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
