"""People's verdicts in a run: waited for, used where they exist, or not asked for."""

from pathlib import Path

from docendo.graders.answer import exact, per_answer
from docendo.humans.rating import HumanRater, RatingQueue
from docendo.humans.votes import Grade, VoteStore
from docendo.records import AgentId, Answer, Problem, Verdict

ANN = AgentId("ann")
PROBLEM = Problem("d", "f", 1, "What is 3 + 4?", "7")


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
        assert [(g.prompt, g.text, g.right_answer) for g in waiting] == [
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


def test_the_rating_queue_is_bounded(tmp_path: Path) -> None:
    human = HumanRater("async", RatingQueue(tmp_path), per_answer(exact))
    human(answers(*map(str, range(500))))
    with VoteStore(tmp_path) as people:
        assert len(people.grades(waiting=True)) == 200
        people.grade(Grade(PROBLEM.key, PROBLEM.prompt, "new", 0.5), "me")
        assert len(people.grades(waiting=False)) == 1
