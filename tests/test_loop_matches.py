"""Matches that teach nothing: how they are counted and replaced."""

from dataclasses import replace

from docendo.loop import count_idle_matches
from docendo.records import (
    Request,
    TaskType,
    TeachingOption,
    by_match,
)
from docendo.school import Expert
from tests.school_toys import BOOK, FAMILIES, RULES, SCHEDULE, helped, make, taught
from tests.toys import (
    ANN,
    CAT,
    Few,
    Sums,
    episode,
    lesson,
    pay,
    problem,
    right,
    wrong,
)


def wrong_lessons(request: Request) -> str:
    return wrong(request) if request.purpose == "lesson" else right(request)


def test_answers_saved_by_the_gate_pay_for_replacement_matches() -> None:
    plain, refilled = (
        make(wrong_lessons, schedule=replace(SCHEDULE, resample_zero_variance=refill))
        for refill in (False, True)
    )
    (before,), (after,) = taught(plain, rounds=1), taught(refilled, rounds=1)
    assert before.metrics["matches"] == 8
    # no lesson passes, so a match costs 3 lessons and 3 controls instead of 21 answers: 168 - 48 = 120 are left for 5
    # more matches, then 90 for 4, and so on
    assert after.metrics["matches"] == 8 + 5 + 4 + 3 + 2 + 1 + 1 + 1
    sampled = [
        r
        for batch in refilled.classroom.engine.batches
        for r in batch
        if r.purpose != "practice"
    ]
    assert len(sampled) <= 8 * RULES.answers


def test_a_match_without_reward_variance_is_idle() -> None:
    school, stopped = make(), lesson(0)
    useful_to_student = [episode((1, 0), test=1), episode((1, 0), test=1)]
    shown, hidden = episode((1, 1), test=2), episode((), lesson=stopped, test=2)
    useful_to_teacher = [
        shown,
        replace(hidden, lesson=replace(stopped, problems=shown.lesson.problems)),
    ]
    idle = [
        episode((0, 0), test=3),
        episode((0, 0), test=3),
        episode((), lesson=stopped, test=4),
    ]
    assert [
        count_idle_matches(school, pay(x))
        for x in (useful_to_student, useful_to_teacher, idle, [])
    ] == [0, 0, 2, 0]
    assert (
        count_idle_matches(school, pay([*useful_to_student, *useful_to_teacher, *idle]))
        == 2
    )
    by_the_book = [
        replace(e, match=e.match._replace(teacher=BOOK)) for e in useful_to_teacher
    ]
    assert count_idle_matches(school, pay(by_the_book)) == 1, (
        "an oracle learns nothing, however its lessons differ"
    )


def test_a_match_repeated_in_a_round_counts_as_two() -> None:
    few = [problem(n) for n in range(2)]
    sources = {"sums": Few(few), "plums": Sums("plums", FAMILIES)}
    courses = [TeachingOption(TaskType("sums", "small", 1), (ANN,), (CAT,))]
    school = make(
        lambda r: f"{r.seed}: {helped(r)}",
        teaching_options=courses,
        experts=[Expert(ANN, [TaskType("sums", "small", 1)]), Expert(CAT)],
    )
    room = replace(school.classroom, sources=sources)
    for r in taught(replace(school, classroom=room), rounds=3):
        assert r.metrics["matches"] == 8, (
            "of two problems one teaches and the other tests, eight times"
        )
        assert len(by_match(r.episodes)) == 8
