from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from docendo.records import Request
from docendo.teaching.classroom import Classroom, LessonOptions
from docendo.teaching.game import play_matches
from docendo.teaching.lessons import choose_different
from tests.teaching.toys import Known, Likes, by_first_line, helped
from tests.toys import (
    ANN,
    BOB,
    BY_THE_BOOK,
    CAT,
    Few,
    classroom,
    match,
    problem,
    right,
    said,
    teaching_rules,
    wrong,
)

EVEN = {"10000", "10002", "10004"}
THREE = [match(ANN, BOB), match(ANN, CAT), match(CAT, BOB)]


def test_lessons_are_written_by_agents_and_never_copied_from_the_source() -> None:
    room = classroom(helped)
    play_matches(room, 0, THREE, Known(), seed=1)
    assert not any(BY_THE_BOOK in said(r) for r in room.engine.requests)


def asked_for_lessons(room: Classroom) -> list[Request]:
    return [r for r in room.engine.requests if r.purpose == "lesson"]


def hesitant(request: Request) -> str:
    """Bob alone cannot add even numbers; whoever writes a lesson is right."""
    if request.purpose == "lesson":
        return by_first_line(request)
    if request.purpose == "try":
        return right(request) if is_odd(request) else wrong(request)
    return helped(request)


def is_odd(request: Request) -> bool:
    return int(request.messages[1].content.split()[3]) % 2 == 1


def test_a_wrong_answer_is_corrected_and_a_right_one_is_no_matter() -> None:
    rules = teaching_rules(examples=2, options=LessonOptions(correction=True))
    sources = {"sums": Few([problem(n) for n in range(5)])}
    room = classroom(hesitant, rules, sources=sources)
    for e in play_matches(room, 0, [match()], Known(), seed=1):
        is_wrong = [t.verdict.score < 1 for t in e.lesson.tries]
        assert is_wrong == [p.prompt.split()[3] in EVEN for p in e.lesson.problems]
        assert e.lesson.mistakes == tuple(
            "muddle\nAnswer: 0" if x else "" for x in is_wrong
        )
        assert e.lesson.passed

    for request in asked_for_lessons(room):
        is_correction = len(request.messages) == 4
        assert is_correction != is_odd(request)
        if is_correction:
            roles = [m.role for m in request.messages]
            assert roles == ["system", "user", "assistant", "user"]
            assert request.messages[2].content == "muddle\nAnswer: 0"


def test_a_student_reads_its_mistake_and_then_the_correction() -> None:
    rules = teaching_rules(options=LessonOptions(correction=True))
    room = classroom(hesitant, rules, sources={"sums": Few([problem(2), problem(4)])})
    (e, *_) = play_matches(room, 0, [match()], Known(), seed=1)
    shown = next(r for r in room.engine.requests if r.purpose == "attempt")
    taught, mistake, again, correction, test = (m.content for m in shown.messages[1:])
    assert taught == again == e.lesson.problems[0].prompt
    assert test == e.test.prompt
    assert (mistake, correction) == (
        e.lesson.mistakes[0],
        e.lesson.examples[0].completion.text,
    )


def test_examples_that_differ_are_those_far_from_the_ones_chosen_before() -> None:
    prompts = ["abcdef", "abcdeg", "uvwxyz", "abcxyz", "abcdef!"]
    problems = [replace(problem(), prompt=prompt) for prompt in prompts]
    chosen = choose_different(problems, 3)
    assert [p.prompt for p in chosen] == ["abcdef", "uvwxyz", "abcxyz"]
    assert choose_different(problems[:2], 3) == tuple(problems[:2])


@given(
    st.lists(st.text(max_size=6), min_size=1, max_size=8, unique=True), st.integers(1, 3)
)
def test_examples_are_chosen_once_each_and_the_first_one_always(
    prompts: list[str], count: int
) -> None:
    problems = [replace(problem(), prompt=prompt) for prompt in prompts]
    chosen = choose_different(problems, count)
    assert chosen[0] == problems[0]
    assert len(set(chosen)) == len(chosen) == min(count, len(problems))


def test_a_source_of_few_problems_gives_what_it_has_to_choose_from() -> None:
    rules = teaching_rules(examples=2, options=LessonOptions(diverse=True))
    room = classroom(right, rules, sources={"sums": Few([problem(n) for n in range(4)])})
    for e in play_matches(room, 0, [match()], Known(), seed=1):
        assert len({e.test, *e.lesson.problems}) == 3


def test_a_teacher_is_told_in_words_what_its_student_can_do() -> None:
    rules = teaching_rules(options=LessonOptions(show_record=True))
    room = classroom(by_first_line, rules)
    play_matches(room, 0, [match()], Known(0.9, 20.0), seed=1)
    for request in asked_for_lessons(room):
        _, *record = request.messages[-1].content.splitlines()
        assert record[0] == "Your student, without help:"
        assert record[1] == "small, level 1: nearly always right"
        assert record[2] == "small, level 2: nearly always right"
    others = [r for r in room.engine.requests if r.purpose != "lesson"]
    assert not any("student" in said(r) for r in others)

    unknown = classroom(by_first_line, rules)
    play_matches(unknown, 0, [match()], Known(), seed=1)
    for request in asked_for_lessons(unknown):
        assert request.messages[-1].content.endswith("level 1: not tried yet")


def test_no_answer_to_a_test_or_a_trial_is_in_a_prompt_with_everything_on() -> None:
    everything = LessonOptions(*[True] * 4)
    rules = teaching_rules(examples=2, candidates=4, options=everything)
    for seed in range(5):
        room = classroom(by_first_line, rules, scorer=Likes())
        episodes = play_matches(room, 0, THREE, Known(0.3, 9.0), seed)
        told = [said(r) for r in room.engine.requests]
        for e in episodes:
            assert e.trial is not None
            answers = e.test.answer, e.trial.problem.answer
            assert not any(answer in text for answer in answers for text in told)
