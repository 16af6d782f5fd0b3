from dataclasses import replace

import pytest

from docendo.errors import UserError
from docendo.teaching.game import play_matches
from tests.teaching.toys import Known, helped
from tests.toys import (
    ANN,
    BOB,
    CAT,
    Few,
    classroom,
    match,
    problem,
    right,
    teaching_rules,
)

THREE = [match(ANN, BOB), match(ANN, CAT), match(CAT, BOB)]


@pytest.mark.parametrize(
    "setting",
    [
        {"lessons": 1},
        {"examples": 0},
        {"examples": 4},
        {"attempts": 0},
        {"control_attempts": 0},
    ],
    ids=str,
)
def test_teaching_rules_without_lessons_attempts_or_controls_are_refused(
    setting: dict[str, int],
) -> None:
    with pytest.raises(
        UserError, match=f"{next(iter(setting))}={next(iter(setting.values()))}"
    ):
        teaching_rules(**setting)


def test_only_the_teacher_reads_a_hint_and_only_for_its_lesson() -> None:
    problems = [replace(problem(n), hints=f"Carry twice in {n}.") for n in (1, 2)]
    room = classroom(right, sources={"sums": Few(problems)})
    play_matches(room, 0, [match()], Known(), seed=1)
    for request in room.engine.requests:
        question = request.messages[-1].content
        assert ("\nHint: Carry twice in" in question) == (request.purpose == "lesson")
        assert not any("Hint:" in message.content for message in request.messages[:-1])


def test_every_agent_keeps_its_own_system_prompt() -> None:
    room = classroom(helped)
    play_matches(room, 0, THREE, Known(), seed=1)
    for request in room.engine.requests:
        assert request.messages[0].content == f"You are {request.agent}."
    assert {(r.agent, r.purpose) for r in room.engine.requests} == {
        (ANN, "lesson"),
        (CAT, "lesson"),
        (BOB, "control"),
        (CAT, "control"),
        (BOB, "attempt"),
        (CAT, "attempt"),
    }


def test_three_examples_are_three_earlier_turns_in_the_teachers_words() -> None:
    room = classroom(helped, teaching_rules(examples=3))
    e, *_ = play_matches(room, 0, [match()], Known(), seed=1)
    shown = next(r for r in room.engine.requests if r.purpose == "attempt")
    assert [m.role for m in shown.messages] == [
        "system",
        *["user", "assistant"] * 3,
        "user",
    ]
    assert [m.content for m in shown.messages[1::2]] == [
        *(p.prompt for p in e.lesson.problems),
        e.test.prompt,
    ]
    assert [m.content for m in shown.messages[2::2]] == [
        a.completion.text for a in e.lesson.examples
    ]
