"""Rollouts as JSON."""

import pytest

from docendo.records import Completion, Rollout, Verdict
from docendo.store.rollout_json import from_json, to_json


def test_a_rollout_comes_back_without_what_is_of_use_only_in_its_round() -> None:
    full = Rollout(
        Completion("Answer: 4", (1, 2), (3, 4), (-0.5, -0.1)), Verdict(0.5, "half")
    )
    (stored,) = to_json([full])
    assert stored == {"text": "Answer: 4", "tokens": (3, 4), "score": 0.5, "reason": "half"}
    (back,) = from_json([stored])
    assert back == Rollout(Completion("Answer: 4", tokens=(3, 4)), Verdict(0.5, "half"))


def test_the_thinking_of_an_answer_is_stored_with_it() -> None:
    raw = "<think>2 and 2</think>Answer: 4"
    rollout = Rollout(Completion("Answer: 4", tokens=(3,), raw=raw), Verdict(1.0, ""))
    assert from_json(to_json([rollout])) == (rollout,)


def test_an_object_that_is_no_rollout_is_refused() -> None:
    with pytest.raises(KeyError):
        from_json([{"text": "Answer: 4"}])
