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
    for opinion in opinions:
        first, second = opinion.texts
        pairs: list[tuple[str, str]] = []
        if opinion.choice == "first":
            pairs.append((first, second))
        if opinion.choice == "second":
            pairs.append((second, first))
        for text in opinion.texts:
            if opinion.right and text.strip() != opinion.right.strip():
                pairs.append((opinion.right, text))

        for chosen, rejected in pairs:
            # Two equal texts teach nothing, whatever was said of them.
            if chosen != rejected:
                row = {
                    "prompt": _turn("user", opinion.prompt),
                    "chosen": _turn("assistant", chosen),
                    "rejected": _turn("assistant", rejected),
                }
                rows.append(row)
    return rows


_LABELS = {"first": (True, False), "second": (False, True), "both bad": (False, False)}
"""A tie says of neither answer whether it is good."""


def unpaired_rows(opinions: Sequence[Opinion]) -> list[dict[str, Any]]:
    """Rows with ``prompt``, ``completion`` and ``label``: True for what was preferred, or given as the right answer.

    Two bad answers are both False. Ties are left out.
    """
    rows = []
    for opinion in opinions:
        labels = _LABELS.get(opinion.choice, ())
        answers = list(zip(opinion.texts, labels, strict=False))
        if opinion.right:
            answers.append((opinion.right, True))
        for text, label in answers:
            row = {
                "prompt": _turn("user", opinion.prompt),
                "completion": _turn("assistant", text),
                "label": label,
            }
            rows.append(row)
    return rows


def _turn(role: str, content: str) -> list[dict[str, str]]:
    return [{"role": role, "content": content}]
