"""An evaluator's verdicts are counted: how many, how high, and how often they agree with the truth."""

import pytest

from docendo.graders.stats import WithStats
from docendo.records import AgentId, Answer, Problem, Verdict

SUM = Problem("d", "f", 1, "What is 2 + 2?", "4")
PROGRAM = Problem("d", "f", 1, "Double x.", "x * 2", tests=("f(3) == 6",))


def answer(text: str, problem: Problem = SUM) -> Answer:
    return Answer(problem, text, AgentId("ann"), 0)


def by_text(answers: object) -> list[Verdict]:
    return [Verdict(float(a.text.split()[-1]), "said") for a in answers]  # type: ignore[attr-defined]


def test_verdicts_pass_unchanged() -> None:
    assert WithStats(by_text)([answer("x 0.25")]) == [(0.25, "said")]


def test_agreement_is_the_share_of_verdicts_on_the_truths_side() -> None:
    evaluate = WithStats(lambda answers: [Verdict(s, "") for s in (1.0, 0.5, 0.25, 0.0)])
    evaluate([answer(text) for text in ("4", "5", "5", "4")])
    metrics = evaluate.pop_metrics()
    assert metrics == {"verdicts": 4, "score": pytest.approx(1.75 / 4), "agreement": 0.5}


def test_the_truth_reads_answers_as_the_default_evaluator_does() -> None:
    choice = Problem("d", "f", 1, "Which river?", "B", choices=("Po", "Rhine"))
    evaluate = WithStats(lambda answers: [Verdict(1.0, "")] * len(answers))
    evaluate([answer(r"So \boxed{4}."), answer("Answer: Rhine", choice)])
    assert evaluate.pop_metrics()["agreement"] == 1


def test_problems_with_tests_do_not_count_for_agreement() -> None:
    evaluate = WithStats(by_text)
    evaluate([answer("x 1", PROGRAM)])
    assert evaluate.pop_metrics() == {"verdicts": 1, "score": 1}


def test_counts_begin_again_after_they_are_read() -> None:
    evaluate = WithStats(by_text)
    evaluate([answer("x 1")])
    evaluate.pop_metrics()
    assert evaluate.pop_metrics() == {"verdicts": 0}
