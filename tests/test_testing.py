"""The conformance checks let docendo's own parts pass, and name what is wrong with a broken one."""

import re
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest

from docendo.graders.ground_truth import ground_truth, ground_truth_evaluator
from docendo.league.teaching_matches import RoundRobin
from docendo.parts import parse_part
from docendo.problems.registry import built_in_domains
from docendo.records import Outcome, Payoff, Verdict
from docendo.registry import PARTS
from docendo.sandbox.isolated import strongest_isolation
from docendo.testing import (
    check_baseline,
    check_curriculum,
    check_evaluator,
    check_grader,
    check_loss,
    check_matchmaker,
    check_reward,
    check_sandbox,
    check_source,
    check_tracker,
)

CHECKS = {
    "baseline": check_baseline,
    "curriculum": check_curriculum,
    "loss": check_loss,
    "reward": check_reward,
    "tracker": check_tracker,
}
REGISTERED = [(kind, name) for kind in CHECKS for name in sorted(PARTS[kind])]


@pytest.mark.parametrize(("kind", "name"), REGISTERED)
def test_every_registered_part_passes_its_conformance_check(kind: str, name: str) -> None:
    CHECKS[kind](parse_part(kind, name).build())


@pytest.mark.parametrize("name", sorted(PARTS["sandbox"]))
def test_every_registered_sandbox_passes_its_conformance_check(name: str) -> None:
    if name == "isolated" and strongest_isolation().isolation is None:
        pytest.skip("this machine cannot isolate programs")
    check_sandbox(parse_part("sandbox", {"type": name, "seconds": 1.0}).build())


def test_the_stock_parts_pass_their_conformance_checks() -> None:
    check_grader(ground_truth())
    check_evaluator(ground_truth_evaluator())
    check_matchmaker(RoundRobin())
    for source in built_in_domains().values():
        check_source(source)


class ForgetfulBaseline:
    """Its state does not hold what its advantages depend on."""

    def __init__(self) -> None:
        self.calls = 0

    def advantages(self, group: Any) -> list[float]:
        self.calls += 1
        return [reward / self.calls for reward in group.rewards]

    def state(self) -> dict[str, float]:
        return {}

    def restore(self, state: Any) -> None:
        pass


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
        (check_baseline, ForgetfulBaseline(), "after restore(state())"),
        (check_loss, lambda inputs: inputs.logprobs_K, "must become likelier"),
        (
            check_loss,
            lambda inputs: inputs.logprobs_K.sum(),
            "expected losses of shape (4,)",
        ),
        (check_reward, lambda episode: Payoff(0.0, ()), "one payoff per attempt"),
        (check_grader, lambda problem, text: Verdict(2.0, ""), "is 2.0"),
        (check_evaluator, lambda answers: [Verdict(1.0, "")], "expected 7 verdicts"),
        (check_curriculum, lambda types, success, shown: np.ones(3), "weights sum to 3"),
        (
            check_matchmaker,
            lambda options, standings, count, seed: [],
            "expected 6 matches",
        ),
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
