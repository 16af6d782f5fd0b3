"""The audit finds a grader that is too strict or too kind."""

from collections.abc import Callable, Mapping, Sequence

import pytest

from docendo.graders.answer import exact, final_answer, per_answer
from docendo.graders.audit import AuditReport, audit, find_unpassable
from docendo.graders.near_misses import NEAR_MISSES
from docendo.graders.unit_tests import UnitTestGrader
from docendo.interfaces import Split
from docendo.problems.programs import PROGRAMMING
from docendo.records import Problem, Verdict
from docendo.sandbox.monty import build_strict_monty


class Capitals:
    """Two families of one level; the second has no worked solutions."""

    domain = "capitals"

    @property
    def levels(self) -> Mapping[str, Sequence[int]]:
        return {"near": (1,), "far": (2,)}

    def draw(
        self, family: str, level: int, count: int, seed: int, split: Split
    ) -> list[Problem]:
        solution = "Think.\nAnswer: 42" if family == "near" else ""
        prompts = [f"{split} {seed} {i}?" for i in range(count)]
        return [
            Problem(self.domain, family, level, prompt, "42", solution)
            for prompt in prompts
        ]


def failing(report: AuditReport) -> set[str]:
    return {check.name for check in report.checks if check.failures}


def test_a_sound_grader_passes_the_audit() -> None:
    report = audit(Capitals(), per_answer(exact), count=3, seed=1)
    assert report.passed
    assert report.problems == 2 * 2 * 3
    trials = {check.name: (check.trials, check.skipped) for check in report.checks}
    assert trials.pop("the worked solution") == (6, 6)
    assert trials.pop("the answer to another problem") == (0, 12)
    assert set(trials.values()) == {(12, 0)}


def test_the_audit_catches_graders_that_search_the_text_for_the_answer() -> None:
    def kind(problem: Problem, text: str) -> Verdict:
        return Verdict(float(problem.answer in text), "searched")

    report = audit(Capitals(), per_answer(kind), count=1, seed=1)
    assert not report.passed
    assert {
        "every number",
        "every number on its own line",
        "every number as the answer",
    } <= failing(report)
    first = next(check.first for check in report.checks if check.name == "every number")
    assert first.startswith("near level 1: ")
    assert first.endswith("scored 1 (searched)")


def test_the_audit_catches_graders_that_pass_everything_or_nothing() -> None:
    wrong = {"the answer", "the worked solution"}
    assert (
        failing(audit(Capitals(), per_answer(lambda p, t: Verdict(0.0, "")), 1, 1)) == wrong
    )
    kind = failing(audit(Capitals(), per_answer(lambda p, t: Verdict(1.0, "")), 1, 1))
    assert kind
    assert not kind & wrong


@pytest.mark.parametrize(
    ("careless", "accepted"),
    [
        (
            lambda gold, written: sorted(gold) == sorted(written),
            "its parts in another order",
        ),
        (lambda gold, written: gold.strip("-") == written.strip("-"), "the other sign"),
        (lambda gold, written: gold[0] == written[0], "rounded to one digit"),
        (lambda gold, written: len(gold) == len(written), "a neighbour"),
    ],
)
def test_the_audit_catches_graders_that_accept_near_misses(
    careless: Callable[[str, str], bool], accepted: str
) -> None:
    def kind(problem: Problem, text: str) -> Verdict:
        return Verdict(float(careless(problem.answer, final_answer(text) or "?")), "near")

    assert accepted in failing(audit(Capitals(), per_answer(kind), 1, 1))


def test_half_a_point_for_the_right_answer_fails_the_audit() -> None:
    report = audit(Capitals(), per_answer(lambda p, t: Verdict(0.5, "")), 1, 1)
    assert all(check.failures == check.trials for check in report.checks)


@pytest.mark.parametrize("count", [2])
def test_the_programming_graders_are_sound_on_every_family_and_level(count: int) -> None:
    report = audit(
        PROGRAMMING, per_answer(UnitTestGrader(build_strict_monty())), count, seed=5
    )
    assert report.passed, [check for check in report.checks if check.failures]
    assert all(c.skipped == 0 for c in report.checks if c.name not in NEAR_MISSES)


def test_problems_whose_own_answer_scores_below_one_are_found_with_the_reason() -> None:
    fine = Problem("d", "f", 1, "3 + 4?", "7", "3 + 4 = 7\nAnswer: 7")
    contradicts = Problem("d", "f", 1, "3 + 4?", "7", "3 + 4 = 8\nAnswer: 8")
    unreadable = Problem("d", "f", 1, "A sign?", "\u200b")
    open_question = Problem("d", "f", 1, "Your favourite?", "")

    faults = find_unpassable(
        per_answer(exact), [fine, contradicts, open_question, unreadable, contradicts]
    )
    assert faults == [
        (contradicts, "3 + 4 = 8\nAnswer: 8", "'8' is not the answer"),
        (unreadable, "Answer: \u200b", "'\\u200b' is not the answer"),
    ]
