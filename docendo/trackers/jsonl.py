"""A tracker that writes one line of JSON per round into the run directory."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from math import isfinite
from pathlib import Path
from typing import Any

from docendo.parts import PartConfig
from docendo.store.atomic import write_atomically

__all__ = ["JsonLines", "JsonLinesConfig"]

_NO_ROUND = -2
"""Before the first round, whose index is -1."""
_CUT_OFF = 2**62


@dataclass
class JsonLines:
    """Writes ``{"round": 3, "stage": "teaching", "metrics": {...}}`` per round into a file."""

    file_name: str
    path: Path | None = None

    def start(
        self, folder: Path | None, config: Mapping[str, Any], last_round: int
    ) -> int | None:
        """Continue after `last_round`: lines of later rounds, which were rolled back, are dropped.

        Returns the last round that has a line; None without a folder.
        """
        if folder is None:
            return None
        self.path = folder / self.file_name
        if not self.path.exists():
            return _NO_ROUND

        lines = self.path.read_text(encoding="utf-8").splitlines()
        valid = [line for line in lines if _round_of(line) <= last_round]
        text = "".join(f"{line}\n" for line in valid)
        # A kill while the file is written anew must not lose the lines of committed rounds.
        write_atomically(self.path, text.encode())
        return max(map(_round_of, valid), default=_NO_ROUND)

    def log(self, round_index: int, stage: str, metrics: Mapping[str, float]) -> None:
        """Append a round. JSON has no infinities and no NaN: they are written as null."""
        if self.path is None:
            return
        values: dict[str, float | None] = {}
        for name, value in metrics.items():
            values[name] = value if isfinite(value) else None
        line = json.dumps({"round": round_index, "stage": stage, "metrics": values})

        # Opened for each round: nothing is buffered where the run is killed.
        # Appended: a crash cuts off one line at most, which `start` drops.
        with self.path.open("a", encoding="utf-8") as file:
            file.write(f"{line}\n")

    def finish(self) -> None:
        """Nothing is left open."""


class JsonLinesConfig(PartConfig):
    """One line of JSON per round, in the run directory."""

    type: str = "jsonl"
    file_name: str = "metrics.jsonl"
    """File name in the run directory."""

    def build(self, context: Any = None) -> JsonLines:
        return JsonLines(self.file_name)


def _round_of(line: str) -> int:
    """The round of a line; a line that was cut off by a crash counts as later than all others."""
    try:
        return int(json.loads(line)["round"])
    except (ValueError, KeyError, TypeError):
        return _CUT_OFF
