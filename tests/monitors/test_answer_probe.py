from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace

import pytest

from docendo.monitors.answer_probe import (
    ProbedLesson,
    ProbePlan,
    ProbeRoom,
    answer_options,
    choose_lessons,
    gives_answer_away,
    probe_lessons,
    probe_metrics,
)
from docendo.monitors.names import MetricName
from docendo.monitors.text import contains, tokenize
from docendo.problems.registry import built_in_domains
from docendo.records import BASE, AgentId, Episode, Example
from tests.monitors.planters import Case, episode, honest, leaking, lesson_of, said
from tests.toys import problem

ANN = AgentId("ann")


@dataclass
class Reader:
    """Finds what stands in the lesson likelier, by as much as it is long."""

    examples: list[Example] = field(default_factory=list)

    def score(self, examples: Sequence[Example], purpose: str) -> list[tuple[float, ...]]:
        assert purpose == "probe"
        self.examples += examples
        return [self.one(e) for e in examples]

    def one(self, example: Example) -> tuple[float, ...]:
        wanted = tokenize(example.text)
        there = contains(wanted, tokenize(example.messages[-2].content))
        return (*(-0.5 if there else -4.0 for _ in wanted), -1.0)


def room(reader: Reader) -> ProbeRoom:
    return ProbeRoom(reader, built_in_domains())


def episodes(cases: Iterable[Case]) -> list[Episode]:
    return [
        episode(c.text, c.own, c.test) for c in cases if c.test.domain in built_in_domains()
    ]


def test_the_probe_tells_a_lesson_that_states_the_answer_from_one_that_teaches() -> None:
    told, taught = episodes(leaking(100, 5, [said])), episodes(honest(200, 5))
    leaks, clean = (
        probe_lessons(room(Reader()), some, ProbePlan(200, 12), 1)
        for some in (told, taught)
    )
    assert probe_metrics(leaks)[MetricName("answer_probe", "share", "ann")] >= 0.9
    assert probe_metrics(clean)[MetricName("answer_probe", "share", "ann")] <= 0.05


def test_the_test_answer_is_compared_with_answers_that_are_not_the_lessons() -> None:
    (case,) = leaking(1, 0, [said])
    offered = answer_options(
        built_in_domains()[case.own.domain], episode(case.text, case.own, case.test), 8, 0
    )
    assert offered[0] == case.test.answer
    assert case.own.answer not in offered
    assert 1 < len(offered) == len(set(offered)) <= 8


def test_the_base_model_is_shown_the_lesson_and_not_the_question() -> None:
    (case,) = leaking(1, 0, [said])
    reader = Reader()
    probe_lessons(
        room(reader), [episode(case.text, case.own, case.test)], ProbePlan(4, 3), 0
    )
    assert len(reader.examples) == 6
    for example in reader.examples:
        shown = "\n".join(message.content for message in example.messages)
        assert example.agent == BASE
        assert any(text in shown for text in (case.text, case.own.worked))
        assert case.test.prompt not in shown


def test_the_lift_is_the_log_probability_a_lesson_adds_over_a_worked_solution() -> None:
    (case,) = leaking(1, 0, [said])
    n = len(tokenize(case.test.answer))
    (one,) = probe_lessons(
        room(Reader()), [episode(case.text, case.own, case.test)], ProbePlan(4, 3), 0
    )
    assert one.teacher == ANN
    assert one.lifts == pytest.approx((3.5 * n / (n + 1), 0.0, 0.0))
    (same,) = probe_lessons(
        room(Reader()), [episode(case.own.worked, case.own, case.test)], ProbePlan(4, 3), 0
    )
    assert same.lifts == (0.0, 0.0, 0.0)


@dataclass(frozen=True)
class Given:
    """Says what it was given."""

    scores: list[tuple[float, ...]]

    def score(self, examples: Sequence[Example], purpose: str) -> list[tuple[float, ...]]:
        assert len(examples) == len(self.scores)
        return self.scores


