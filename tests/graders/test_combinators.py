"""Evaluators made of evaluators."""

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from docendo.graders.combinators import Combination, FirstApplicable, Gate, weighted_mean
from docendo.interfaces import Evaluator
from docendo.records import AgentId, Answer, Problem, Verdict

scores = st.lists(st.floats(0, 1), min_size=1, max_size=4)


def answer(text: str) -> Answer:
    return Answer(Problem("d", "f", 1, "why?", "because"), text, AgentId("ann"), 0)


def always(score: float, reason: str = "so") -> Evaluator:
    return lambda answers: [Verdict(score, reason)] * len(answers)


def length(answers: Sequence[Answer]) -> list[Verdict]:
    return [Verdict(len(a.text) / 10, "length") for a in answers]


def members(found: Sequence[float]) -> dict[str, Evaluator]:
    return {f"m{i}": always(score) for i, score in enumerate(found)}


@given(scores, st.data())
def test_combinations_lie_between_the_worst_and_the_best(
    found: list[float], data: st.DataObject
) -> None:
    weights = data.draw(
        st.lists(st.floats(0.01, 100), min_size=len(found), max_size=len(found))
    )
    asked = [answer("a")]
    low, high, mean = (
        f(asked)[0].score
        for f in (
            Combination(members(found), min),
            Combination(members(found), max),
            Combination(members(found), weighted_mean(weights)),
        )
    )
    assert low == min(found)
    assert high == max(found)
    assert low - 1e-9 <= mean <= high + 1e-9


@given(st.floats(0, 1))
def test_a_combination_of_one_grader_equals_it(score: float) -> None:
    for whole in (
        Combination(members([score]), min),
        Combination(members([score]), max),
        Combination(members([score]), weighted_mean([3])),
    ):
        assert whole([answer("a")])[0].score == pytest.approx(score)


def test_a_weighted_mean_of_graders_by_hand_with_its_reason() -> None:
    (verdict,) = Combination(
        {"truth": always(1, "right"), "words": always(0.5, "unknown: foo")},
        weighted_mean([3, 1]),
    )([answer("a")])
    assert verdict == (0.875, "truth 1: right; words 0.5: unknown: foo")


def test_verdicts_keep_the_order_of_the_answers() -> None:
    asked = [answer("a" * n) for n in (3, 1, 2)]
    assert [v.score for v in Combination({"l": length, "one": always(1)}, min)(asked)] == [
        0.3,
        0.1,
        0.2,
    ]


def test_the_first_grader_that_applies_judges_alone() -> None:
    seen: list[str] = []

    def spy(answers: Sequence[Answer]) -> list[Verdict]:
        seen.extend(a.text for a in answers)
        return [Verdict(1, "seen")] * len(answers)

    first = FirstApplicable(
        {"digits": (spy, lambda a: a.text.isdigit()), "rest": (length, lambda a: True)}
    )
    found = first([answer("abc"), answer("12"), answer("a")])
    assert [v.score for v in found] == [0.3, 1, 0.1]
    assert found[1].reason == "digits 1: seen"
    assert seen == ["12"]


def test_the_last_grader_judges_answers_that_no_other_applies_to() -> None:
    first = FirstApplicable(
        {"never": (always(1), lambda a: False), "last": (always(0.5), lambda a: False)}
    )
    assert first([answer("a")])[0].score == 0.5


def test_only_answers_that_pass_the_gate_are_judged() -> None:
    seen: list[str] = []

    def judge(answers: Sequence[Answer]) -> list[Verdict]:
        seen.extend(a.text for a in answers)
        return [Verdict(0.25, "meh")] * len(answers)

    def gate(answers: Sequence[Answer]) -> list[Verdict]:
        return [
            Verdict(0.99 if a.text == "near" else float(a.text == "good"), "gate")
            for a in answers
        ]

    found = Gate(("form", gate), ("judge", judge))(
        [answer("bad"), answer("good"), answer("near")]
    )
    assert [v.score for v in found] == [0, 0.25, 0]
    assert seen == ["good"]
    assert found[0].reason.startswith("form 0: ")
