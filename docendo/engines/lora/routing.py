"""Which adapter each token of a batch belongs to.

Axes: T tokens of the batch (in decoding: rows, of one token each), N agents in the batch,
M tokens of each agent after padding, F = N * M.
"""

from collections.abc import Sequence
from itertools import groupby
from typing import NamedTuple

import torch
from torch import Tensor

from docendo.engines.lora.batch_invariant import MIN_ROWS

__all__ = ["Routing", "Run"]


class Run(NamedTuple):
    """Adjacent tokens of one agent."""

    slot: int
    start: int
    stop: int


class Routing(NamedTuple):
    """The agents of a batch, and the order in which their tokens stand together."""

    slots: tuple[int, ...]
    """Those in the batch, ascending."""
    slots_N: Tensor
    slots_T: Tensor
    """The slot of each token."""
    runs: tuple[Run, ...]
    token_F: Tensor | None
    """The token at each padded place; None where the tokens stand in that order already."""
    place_T: Tensor | None
    """The place of each token in `token_F`."""

    @staticmethod
    def of(slots_T: Sequence[int], device: torch.device) -> "Routing":
        slots = tuple(sorted(set(slots_T)))
        token_F = None
        place_T = None
        padding = _pad_by_agent(slots_T, slots)
        if padding is not None:
            token_F, place_T = (torch.tensor(places, device=device) for places in padding)
        return Routing(
            slots=slots,
            slots_N=torch.tensor(slots, device=device),
            slots_T=torch.tensor(slots_T, device=device),
            runs=tuple(_find_runs(slots_T)),
            token_F=token_F,
            place_T=place_T,
        )

    @property
    def is_base(self) -> bool:
        """Whether only the base, whose adapter is zero, is in the batch."""
        return self.slots == (0,)

    def select(self, x_SX: Tensor) -> Tensor:
        """The entries of the slots in the batch; a view where these are neighbours."""
        first, last = self.slots[0], self.slots[-1]
        if last - first + 1 == len(self.slots):
            return x_SX[first : last + 1]
        return x_SX[self.slots_N]

    def group(self, x_Td: Tensor) -> Tensor:
        """(N, M, d): the tokens of each agent together."""
        n, d = len(self.slots), x_Td.shape[-1]
        x_Fd = x_Td if self.token_F is None else x_Td[self.token_F]
        return x_Fd.view(n, -1, d)

    def ungroup(self, y_NMd: Tensor) -> Tensor:
        """The inverse of `group`: (T, d)."""
        y_Fd = y_NMd.flatten(0, 1)
        return y_Fd if self.place_T is None else y_Fd[self.place_T]


def _find_runs(slots_T: Sequence[int]) -> list[Run]:
    runs = []
    start = 0
    for slot, equal_slots in groupby(slots_T):
        stop = start + len(list(equal_slots))
        runs.append(Run(slot, start, stop))
        start = stop
    return runs


def _pad_by_agent(
    slots_T: Sequence[int],
    slots: Sequence[int],
) -> tuple[list[int], list[int]] | None:
    """`Routing.token_F` and `Routing.place_T`; None where the tokens need no other order.

    Padding repeats an agent's first token.
    """
    if len(slots) == 1:
        return None

    tokens_by_slot: dict[int, list[int]] = {slot: [] for slot in slots}
    for token, slot in enumerate(slots_T):
        tokens_by_slot[slot].append(token)
    # all to one width, M: a batched product needs equally many tokens of each agent
    width = max(MIN_ROWS, *map(len, tokens_by_slot.values()))

    # padding must be some token whose row is finite whenever the agent's are
    token_F: list[int] = []
    place_T = [0] * len(slots_T)
    for tokens in tokens_by_slot.values():
        for place, token in enumerate(tokens, start=len(token_F)):
            place_T[token] = place
        token_F += tokens + tokens[:1] * (width - len(tokens))

    if token_F == list(range(len(slots_T))):
        return None
    return token_F, place_T
