"""The dense gain on toys: what it is measured on, and which lessons it chooses."""

from collections.abc import Sequence
from dataclasses import replace

import pytest

from docendo.records import AgentId, Example, Lesson, Problem, Request, Trial
from docendo.teaching.dense_gain import choose_lessons, try_lessons
from docendo.teaching.game import play_matches
from tests.teaching.toys import Known, Likes, helped
from tests.toys import (
    Few,
    classroom,
    lesson,
    match,
    problem,
    right,
    said,
    teaching_rules,
    wrong,
)


def mixed(request: Request) -> str:
    """Of the lessons a third is wrong, a third says how to carry, and a third only answers."""
    if request.purpose != "lesson":
        return helped(request)
    carrying = right(request)
    return (wrong(request), carrying, carrying.splitlines()[1])[request.seed % 3]


def says_carry(shown: Lesson) -> bool:
    return "carry" in shown.examples[0].completion.text


def test_the_dense_gain_is_the_log_probability_after_the_lesson_minus_without() -> None:
    scorer = Likes(("carry", "muddle", "the one"))
    room = classroom(helped, scorer=scorer)
    (trials,) = try_lessons(room, [match()], [[lesson(1, text="carry the one")]], seed=1)
    assert trials[0] is not None
    assert trials[0].gain == 2.0
    plain, after = scorer.examples
    assert plain.text == after.text == trials[0].problem.worked
    assert {plain.agent, after.agent} == {match().student}
    assert scorer.purposes == {"dense_gain"}


def test_a_lesson_that_the_gate_stopped_is_not_scored() -> None:
    scorer = Likes()
    room = classroom(helped, scorer=scorer)
    (trials,) = try_lessons(room, [match()], [[lesson(0), lesson(1)]], seed=1)
    assert trials[0] is None
    assert trials[1] is not None
    assert len(scorer.examples) == 2

    ungated = classroom(helped, teaching_rules(gate=False), scorer=scorer)
    (trials,) = try_lessons(ungated, [match()], [[lesson(0), lesson(1)]], seed=1)
    assert None not in trials


def test_nothing_is_scored_where_nobody_scores() -> None:
    episodes = play_matches(classroom(helped), 0, [match()], Known(), seed=1)
    assert [e.dense_gain for e in episodes] == [None, None]


def test_the_trial_is_neither_taught_nor_tested_and_is_in_no_prompt() -> None:
    for seed in range(20):
        sources = {"sums": Few(list(map(problem, range(3))))}
        room = classroom(helped, scorer=Likes(), sources=sources)
        for e in play_matches(room, 0, [match()], Known(), seed):
            assert e.trial is not None
            assert len({e.trial.problem, e.test, *e.lesson.problems}) == 3
            prompts = [said(r) for r in room.engine.requests]
            assert not any(e.trial.problem.prompt in prompt for prompt in prompts)


def test_what_does_not_fit_the_model_has_no_dense_gain() -> None:
    class Short(Likes):
        def score(
            self, examples: Sequence[Example], purpose: str
        ) -> list[tuple[float, ...]]:
            return [() for _ in examples]

    room = classroom(helped, scorer=Short())
    assert try_lessons(room, [match()], [[lesson(1)]], seed=1) == [[None]]


@pytest.mark.parametrize(
    ("solved", "used"), [([1, 2], {problem(2)}), ([1], set()), ([1, 4], {problem(4)})]
)
def test_where_solutions_are_few_a_trial_uses_no_other(
    solved: list[int], used: set[Problem]
) -> None:
    few = {match().task_type: list(map(problem, solved))}
    room = classroom(helped, scorer=Likes(), solved_problems=few)
    (trials,) = try_lessons(room, [match()], [[lesson(1, first=1)]], seed=5)
    assert {trial.problem for trial in trials if trial} == used


def test_a_problem_without_a_right_answer_makes_no_trial() -> None:
    unknown = [replace(problem(n), answer="", solution="") for n in range(2)]
    room = classroom(helped, scorer=Likes(), sources={"sums": Few(unknown)})
    taught = Lesson((problem(7),), lesson(1).examples)
    assert try_lessons(room, [match()], [[taught]], seed=1) == [[None]]


def test_the_lessons_with_the_highest_dense_gain_are_shown_in_their_order() -> None:
    room = classroom(helped)
    lessons = [lesson(1), lesson(0), lesson(1), lesson(1), lesson(1)]
    gains = [0.1, None, 0.4, 0.1, 0.2]
    trials = [None if gain is None else Trial(problem(), gain) for gain in gains]
    assert choose_lessons(room, lessons, trials) == [2, 4]
    assert choose_lessons(room, lessons, [*trials[:4], None]) == [0, 2]
    assert choose_lessons(room, lessons, [None] * 5) == [0, 2]
    assert choose_lessons(room, lessons[:2], trials[:2]) == [0]


def test_attempts_are_spent_on_the_chosen_lessons_alone() -> None:
    rules = teaching_rules(lessons=2, candidates=9)
    for seed in range(5):
        room = classroom(mixed, rules, scorer=Likes())
        matches = [match(), match(AgentId("cat"))]
        episodes = play_matches(room, 0, matches, Known(), seed)
        assert len(episodes) == 18
        for of_match in (episodes[:9], episodes[9:]):
            right_lessons = [e for e in of_match if e.lesson.passed]
            best = [e for e in right_lessons if says_carry(e.lesson)][:2]
            assert {id(e) for e in best} <= {id(e) for e in of_match if e.attempts}
            dropped = [e for e in of_match if e.is_dropped]
            assert len(dropped) == max(0, len(right_lessons) - 2)
