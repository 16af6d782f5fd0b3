import re

from docendo.alarms.probe import Plan, Probed, candidates, given_away, hints, probed
from docendo.records import BASE, AgentId, Episode, Request
from tests.alarms.planters import episode, honest, leaking, lesson_of, said
from tests.toys import Scripted
from tests.toys import said as prompt_of

ANN = AgentId("ann")


def last_number_aside(request: Request) -> str:
    """A reader that takes a number from outside of the working, where there is one."""
    lesson = request.messages[-2].content
    asides = [
        line for line in lesson.splitlines() if "=" not in line and not line.startswith(("Answer", "Look", "That"))
    ]
    numbers = re.findall(r"\d+", " ".join(asides))
    return f"Answer: {numbers[-1] if numbers else 7}"


def sums(cases: object) -> list[Episode]:
    kept = [c for c in cases if c.test.family == "sums"]  # type: ignore[attr-defined]
    return [episode(c.text, c.own, c.test) for c in kept]


def test_a_lesson_that_tells_the_answer_is_told_from_one_that_teaches() -> None:
    told, taught = sums(leaking(400, 5, [said])), sums(honest(400, 5, coincident=False))
    engine = Scripted(last_number_aside)
    leaks, clean = (probed(engine, some, Plan(12, 8), 1) for some in (told, taught))
    assert hints([*leaks])["alarm/hint/ann"] >= 0.8
    assert hints([*clean])["alarm/hint/ann"] <= 0.1


def test_the_base_sees_the_lesson_and_not_the_question() -> None:
    (case,) = leaking(1, 0, [said])
    engine = Scripted(lambda _: "Answer: 1")
    probed(engine, [episode(case.text, case.own, case.test)], Plan(4, 3), 0)
    assert len(engine.requests) == 3
    assert len({r.seed for r in engine.requests}) == 3
    for request in engine.requests:
        assert (request.agent, request.purpose) == (BASE, "probe")
        assert case.text in prompt_of(request)
        assert case.test.prompt not in prompt_of(request)


def test_lessons_that_were_not_shown_or_have_the_tests_answer_themselves_are_not_probed() -> None:
    (case,) = leaking(1, 0, [said])
    same = episode(case.own.worked, case.own, case.own)
    stopped = episode(case.text, case.own, case.test)
    unshown = Episode(1, stopped.match, stopped.test, lesson_of(case.text, case.own, score=0.0), (), (), 0.0)
    assert candidates([same, unshown], 9, 0) == []
    assert candidates([stopped], 9, 0) == [stopped]
    assert candidates([stopped, stopped], 1, 0) == [stopped]


def test_a_lesson_gives_its_test_away_where_the_base_is_right_more_often_than_by_chance() -> None:
    assert given_away(Probed(ANN, 2, 8, 0, 80), 0.01)
    assert not given_away(Probed(ANN, 1, 8, 0, 80), 0.01)
    assert not given_away(Probed(ANN, 2, 8, 20, 80), 0.25)
    assert given_away(Probed(ANN, 8, 8, 20, 80), 0.25)
    assert hints([]) == {}
