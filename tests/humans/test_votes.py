"""What people said is kept verbatim, by several processes at once."""

import sqlite3
from pathlib import Path

import pytest

from docendo.errors import UserError
from docendo.humans.votes import Grade, VoteStore
from docendo.records import AgentId, Opinion, Problem

ANN, BOB, CAT = AgentId("ann"), AgentId("bob"), AgentId("cat")
HOSTILE = "\x00<script>\ud800[red]\n'; DROP TABLE opinions; --"
PROBLEM = Problem("d", "f", 1, "What is 3 + 4?", "7")


def opinion(choice="first", right="", first=ANN, second=BOB) -> Opinion:
    return Opinion("me", "why?", first, second, ("one", "two"), choice, right)


def test_votes_are_kept_verbatim_and_can_be_undone(tmp_path: Path) -> None:
    strange = Opinion(HOSTILE, HOSTILE, ANN, BOB, (HOSTILE, ""), "both bad", HOSTILE)
    with VoteStore(tmp_path) as people:
        people.record(opinion())
        number = people.record(strange)
    with VoteStore(tmp_path) as people:
        assert people.read_opinions() == [opinion(), strange]
        people.delete(number)
        assert people.read_opinions() == [opinion()]


def test_two_processes_may_write_votes_at_the_same_time(tmp_path: Path) -> None:
    with VoteStore(tmp_path) as one, VoteStore(tmp_path) as other:
        one.record(opinion())
        other.record(opinion("second"))
        assert len(one.read_opinions()) == len(other.read_opinions()) == 2


def test_a_database_of_another_program_is_refused(tmp_path: Path) -> None:
    other = sqlite3.connect(tmp_path / "people.db")
    other.execute("CREATE TABLE mine (x)")
    other.close()
    with pytest.raises(UserError, match="is not a docendo people's database"):
        VoteStore(tmp_path)


def test_the_last_grades_of_all_people_are_averaged_and_can_be_withdrawn(
    tmp_path: Path,
) -> None:
    one = Grade(PROBLEM.key, PROBLEM.prompt, "Answer: 7", None, "7")
    with VoteStore(tmp_path) as people:
        for score, person in ((0.0, "me"), (1.0, "me"), (0.5, "you")):
            people.grade(one._replace(score=score), person)
        assert people.grades(waiting=False) == [one._replace(score=0.75)]
        people.grade(one, "me")
        assert people.grades(waiting=False) == [one._replace(score=0.5)]
        people.grade(one, "you")
        assert (people.grades(waiting=True), people.grades(waiting=False)) == ([one], [])


def test_hostile_answers_are_stored_and_graded_verbatim(tmp_path: Path) -> None:
    strange = Grade(HOSTILE, HOSTILE, HOSTILE, 0.25, HOSTILE)
    with VoteStore(tmp_path) as people:
        people.grade(strange, HOSTILE)
        assert people.grades(waiting=False) == [strange]
