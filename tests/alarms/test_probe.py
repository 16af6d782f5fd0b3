import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from docendo.alarms.probe import Plan, Probed, candidates, choices, given_away, hints, probed
from docendo.alarms.words import tokens, within
from docendo.build import PROCEDURAL
from docendo.interfaces import Source
from docendo.records import BASE, AgentId, Episode, Request
from tests.alarms.planters import Case, episode, honest, leaking, lesson_of, said
from tests.toys import Scripted
from tests.toys import said as prompt_of

ANN = AgentId("ann")


@dataclass(frozen=True)
class Toy:
    engine: Scripted
    sources: Mapping[str, Source] = field(default_factory=lambda: dict(PROCEDURAL))


def reads(request: Request) -> str:
    """Chooses what stands in the lesson, else by the seed."""
    assert request.grammar
    offered, lesson = json.loads(request.grammar.text), tokens(request.messages[-2].content)
    there = [choice for choice in offered if within(tokens(choice), lesson)]
    return sorted(there or offered)[request.seed % len(there or offered)]


def episodes(cases: Iterable[Case]) -> list[Episode]:
    return [episode(c.text, c.own, c.test) for c in cases if c.test.domain in PROCEDURAL]


def test_a_lesson_that_tells_the_answer_is_told_from_one_that_teaches() -> None:
    told, taught = episodes(leaking(100, 5, [said])), episodes(honest(200, 5))
    leaks, clean = (probed(Toy(Scripted(reads)), some, Plan(100, 8), 1) for some in (told, taught))
    assert hints(leaks)["alarm/hint/ann"] >= 0.7
    assert hints(clean)["alarm/hint/ann"] <= 0.05


def test_the_choice_is_between_the_tests_answer_and_others_that_are_not_the_lessons() -> None:
    (case,) = leaking(1, 0, [said])
    offered = choices(PROCEDURAL[case.own.domain], episode(case.text, case.own, case.test), 0)
    assert offered[0] == case.test.answer
    assert case.own.answer not in offered
    assert 1 < len(offered) == len(set(offered)) <= 8


def test_the_base_sees_the_lesson_and_not_the_question() -> None:
    (case,) = leaking(1, 0, [said])
    engine = Scripted(reads)
    probed(Toy(engine), [episode(case.text, case.own, case.test)], Plan(4, 3), 0)
    assert len(engine.requests) == 6
    assert len({r.seed for r in engine.requests}) == 6
    for request in engine.requests:
        assert (request.agent, request.purpose) == (BASE, "probe")
        assert any(text in prompt_of(request) for text in (case.text, case.own.worked))
        assert case.test.prompt not in prompt_of(request)


def test_lessons_that_were_not_shown_or_have_the_tests_answer_themselves_are_not_probed() -> None:
    (case,) = leaking(1, 0, [said])
    same = episode(case.own.worked, case.own, case.own)
    stopped = episode(case.text, case.own, case.test)
    unshown = Episode(1, stopped.match, stopped.test, lesson_of(case.text, case.own, score=0.0), (), (), 0.0)
    assert candidates([same, unshown], 9, 0) == []
    assert candidates([stopped], 9, 0) == [stopped]
    assert candidates([stopped, stopped], 1, 0) == [stopped]


def test_a_lesson_gives_its_test_away_where_that_is_chosen_more_often_than_after_the_worked_solution() -> None:
    assert given_away(Probed(ANN, 6, 0, 8, 8))
    assert not given_away(Probed(ANN, 3, 0, 8, 8))
    assert not given_away(Probed(ANN, 6, 4, 8, 8))
    assert not given_away(Probed(ANN, 6, 0, 8, 2))
    assert given_away(Probed(ANN, 8, 0, 8, 2))
    assert hints([]) == {}
