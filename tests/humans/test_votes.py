"""What people say, kept and exported; the salon; verdicts in a run."""

import json
import sqlite3
from collections import Counter
from pathlib import Path

import pytest

from docendo.engines.wrappers.scripted import Scripted
from docendo.errors import UserError
from docendo.graders.answer import exact, per_answer
from docendo.humans.comparison import ComparisonSession
from docendo.humans.preference_data import preference_rows, unpaired_rows
from docendo.humans.rating import HumanRater, RatingQueue
from docendo.humans.votes import Grade, VoteStore
from docendo.records import AgentId, Answer, Opinion, Problem, Verdict

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


def test_preference_rows_have_the_format_of_trl() -> None:
    (row,) = preference_rows([opinion("second"), opinion("tie"), opinion("both bad")])
    assert row == {
        "prompt": [{"role": "user", "content": "why?"}],
        "chosen": [{"role": "assistant", "content": "two"}],
        "rejected": [{"role": "assistant", "content": "one"}],
    }
    corrected = preference_rows([opinion("both bad", right="three")])
    assert [r["chosen"][0]["content"] for r in corrected] == ["three", "three"]
    assert [r["rejected"][0]["content"] for r in corrected] == ["one", "two"]


def test_unpaired_rows_label_good_and_bad_answers_and_leave_ties_out() -> None:
    def labels(*said: Opinion) -> list[tuple[str, bool]]:
        return [
            (row["completion"][0]["content"], row["label"]) for row in unpaired_rows(said)
        ]

    assert labels(opinion(), opinion("second")) == [
        ("one", True),
        ("two", False),
        ("one", False),
        ("two", True),
    ]
    assert labels(opinion("both bad"), opinion("tie")) == [("one", False), ("two", False)]
    assert labels(opinion("tie", right="three")) == [("three", True)]


def test_an_answer_is_never_compared_with_itself() -> None:
    same = opinion()._replace(texts=("one", "one"), right="one")
    assert preference_rows([same]) == []
    assert [
        r["rejected"][0]["content"] for r in preference_rows([opinion("tie", right="one ")])
    ] == ["two"]


@pytest.mark.parametrize("made", [preference_rows, unpaired_rows])
def test_hostile_text_round_trips_through_the_vote_rows(made) -> None:
    strange = opinion()._replace(prompt=HOSTILE, texts=(HOSTILE, "two"))
    (row, *_) = made([strange])
    again = json.loads(json.dumps(row))
    assert (
        again["prompt"][0]["content"]
        == (again.get("chosen") or again["completion"])[0]["content"]
        == HOSTILE
    )


def salon(tmp_path: Path, agents=(ANN, BOB, CAT)) -> ComparisonSession:
    return ComparisonSession(
        Scripted(lambda r: f"I am {r.agent}"), agents, VoteStore(tmp_path), "me"
    )


def test_two_agents_answer_and_the_vote_is_kept_with_their_names(tmp_path: Path) -> None:
    room = salon(tmp_path)
    pair = room.ask("  who are you? ")
    assert pair.texts == (f"I am {pair.first}", f"I am {pair.second}")
    assert room.record(pair, "second", " nobody ") == room.opinions.read_opinions()[0]
    assert room.opinions.read_opinions()[0].right == "nobody"
    assert room.undo() == pair
    assert room.opinions.read_opinions() == []
    assert room.undo() is None
    assert room.record(pair, "first").choice == "first"


def test_several_votes_are_undone_one_after_the_other(tmp_path: Path) -> None:
    room = salon(tmp_path)
    pairs = [room.ask(q) for q in ("one?", "two?", "three?")]
    for pair in pairs:
        room.record(pair, "tie")
    assert [room.undo() for _ in range(4)] == [*reversed(pairs), None]
    assert room.opinions.read_opinions() == []


def test_agents_and_their_snapshots_answer_under_the_agents_system_prompt(
    tmp_path: Path,
) -> None:
    told = {ANN: "Be brief.", AgentId("bob"): "Be long."}
    engine = Scripted(
        lambda r: (
            f"{r.agent}: {r.messages[0].content} {r.purpose} {r.max_tokens} {r.temperature}"
        )
    )
    room = ComparisonSession(
        engine, [ANN, AgentId("bob@3")], VoteStore(tmp_path), "me", 0, 9, 0.5, told
    )
    assert set(room.ask("who?").texts) == {
        "ann: Be brief. play 9 0.5",
        "bob@3: Be long. play 9 0.5",
    }


def test_the_same_person_and_seed_get_the_same_agents(tmp_path: Path) -> None:
    for name in ("a", "b", "c"):
        (tmp_path / name).mkdir()
    first, again, other = (
        [
            p[1:3]
            for p in (
                ComparisonSession(
                    Scripted(str), [ANN, BOB, CAT], VoteStore(tmp_path / d), who
                ).ask("?")
                for _ in "12345"
            )
        ]
        for d, who in (("a", "me"), ("b", "me"), ("c", "you"))
    )
    assert first == again
    assert len({tuple(first), tuple(other)}) <= 2


