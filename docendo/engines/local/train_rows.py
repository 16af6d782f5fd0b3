"""Rows of training: completions of one prompt stand behind it, so that it is read once.

A row is ``[prompt, completion 1..G]``. Positions restart after the prompt, and each completion
sees the prompt and itself.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from docendo.engines.constrained.logits import Bits
from docendo.records import AgentId, Target

__all__ = ["TrainRow", "micro_batches", "pack"]


class TrainRow(NamedTuple):
    slot: int
    prompt: tuple[int, ...]
    targets: tuple[Target, ...]
    allowed: tuple[Bits | None, ...] = ()
    """Tokens that grammars allowed at each predicted place; None allows all.

    Empty where no target has a grammar.
    """

    @property
    def predicted(self) -> int:
        """Tokens of all targets."""
        return sum(len(target.tokens) for target in self.targets)

    @property
    def length(self) -> int:
        return len(self.prompt) + self.predicted


def pack(
    targets: Sequence[Target], slots: Mapping[AgentId, int], longest: int
) -> list[TrainRow]:
    """Targets of one agent and prompt share a row, as long as it stays within `longest` tokens.

    Targets without tokens are left out: there is nothing to learn from them.
    """
    rows: list[TrainRow] = []
    open_rows: dict[tuple[int, tuple[int, ...]], int] = {}
    for target in targets:
        if not target.tokens:
            continue
        key = (slots[target.agent], target.prompt_tokens)
        at = open_rows.get(key)
        if at is not None and rows[at].length + len(target.tokens) <= longest:
            rows[at] = rows[at]._replace(targets=(*rows[at].targets, target))
        else:
            open_rows[key] = len(rows)
            rows.append(TrainRow(*key, (target,)))
    return rows


def micro_batches(rows: Sequence[TrainRow], max_tokens: int) -> Iterator[list[TrainRow]]:
    """Rows of similar length together, within `max_tokens`; rows of one agent are adjacent."""
    batch: list[TrainRow] = []
    tokens = 0
    for row in sorted(rows, key=lambda row: (row.length, row.slot, row.prompt)):
        if batch and tokens + row.length > max_tokens:
            yield sorted(batch, key=lambda row: row.slot)
            batch = []
            tokens = 0
        batch.append(row)
        tokens += row.length
    if batch:
        yield sorted(batch, key=lambda row: row.slot)
