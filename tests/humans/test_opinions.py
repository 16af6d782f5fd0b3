"""What people say, kept and exported; the salon; verdicts in a run."""

import sqlite3
from pathlib import Path

import pytest

from docendo.engines.scripted import Scripted
from docendo.errors import RunError, UseError
from docendo.graders.grading import each, exact
from docendo.humans.grading import Guestbook, Human
from docendo.humans.opinions import Grade, Opinions, preferences, wins
from docendo.humans.salon import Salon
from docendo.records import AgentId, Answer, Opinion, Problem

ANN, BOB, CAT = AgentId("ann"), AgentId("bob"), AgentId("cat")
HOSTILE = "\x00<script>\ud800[red]\n'; DROP TABLE opinions; --"
PROBLEM = Problem("d", "f", 1, "What is 3 + 4?", "7")


def opinion(choice="first", right="", first=ANN, second=BOB) -> Opinion:
    return Opinion("me", "why?", first, second, ("one", "two"), choice, right)


def test_what_is_said_is_kept_word_by_word_and_can_be_taken_back(tmp_path: Path) -> None:
    strange = Opinion(HOSTILE, HOSTILE, ANN, BOB, (HOSTILE, ""), "both bad", HOSTILE)
    with Opinions(tmp_path) as people:
        people.say(opinion())
        number = people.say(strange)
    with Opinions(tmp_path) as people:
        assert people.all() == [opinion(), strange]
        people.take_back(number)
        assert people.all() == [opinion()]


def test_two_may_write_at_the_same_time(tmp_path: Path) -> None:
    with Opinions(tmp_path) as one, Opinions(tmp_path) as other:
        one.say(opinion())
        other.say(opinion("second"))
        assert len(one.all()) == len(other.all()) == 2


def test_another_database_is_left_alone(tmp_path: Path) -> None:
    other = sqlite3.connect(tmp_path / "people.db")
    other.execute("CREATE TABLE mine (x)")
    other.close()
    with pytest.raises(UseError, match="is not a docendo people's database"):
        Opinions(tmp_path)


def test_preferences_are_rows_as_trl_reads_them() -> None:
    (row,) = preferences([opinion("second"), opinion("tie"), opinion("both bad")])
    assert row == {
        "prompt": [{"role": "user", "content": "why?"}],
        "chosen": [{"role": "assistant", "content": "two"}],
        "rejected": [{"role": "assistant", "content": "one"}],
    }
    corrected = preferences([opinion("both bad", right="three")])
    assert [r["chosen"][0]["content"] for r in corrected] == ["three", "three"]
    assert [r["rejected"][0]["content"] for r in corrected] == ["one", "two"]


def test_wins_are_counted_for_both_and_ties_are_half() -> None:
    found = wins([opinion(), opinion("tie"), opinion("second", first=BOB, second=ANN)])
    assert found == {(ANN, BOB): (2.5, 3), (BOB, ANN): (0.5, 3)}


def salon(tmp_path: Path, agents=(ANN, BOB, CAT)) -> Salon:
    return Salon(Scripted(lambda r: f"I am {r.agent}"), agents, Opinions(tmp_path), "me")


def test_two_agents_answer_and_the_word_is_kept_with_their_names(tmp_path: Path) -> None:
    room = salon(tmp_path)
    pair = room.ask("  who are you? ")
    assert pair.texts == (f"I am {pair.first}", f"I am {pair.second}")
    assert room.say(pair, "second", " nobody ") == room.opinions.all()[0]
    assert room.opinions.all()[0].right == "nobody"
    assert room.undo() is not None
    assert room.opinions.all() == []
    assert room.undo() is None


def test_who_was_compared_least_comes_next_and_the_order_is_by_chance(tmp_path: Path) -> None:
    room = salon(tmp_path)
    seen = []
    for _ in range(30):
        pair = room.ask("who?")
        room.say(pair, "tie")
        seen.append((pair.first, pair.second))
    counts = {a: sum(a in pair for pair in seen) for a in (ANN, BOB, CAT)}
    assert set(counts.values()) == {20}
    assert any(a > b for a, b in seen)
    assert any(a < b for a, b in seen)


def test_a_salon_needs_two_agents_and_a_question(tmp_path: Path) -> None:
    with pytest.raises(UseError, match="two agents are needed"):
        salon(tmp_path, (ANN,))
    with pytest.raises(UseError, match="an empty question"):
        salon(tmp_path).ask("  ")


def answers(*texts: str) -> list[Answer]:
    return [Answer(PROBLEM, text, ANN, 0) for text in texts]


def test_a_persons_verdict_counts_where_it_is_there_and_another_meanwhile(tmp_path: Path) -> None:
    human = Human("async", Guestbook(tmp_path), each(exact))
    assert [v.score for v in human(answers("Answer: 7", "Answer: 8"))] == [1, 0]
    with Opinions(tmp_path) as people:
        waiting = people.grades(waiting=True)
        assert [(g.prompt, g.text) for g in waiting] == [(PROBLEM.prompt, "Answer: 7"), (PROBLEM.prompt, "Answer: 8")]
        people.grade(waiting[1]._replace(score=0.4), "me")
    found = human(answers("Answer: 7", "Answer: 8"))
    assert [v.score for v in found] == [1, 0.4]
    assert found[1].reason == "a person's verdict"
    assert [v.score for v in Human("off", Guestbook(tmp_path), each(exact))(answers("Answer: 8"))] == [0]


def test_a_run_waits_until_everything_is_graded_and_says_so_once(tmp_path: Path) -> None:
    told: list[str] = []

    def a_person(_seconds: float) -> None:
        with Opinions(tmp_path) as people:
            for grade in people.grades(waiting=True)[:1]:
                people.grade(grade._replace(score=1.0), "me")

    human = Human("wait", Guestbook(tmp_path), None, told.append, a_person)
    assert [v.score for v in human(answers("a", "b"))] == [1, 1]
    assert told == [f"2 answers wait for a person: docendo play {tmp_path} --grade"]
    with pytest.raises(RunError, match="no run directory"):
        Human("wait", Guestbook(), None)(answers("a"))


def test_a_queue_does_not_grow_without_end(tmp_path: Path) -> None:
    human = Human("async", Guestbook(tmp_path), each(exact))
    human(answers(*map(str, range(500))))
    with Opinions(tmp_path) as people:
        assert len(people.grades(waiting=True)) == 200
        people.grade(Grade(PROBLEM.key, PROBLEM.prompt, "new", 0.5), "me")
        assert len(people.grades(waiting=False)) == 1
