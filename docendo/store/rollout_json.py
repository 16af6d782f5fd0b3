"""Rollouts as JSON.

Of a completion only texts and tokens are stored; what else it has comes back empty.
The prompt can be made again; log-probabilities are of use only until the round's update.
"""

from collections.abc import Iterable
from typing import Any

from docendo.records import Completion, Rollout, Verdict
from docendo.store.validation import rollout_parts

__all__ = ["from_json", "to_json"]


def to_json(rollouts: Iterable[Rollout]) -> list[dict[str, Any]]:
    """One object for each rollout."""
    objects = []
    for completion, verdict in rollouts:
        stored = {
            "text": completion.text,
            "tokens": completion.tokens,
            "score": verdict.score,
            "reason": verdict.reason,
        }
        if completion.raw:
            stored["raw"] = completion.raw
        objects.append(stored)
    return objects


def from_json(objects: list[Any]) -> tuple[Rollout, ...]:
    """The rollouts of `to_json`. Raises ValueError or KeyError for an object that is none."""
    rollouts = []
    for stored in objects:
        text, raw, tokens, score, reason = rollout_parts(stored)
        completion = Completion(text, tokens=tokens, raw=raw)
        rollouts.append(Rollout(completion, Verdict(score, reason)))
    return tuple(rollouts)
