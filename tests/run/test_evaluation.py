"""Held-out accuracy: greedy answers without a lesson."""

from collections.abc import Sequence

import pytest

from docendo.build.catalog import read_catalog
from docendo.config.load import Config
from docendo.errors import UserError
from docendo.records import Evaluation, Problem, Request, Verdict
from docendo.run.evaluation import (
    accuracies,
    evaluate,
    held_out_problems,
    warn_truncation,
    worked_lesson,
)
from tests.toys import ANN, BOB, BY_THE_BOOK, Few, Sums, classroom, problem, right, wrong


def evaluation(
    agent: str = ANN, score: float = 1.0, domain: str = "sums", split: str = "test"
) -> Evaluation:
    return Evaluation(0, agent, problem(domain=domain), "text", Verdict(score, ""), split)  # type: ignore[arg-type]


def test_held_out_problems_are_distinct_and_spread_over_the_task_types(
    league: Config,
) -> None:
    problems = held_out_problems(read_catalog(league), "letters", 6, seed=1)
    assert len({p.key for p in problems}) == 6
    assert {(p.family, p.level) for p in problems} == {("tor", 1)}


def test_every_agent_answers_its_problems_once_greedily_and_without_a_lesson() -> None:
    def script(request: Request) -> str:
        return right(request) if request.agent == ANN else wrong(request)

    room = classroom(script)
    exam = {ANN: [problem(1), problem(2)], BOB: [problem(1)]}
    found = evaluate(room, exam, round_index=4)

    assert [(e.round, e.agent, e.verdict.score) for e in found] == [
        (4, ANN, 1),
        (4, ANN, 1),
        (4, BOB, 0),
    ]
    requests = room.engine.requests
    assert {(r.temperature, r.purpose) for r in requests} == {(0.0, "evaluation")}
    assert {len(r.messages) for r in requests} == {2}, "the instruction and the question"


def test_accuracy_is_the_mean_score_by_agent_and_domain_on_the_test_split() -> None:
    rows = [
        evaluation(score=1.0),
        evaluation(score=0.0),
        evaluation(score=0.5),
        evaluation(BOB, 1.0, "plums"),
        evaluation(score=0.0, split="fresh"),
    ]
    assert accuracies(rows) == {(ANN, "sums"): 0.5, (BOB, "plums"): 1.0}
    assert accuracies([]) == {}


def solved(*lengths: int) -> list[Problem]:
    return [
        Problem("sums", "small", 1, f"{i}?", "1", "x" * length)
        for i, length in enumerate(lengths)
    ]


@pytest.mark.parametrize(
    ("lengths", "warned"),
    [
        ((5, 11, 11), ["2 of 3 worked solutions"]),
        ((5, 11), []),
        ((10, 10, 10), []),
        ((0, 0, 11), ["1 of 1 worked solutions"]),
        ((), []),
    ],
)
def test_a_domain_warns_where_over_half_of_its_solutions_are_too_long(
    lengths: Sequence[int], warned: list[str]
) -> None:
    found = warn_truncation(solved(*lengths), max_tokens=10, count_tokens=len)
    assert len(found) == len(warned)
    for warning, start in zip(found, warned, strict=True):
        assert warning.startswith(
            f"[domains.sums]: {start} are longer than max_tokens = 10"
        )


def test_a_worked_lesson_is_another_training_problem_of_the_task_type() -> None:
    lesson = worked_lesson(Sums(), problem(3), seed=7)
    (shown,) = lesson.problems
    assert (shown.family, shown.level) == ("small", 1)
    assert shown.key != problem(3).key
    assert lesson.examples[0].completion.text.startswith(BY_THE_BOOK)
    assert lesson.examples[0].verdict.score == 1


def test_a_worked_lesson_needs_a_worked_solution() -> None:
    bare = Few([Problem("sums", "small", 1, "1 + 1?", "2")])
    with pytest.raises(
        UserError, match="sums/small has problems without a worked solution"
    ):
        worked_lesson(bare, problem(3), seed=7)
