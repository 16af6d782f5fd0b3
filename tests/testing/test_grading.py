"""The checks of graders, sandboxes and sources pass docendo's own and name what is wrong with others."""

import re
from collections.abc import Callable, Sequence
from typing import Any

import pytest

from docendo.graders.ground_truth import ground_truth, ground_truth_evaluator
from docendo.parts import parse_part
from docendo.problems.registry import built_in_domains
from docendo.records import Outcome, Verdict
from docendo.registry import PARTS
from docendo.sandbox.isolated import strongest_isolation
from docendo.testing import check_evaluator, check_grader, check_sandbox, check_source


@pytest.mark.parametrize("name", sorted(PARTS["sandbox"]))
def test_every_registered_sandbox_passes_its_conformance_check(name: str) -> None:
    if name == "isolated" and strongest_isolation().isolation is None:
        pytest.skip("this machine cannot isolate programs")
    check_sandbox(parse_part("sandbox", {"type": name, "seconds": 1.0}).build())


@pytest.mark.parametrize("domain", sorted(built_in_domains()))
def test_every_domain_passes_the_conformance_check_of_sources(domain: str) -> None:
    check_source(built_in_domains()[domain])


def test_the_ground_truth_passes_the_checks_of_graders_and_evaluators() -> None:
    check_grader(ground_truth())
    check_evaluator(ground_truth_evaluator())


def run_here(code: str, calls: Sequence[str] = ()) -> Outcome:
    """A sandbox that holds nothing back but endless loops."""
    namespace: dict[str, Any] = {}
    values: list[str] = []
    if "while" in code:
        return Outcome(False, reason="endless")
    try:
        exec(code, namespace)  # noqa: S102
        for call in calls:
            values.append(repr(eval(call, namespace)))  # noqa: S307
    except (ArithmeticError, NameError, SyntaxError, ValueError, SystemExit) as error:
        return Outcome(False, tuple(values), type(error).__name__)
    return Outcome(True, tuple(values))


class WithSource:
    """A domain that gives the same problems to both splits."""

    def __init__(self) -> None:
        self.inner = built_in_domains()["letters"]
        self.domain = self.inner.domain
        self.levels = self.inner.levels

    def draw(self, family: str, level: int, count: int, seed: int, split: Any) -> Any:
        return self.inner.draw(family, level, count, seed, "train")


@pytest.mark.parametrize(
    ("check", "part", "complaint"),
    [
        (check_grader, lambda problem, text: Verdict(2.0, ""), "is 2.0"),
        (check_evaluator, lambda answers: [Verdict(1.0, "")], "expected 7 verdicts"),
        (check_source, WithSource(), "problems in both splits"),
        (check_sandbox, run_here, "a program reads this user's files"),
        (check_sandbox, lambda code, calls=(): Outcome(True), "expected ('1',"),
    ],
)
def test_a_broken_part_is_reported_with_what_is_wrong(
    check: Callable[[Any], None], part: Any, complaint: str
) -> None:
    with pytest.raises(AssertionError, match=re.escape(complaint)):
        check(part)