def test_the_least_compared_agents_come_next_in_random_order(
    tmp_path: Path,
) -> None:
    room = salon(tmp_path)
    seen = []
    for _ in range(30):
        pair = room.ask("who?")
        room.record(pair, "tie")
        seen.append((pair.first, pair.second))
    counts = {a: sum(a in pair for pair in seen) for a in (ANN, BOB, CAT)}
    assert set(counts.values()) == {20}
    assert set(Counter(frozenset(pair) for pair in seen).values()) == {10}
    assert any(a > b for a, b in seen)
    assert any(a < b for a, b in seen)


def test_a_comparison_needs_two_agents_and_a_question(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="two agents are needed"):
        salon(tmp_path, (ANN,))
    with pytest.raises(UserError, match="an empty question"):
        salon(tmp_path).ask("  ")


def answers(*texts: str) -> list[Answer]:
    return [Answer(PROBLEM, text, ANN, 0) for text in texts]


def test_a_persons_verdict_counts_once_it_exists_and_the_fallback_until_then(
    tmp_path: Path,
) -> None:
    human = HumanRater(
        "async", RatingQueue(tmp_path, now=iter(range(9)).__next__), per_answer(exact)
    )
    assert [v.score for v in human(answers("Answer: 7", "Answer: 8"))] == [1, 0]
    with VoteStore(tmp_path) as people:
        waiting = people.grades(waiting=True)
        assert [(g.prompt, g.text, g.known) for g in waiting] == [
            (PROBLEM.prompt, "Answer: 7", "7"),
            (PROBLEM.prompt, "Answer: 8", "7"),
        ]
        people.grade(waiting[1]._replace(score=0.4), "me")
    found = human(answers("Answer: 7", "Answer: 8"))
    assert [v.score for v in found] == [1, 0.4]
    assert found[1].reason == "a person's verdict"
    assert [
        v.score
        for v in HumanRater("off", RatingQueue(tmp_path), per_answer(exact))(
            answers("Answer: 8")
        )
    ] == [0]


def test_a_blocking_run_waits_for_all_grades_and_says_so_once(tmp_path: Path) -> None:
    told: list[str] = []

    def a_person(run: Path) -> None:
        with VoteStore(run) as people:
            for grade in people.grades(waiting=True)[:1]:
                people.grade(grade._replace(score=1.0), "me")

    human = HumanRater("wait", RatingQueue(tmp_path, attend=a_person), None, told.append)
    assert [v.score for v in human(answers("a", "b", "a"))] == [1, 1, 1]
    assert told == [f"2 answers wait for a person: docendo chat {tmp_path} --grade"]
    assert [v.score for v in human(answers("b"))] == [1]
    assert len(told) == 1


def test_a_dry_run_without_a_folder_uses_no_human_raters() -> None:
    found = HumanRater("wait", RatingQueue(), None)(answers("Answer: 7"))
    assert found == [Verdict(0.0, "no person has graded it")]
    assert [
        v.score
        for v in HumanRater("wait", RatingQueue(), per_answer(exact))(answers("Answer: 7"))
    ] == [1]


def test_reading_a_run_asks_people_for_no_grades(tmp_path: Path) -> None:
    reader = HumanRater("wait", RatingQueue(tmp_path, asks=False), per_answer(exact))
    assert [v.score for v in reader(answers("Answer: 7"))] == [1]
    assert list(tmp_path.iterdir()) == []
    with VoteStore(tmp_path) as people:
        people.grade(Grade(PROBLEM.key, PROBLEM.prompt, "Answer: 7", 0.3), "me")
    assert [v.score for v in reader(answers("Answer: 7", "Answer: 8"))] == [0.3, 0]
    with VoteStore(tmp_path) as people:
        assert people.grades(waiting=True) == []


def test_a_round_that_is_played_again_is_judged_as_it_was(tmp_path: Path) -> None:
    """Whatever was said in between: a resumed run ends like one that was never stopped."""
    moment = 3
    human = HumanRater(
        "async", RatingQueue(tmp_path, now=lambda: moment), per_answer(exact)
    )
    before = human(answers("Answer: 7", "Answer: 8"))
    with VoteStore(tmp_path) as people:
        for grade in people.grades(waiting=True):
            people.grade(grade._replace(score=0.5), "me")
    assert human(answers("Answer: 7", "Answer: 8")) == before
    assert [v.score for v in human(answers("Answer: 7"))] == [0.5]  # another batch
    moment = 4
    assert [v.score for v in human(answers("Answer: 7", "Answer: 8"))] == [0.5, 0.5]
    moment = 3
    assert human(answers("Answer: 7", "Answer: 8")) == before


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


def test_the_rating_queue_is_bounded(tmp_path: Path) -> None:
    human = HumanRater("async", RatingQueue(tmp_path), per_answer(exact))
    human(answers(*map(str, range(500))))
    with VoteStore(tmp_path) as people:
        assert len(people.grades(waiting=True)) == 200
        people.grade(Grade(PROBLEM.key, PROBLEM.prompt, "new", 0.5), "me")
        assert len(people.grades(waiting=False)) == 1
