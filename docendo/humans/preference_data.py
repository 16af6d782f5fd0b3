"""Opinions as rows that trainers of preferences read: TRL's conversational formats."""

from collections.abc import Sequence
from typing import Any

from docendo.records import Opinion

__all__ = ["preference_rows", "unpaired_rows"]


def preference_rows(opinions: Sequence[Opinion]) -> list[dict[str, Any]]:
    """Rows with ``prompt``, ``chosen`` and ``rejected``. Ties and two bad answers are left out.

    A right answer that the person gave is preferred to both, unless it says the same.
    """
    rows = []
    for o in opinions:
        first, second = o.texts
        pairs = {"first": [(first, second)], "second": [(second, first)]}.get(o.choice, [])
        pairs += [
            (o.right, text)
            for text in o.texts
            if o.right and text.strip() != o.right.strip()
        ]
        for chosen, rejected in pairs:
            if chosen != rejected:
                answers = {
                    "chosen": _turn("assistant", chosen),
                    "rejected": _turn("assistant", rejected),
                }
                rows.append({"prompt": _turn("user", o.prompt), **answers})
    return rows


def unpaired_rows(opinions: Sequence[Opinion]) -> list[dict[str, Any]]:
    """Rows with ``prompt``, ``completion`` and ``label``: True for what was preferred, or given as the right answer.

    Two bad answers are both False; a tie says of neither whether it is good, and is left out.
    """
    labels = {"first": (True, False), "second": (False, True), "both bad": (False, False)}
    rows = []
    for o in opinions:
        said = list(zip(o.texts, labels.get(o.choice, ()), strict=False))
        for text, label in [*said, *([(o.right, True)] if o.right else [])]:
            answer = {"completion": _turn("assistant", text), "label": label}
            rows.append({"prompt": _turn("user", o.prompt), **answer})
    return rows


def _turn(role: str, content: str) -> list[dict[str, str]]:
    return [{"role": role, "content": content}]
