"""Which adapter each token of a batch belongs to.

Axes: T tokens of the batch (in decoding: rows, of one token each), N agents in it, M tokens per agent.
"""

from collections.abc import Sequence
from itertools import groupby
from typing import NamedTuple

import torch
from torch import Tensor

__all__ = ["FEWEST", "Routing", "Run"]

FEWEST = 4
"""Matrix products of fewer rows than this sum in another order than larger ones (MKL, float32), so that an answer would
depend on what else is in the batch. PyTorch multiplies nothing smaller while sampling."""


class Run(NamedTuple):
    """Adjacent tokens of one agent."""

    slot: int
    start: int
    stop: int


class Routing(NamedTuple):
    slots: tuple[int, ...]
    """Those in the batch, in ascending order."""
    slots_N: Tensor
    slots_T: Tensor
    """Of each token."""
    runs: tuple[Run, ...]
    padded_F: Tensor | None
    """Places of the tokens by agent, each agent padded to M (F = N * M); None where that is how they stand already."""
    kept_T: Tensor | None
    """Where each token stands in `padded_F`."""

    @staticmethod
    def of(slots_T: Sequence[int], device: torch.device) -> "Routing":
        slots = tuple(sorted(set(slots_T)))
        runs, at = list[Run](), 0
        for slot, same in groupby(slots_T):
            size = len(list(same))
            runs.append(Run(slot, at, at + size))
            at += size
        places = (
            [[t for t, slot in enumerate(slots_T) if slot == wanted] for wanted in slots]
            if len(slots) > 1
            else []
        )
        padded_F, kept_T = _padding(places, len(slots_T))
        tensors = (
            None if x is None else torch.tensor(x, device=device)
            for x in (padded_F, kept_T)
        )
        slots_N, every_T = (
            torch.tensor(slots, device=device),
            torch.tensor(slots_T, device=device),
        )
        return Routing(slots, slots_N, every_T, tuple(runs), *tensors)

    @property
    def bare(self) -> bool:
        """Whether nobody but the base, whose adapter is zero, is in the batch."""
        return self.slots == (0,)

    def pick(self, of_slots: Tensor) -> Tensor:
        """The entries of the slots in the batch; a view where they are neighbours."""
        first, last = self.slots[0], self.slots[-1]
        return (
            of_slots[first : last + 1]
            if last - first + 1 == len(self.slots)
            else of_slots[self.slots_N]
        )

    def group(self, x_Td: Tensor) -> Tensor:
        """(N, M, d): the tokens of each agent together."""
        tokens = x_Td if self.padded_F is None else x_Td[self.padded_F]
        return tokens.view(len(self.slots), -1, x_Td.shape[-1])

    def ungroup(self, y_NMd: Tensor) -> Tensor:
        """The inverse of `group`: (T, d)."""
        flat = y_NMd.flatten(0, 1)
        return flat if self.kept_T is None else flat[self.kept_T]


def _padding(
    places: list[list[int]], tokens: int
) -> tuple[list[int] | None, list[int] | None]:
    widest = max([FEWEST, *map(len, places)])
    padded = [place for own in places for place in [*own, *own[:1] * (widest - len(own))]]
    if not places or padded == list(range(tokens)):
        return None, None
    kept = [0] * tokens
    for n, own in enumerate(places):
        for m, place in enumerate(own):
            kept[place] = n * widest + m
    return padded, kept
