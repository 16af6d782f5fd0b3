"""Rollouts as JSON.

``Completion.prompt_tokens`` and ``Completion.logprobs`` are not stored and come back empty. The first can be
made again from the prompt; the second is of use only until the round's update.
"""

from collections.abc import Iterable
from typing import Any

from docendo.records import Completion, Rollout, Verdict
from docendo.store.validation import rollout_parts

__all__ = ["from_json", "to_json"]


def to_json(rollouts: Iterable[Rollout]) -> list[dict[str, Any]]:
    """One object for each rollout."""
    return [
        {
            "text": completion.text,
            "tokens": completion.tokens,
            "score": verdict.score,
            "reason": verdict.reason,
        }
        for completion, verdict in rollouts
    ]


def from_json(objects: list[Any]) -> tuple[Rollout, ...]:
    """The rollouts of `to_json`. Raises ValueError or KeyError for an object that is none."""
    rollouts = []
    for stored in objects:
        text, tokens, score, reason = rollout_parts(stored)
        rollouts.append(Rollout(Completion(text, tokens=tokens), Verdict(score, reason)))
    return tuple(rollouts)
