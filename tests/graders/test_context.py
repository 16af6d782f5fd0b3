"""What a part builds becomes an evaluator, whichever of the two shapes it has."""

import pytest

from docendo.errors import UserError
from docendo.graders.context import as_evaluator
from docendo.records import AgentId, Answer, Problem, Verdict

ANSWERS = [
    Answer(Problem("d", "f", 1, "What is 2 + 2?", "4"), text, AgentId("ann"), 0)
    for text in ("4", "5")
]


def test_a_grader_of_one_answer_becomes_an_evaluator() -> None:
    evaluate = as_evaluator(
        lambda problem, text: Verdict(float(text == problem.answer), "as said"), "mine"
    )
    assert evaluate(ANSWERS) == [(1.0, "as said"), (0.0, "as said")]


def test_a_grader_may_return_its_score_alone() -> None:
    evaluate = as_evaluator(lambda problem, text: text == problem.answer, "mine")
    assert evaluate(ANSWERS) == [(1.0, "by mine"), (0.0, "by mine")]


def test_a_grader_that_returns_something_else_fails_alone() -> None:
    evaluate = as_evaluator(lambda problem, text: None, "mine")
    assert [v.score for v in evaluate(ANSWERS)] == [0, 0]
    assert evaluate(ANSWERS)[0].reason.startswith("grader failed: ")


def test_an_evaluator_of_many_answers_is_used_as_it_is() -> None:
    def evaluate(answers: object, strict: bool = False) -> list[Verdict]:
        return [Verdict(0.5, "half")]

    assert as_evaluator(evaluate, "mine") is evaluate


@pytest.mark.parametrize("part", [lambda: 1, lambda a, b, c: 1, "text", 3])
def test_anything_else_is_refused_with_its_type(part: object) -> None:
    with pytest.raises(UserError, match=r"mine: expected grade\(problem, text\)"):
        as_evaluator(part, "mine")


def test_reward_functions_of_a_package_are_evaluators() -> None:
    def reward(completions: list[str], answer: list[str], **kwargs: object) -> list[bool]:
        if "bad" in completions:
            raise ValueError("bad")
        return [c == a for c, a in zip(completions, answer, strict=True)]

    evaluate = as_evaluator(reward, "mine")
    assert evaluate(ANSWERS) == [(1.0, "by mine"), (0.0, "by mine")]
    bad = ANSWERS[1]._replace(text="bad")
    assert evaluate([ANSWERS[0], bad]) == [
        (1.0, "by mine"),
        (0.0, "grader failed: ValueError: bad"),
    ]


def test_graders_and_evaluators_may_be_async() -> None:
    async def grade(problem: Problem, text: str) -> float:
        return float(text == problem.answer)

    async def evaluate(answers: list[Answer]) -> list[Verdict]:
        return [await_free(answer) for answer in answers]

    def await_free(answer: Answer) -> Verdict:
        return Verdict(float(answer.text == "4"), "")

    for part in (grade, evaluate):
        assert [v.score for v in as_evaluator(part, "mine")(ANSWERS)] == [1, 0]
