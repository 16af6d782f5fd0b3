"""The checks of what learns pass docendo's own parts and name what is wrong with others."""

import re
from collections.abc import Callable
from typing import Any

import pytest

from docendo.parts import parse_part
from docendo.records import Label, Payoff, SoftLabel
from docendo.registry import PARTS
from docendo.testing import (
    check_backend,
    check_baseline,
    check_labels,
    check_loss,
    check_reward,
    check_sft_data,
    check_tracker,
)
from tests.engines.toys import open_toy
from tests.toys import ANN, BOB, example, target

CHECKS = {
    "baseline": check_baseline,
    "loss": check_loss,
    "reward": check_reward,
    "tracker": check_tracker,
}
REGISTERED = [(kind, name) for kind in CHECKS for name in sorted(PARTS[kind])]


@pytest.mark.parametrize(("kind", "name"), REGISTERED)
def test_every_registered_part_passes_its_conformance_check(kind: str, name: str) -> None:
    CHECKS[kind](parse_part(kind, name).build())


def test_the_local_engine_passes_the_check_of_backends() -> None:
    check_backend(open_toy())


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
    ],
)
def test_a_broken_part_is_reported_with_what_is_wrong(
    check: Callable[[Any], None], part: Any, complaint: str
) -> None:
    with pytest.raises(AssertionError, match=re.escape(complaint)):
        check(part)


@pytest.mark.parametrize(
    ("made", "complaint"),
    [
        (example(BOB), "'bob' is no learner"),
        (example()._replace(messages=()), "an example without messages"),
        (example(text=" "), "an example without a text"),
        (example(weight=0.0), "weight 0.0"),
    ],
)
def test_finetuning_data_must_be_for_learners_and_have_a_text(
    made: Any, complaint: str
) -> None:
    check_sft_data([example()], {ANN})
    with pytest.raises(AssertionError, match=re.escape(complaint)):
        check_sft_data([example(), made], {ANN})


def test_labelled_targets_must_be_for_learners_and_have_a_label() -> None:
    labelled = target()._replace(labels=(SoftLabel(Label(), 1.0),))
    check_labels([labelled], {ANN})
    for made, complaint in [
        (labelled._replace(agent=BOB), "'bob' is no learner"),
        (target(), "without a label"),
        (labelled._replace(labels=(SoftLabel(Label(), 0.0),)), "weight 0.0"),
    ]:
        with pytest.raises(AssertionError, match=complaint):
            check_labels([labelled, made], {ANN})
