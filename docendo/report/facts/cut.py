"""Completions that a limit of tokens cut, by purpose, and the setting to raise."""

from collections.abc import Mapping
from typing import NamedTuple

from docendo.report.facts.metrics import read_owned_series
from docendo.store import RunDirectory

__all__ = ["CutShare", "cut_hints", "cut_shares"]

_HIGH = 0.2
"""Above this share a person is told what to raise."""
_SETTINGS = {"duel": "duels.max_tokens"}
_DEFAULT_SETTING = "teaching.max_tokens"


class CutShare(NamedTuple):
    """How many completions of one purpose were cut."""

    purpose: str
    last: float
    """Share in the last round that had any of the purpose."""
    largest: float
    setting: str
    """The setting that limits them."""


def cut_shares(run: RunDirectory) -> list[CutShare]:
    """All purposes of which any completion was cut."""
    shares = []
    for series in read_owned_series(run):
        values = list(series.values.values())
        if series.kind == "cut" and any(values):
            setting = _SETTINGS.get(series.measure, _DEFAULT_SETTING)
            shares.append(CutShare(series.measure, values[-1], max(values), setting))
    return shares


def cut_hints(metrics: Mapping[str, float]) -> list[str]:
    """What to raise where a round's share is high: ``cut off 45% of attempt (raise ...)``."""
    hints = []
    for label, share in metrics.items():
        kind, _, purpose = label.partition("/")
        # a judge's few tokens are meant to be few
        if kind == "cut" and share > _HIGH and purpose != "judging":
            setting = _SETTINGS.get(purpose, _DEFAULT_SETTING)
            hints.append(f"{purpose} cut off {share:.0%} (raise {setting})")
    return hints