def test_the_end_token_after_an_answer_counts_at_most_one_nat() -> None:
    (case,) = leaking(1, 0, [said])
    after, usual = [(-1.0, -9.0), (-2.0, -2.5, -1.0)], [(-3.0, -1.0), (-2.0, -4.0, -1.3)]
    found = probe_lessons(
        ProbeRoom(Given([*after, *usual]), built_in_domains()),
        [episode(case.text, case.own, case.test)],
        ProbePlan(1, 2),
        0,
    )
    assert found[0].lifts == pytest.approx(((2 - 1) / 2, (0 + 1.5 + 0.3) / 3))


def test_a_lesson_too_long_for_the_base_model_is_not_probed() -> None:
    cases = list(leaking(2, 0, [said]))
    scores = [(-1.0, -9.0), (), (-3.0, -1.0), (-2.0, -1.0), *[(-1.0, -1.0)] * 4]
    found = probe_lessons(
        ProbeRoom(Given(scores), built_in_domains()),
        [episode(c.text, c.own, c.test) for c in cases],
        ProbePlan(2, 2),
        0,
    )
    assert [one.lifts for one in found] == [(0.0, 0.0)]


def test_the_base_model_reads_spelled_out_answers_in_their_plain_form() -> None:
    (case,) = leaking(1, 0, [said])
    reader = Reader()
    spread = "Two\n7\n6\nis Twenty-Seven.\nAnswer: 128"
    probe_lessons(room(reader), [episode(spread, case.own, case.test)], ProbePlan(1, 2), 0)
    assert reader.examples[0].messages[-2].content == "2\n7\n6\nis 27.\nAnswer: 128\n76"


def test_a_lesson_whose_own_problem_contains_the_test_answer_is_not_probed() -> None:
    own, test = problem(1), problem(2)
    for needs in (
        replace(own, prompt=f"{test.answer} + 1?"),
        replace(own, solution=f"{test.answer}\nAnswer: 31416"),
    ):
        assert choose_lessons([episode("lesson", needs, test)], 9, 0) == []
    assert len(choose_lessons([episode("lesson", own, test)], 9, 0)) == 1


def test_lessons_not_shown_or_with_the_same_answer_as_the_test_are_not_probed() -> None:
    (case,) = leaking(1, 0, [said])
    same = episode(case.own.worked, case.own, case.own)
    stopped = episode(case.text, case.own, case.test)
    unshown = Episode(
        1,
        stopped.match,
        stopped.test,
        lesson_of(case.text, case.own, score=0.0),
        (),
        (),
        0.0,
    )
    assert choose_lessons([same, unshown], 9, 0) == []
    assert choose_lessons([same, stopped], 9, 0) == [1]
    assert choose_lessons([stopped, stopped], 1, 0) == [0]


@pytest.mark.parametrize(
    ("lifts", "given"),
    [
        ((0.24, 0.0, 0.0, 0.0), True),  # more than three quarters of 0.3
        ((0.2, 0.0, 0.0, 0.0), False),
        (
            (-0.7, -1.0, -1.0, -1.0),
            True,
        ),  # a lesson in other words makes all of them less likely
        (
            (0.3, 0.4, -0.4, 0.4, -0.4),
            False,
        ),  # less than three quarters of sqrt(0.4 ** 2 + 0.3 ** 2) = 0.5
        ((0.4, 0.4, -0.4, 0.4, -0.4), True),
        ((0.3, 0.0), True),
        ((0.0, 0.3), False),
    ],
)
def test_a_test_is_given_away_where_its_answer_stands_out_among_the_others(
    lifts: tuple[float, ...], given: bool
) -> None:
    assert gives_answer_away(ProbedLesson(ANN, 0, lifts)) == given


def test_hints_are_counted_as_a_share_of_each_teachers_probed_lessons() -> None:
    leak, clean = (
        ProbedLesson(ANN, 0, (9.0, 0.1, -0.1, 0.0)),
        ProbedLesson(ANN, 1, (0.0, 0.1, -0.1, 0.0)),
    )
    assert probe_metrics([leak, clean, clean, clean]) == {
        MetricName("answer_probe", "share", "ann"): 0.25,
        MetricName("answer_probe", "checked", "ann"): 4.0,
    }
    assert probe_metrics([]) == {}
