"""Functions that score answers are called as their own libraries call them."""

import asyncio
from decimal import Decimal
from fractions import Fraction
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from docendo.errors import UserError
from docendo.records import Problem
from docendo.sandbox.rewards import build_scorer, describe_answer, read_score

PROBLEM = Problem("sums", "f", 1, "What is 2 + 2?", "4", "It is 4.\nAnswer: 4")
ROWS = [describe_answer(PROBLEM, text) for text in ("4", "5")]


def by_texts(completions: list[str], answer: list[str], **kwargs: object) -> list[float]:
    return [float(c.strip() == a) for c, a in zip(completions, answer, strict=True)]


def by_messages(completions: Any, ground_truth: list[str], **kwargs: object) -> Any:
    contents = [completion[0]["content"] for completion in completions]
    return [float(c == a) for c, a in zip(contents, ground_truth, strict=True)]


async def by_waiting(prompts: list[str], completions: list[str], **kwargs: Any) -> Any:
    await asyncio.sleep(0)
    assert prompts == ["What is 2 + 2?"] * 2
    assert kwargs["solution"] == ["It is 4.\nAnswer: 4"] * 2
    return np.array([c == "4" for c in completions], dtype=np.float32)


def by_completion(completion: Any, answer: str, **kwargs: object) -> float:
    return float(completion[-1]["content"] == answer)


async def by_text(completion: str, state: Any) -> float:
    return float(completion.strip() == state["answer"])


async def by_trace(task: Any, trace: Any) -> float:
    return float(trace.last_reply == task.answer)


def by_grade(question: str, answer: str, text: str) -> bool:
    return text == answer


async def by_async_grade(question: str, answer: str, text: str) -> tuple[float, str]:
    return float(text == answer), ""


@pytest.mark.parametrize(
    "function",
    [by_texts, by_messages, by_waiting, by_completion, by_text, by_trace, by_grade, by_async_grade],
)  # fmt: skip
def test_every_form_of_function_scores_the_same_answers(function: Any) -> None:
    assert build_scorer(function)(ROWS) == [(1.0, ""), (0.0, "")]


def test_functions_of_lists_get_all_answers_at_once_and_others_one() -> None:
    def rank(completions: list[str], **kwargs: object) -> list[float]:
        return [sorted(completions).index(c) / len(completions) for c in completions]

    assert build_scorer(rank).batched
    assert build_scorer(rank)(ROWS) == [(0.0, ""), (0.5, "")]
    assert not build_scorer(by_completion).batched


def test_a_rubric_is_the_weighted_mean_of_its_functions_sync_or_async() -> None:
    def is_short(completion: str, parser: str) -> float:
        return float(len(completion) < len(parser))

    def penalty(completions: list[str]) -> list[float]:
        return [float(c == "5") for c in completions]

    rubric = SimpleNamespace(
        funcs=[by_completion, is_short, penalty],
        weights=[3.0, 1.0, -0.2],
        class_objects={"parser": "long"},
    )
    scores = [score for score, _ in build_scorer(rubric)(ROWS)]
    assert scores == pytest.approx([1.0, (1 - 0.2) / 4])


@pytest.mark.parametrize(
    "score", [1, True, np.float32(1), np.bool_(True), np.array(1.0), Decimal(1), Fraction(2, 2)]
)  # fmt: skip
def test_a_score_may_be_a_number_of_any_library(score: object) -> None:
    assert read_score(score) == (1.0, "")
    assert read_score((score, "why")) == (1.0, "why")


def test_a_score_may_be_a_tensor() -> None:
    torch = pytest.importorskip("torch")
    assert read_score(torch.tensor(0.5)) == (0.5, "")
    assert read_score(torch.tensor(True)) == (1.0, "")


@pytest.mark.parametrize(
    "score", ["1", None, 2, -1, float("nan"), np.float32("nan"), 1j, [1.0], Decimal("nan"), ()]
)  # fmt: skip
def test_what_is_no_number_from_0_to_1_is_no_score(score: object) -> None:
    number, reason = read_score(score)
    assert number is None
    assert reason.startswith("expected a score from 0 to 1, got ")


@pytest.mark.parametrize(
    ("function", "said"),
    [
        (lambda question: 1, "expected grade"),
        (lambda completions, goldd, **kwargs: 1, "it asks for 'goldd'"),
        (lambda completion, anser: 1, "did you mean 'answer'"),
    ],
)
def test_a_function_that_asks_for_something_else_is_refused(
    function: Any, said: str
) -> None:
    with pytest.raises(UserError, match=said):
        build_scorer(function)


def test_the_functions_own_error_is_told() -> None:
    def broken(completion: str) -> float:
        return completion + 1  # type: ignore[operator, return-value]

    with pytest.raises(TypeError, match="can only concatenate str"):
        build_scorer(broken)(ROWS)
