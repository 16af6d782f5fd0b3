"""One more token for every row: operation by operation, or all operations of a step replayed at once.

On an accelerator a step of decoding is hundreds of small operations, and starting them takes longer than computing
them. A CUDA graph starts them together; it reads and writes the same memory every time, so what changes from step to
step is copied into buffers that stay.

Axes: B rows, V vocabulary.
"""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, NamedTuple, Protocol

import torch
from torch import Tensor

from docendo.engines.local.transfer import pinned_buffer, to_device
from docendo.engines.lora.routing import Routing
from docendo.engines.model.kv_cache import Decode

if TYPE_CHECKING:
    from docendo.engines.model.network import Network

__all__ = ["Capture", "CudaGraphStep", "EagerStep", "Next", "Stepper", "cuda_graph"]

_MOST = 8
"""Recordings that are kept, each with the memory of a step."""

Capture = Callable[[Callable[[], Tensor]], Callable[[], Tensor]]
"""From a function that computes with tensors that stay, to one that does the same again and gives the result."""


class Next(NamedTuple):
    """Of every row: its last token, the position of that in the text, and the column of the cache that it goes to."""

    tokens_B: Sequence[int]
    positions_B: Sequence[int]
    columns_B: Sequence[int]


class Stepper(Protocol):
    def __call__(self, last: Next, routing: Routing, plan: Decode, /) -> Tensor:
        """Logits of the token after the last, (B, V); valid until the next call."""
        ...


class EagerStep:
    """Operation by operation."""

    def __init__(self, network: "Network") -> None:
        self.network = network

    def __call__(self, last: Next, routing: Routing, plan: Decode) -> Tensor:
        return _logits(
            self.network,
            to_device(torch.tensor(last), self.network.head_Vd.device),
            routing,
            plan,
        )


class CudaGraphStep:
    """Each kind of step is recorded once, with the buffers of the plan and the routing that were there first."""

    def __init__(self, network: "Network", capture: Capture) -> None:
        self.network, self.capture = network, capture
        self.recordings: dict[tuple[object, ...], _Recording] = {}

    def __call__(self, last: Next, routing: Routing, plan: Decode) -> Tensor:
        kind = _kind(routing, plan)
        if kind not in self.recordings:
            if len(self.recordings) == _MOST:
                del self.recordings[next(iter(self.recordings))]
            self.recordings[kind] = _Recording(self.network, routing, plan)
        return self.recordings[kind].step(last, routing, plan, self.capture)


class _Recording:
    def __init__(self, network: "Network", routing: Routing, plan: Decode) -> None:
        self.network, self.routing, self.plan, self.shown = network, routing, plan, plan
        device, shape = network.head_Vd.device, (len(Next._fields), len(plan.column_B))
        self.host_3B = pinned_buffer(shape, device)
        self.last_3B = torch.zeros(shape, dtype=torch.long, device=device)
        self.replay: Callable[[], Tensor] | None = None

    def step(self, last: Next, routing: Routing, plan: Decode, capture: Capture) -> Tensor:
        if plan is not self.shown:
            for mine, theirs in zip(
                _tensors(self.routing, self.plan), _tensors(routing, plan), strict=True
            ):
                mine.copy_(theirs)
            self.shown = plan
        self.host_3B.copy_(torch.tensor(last))
        self.last_3B.copy_(self.host_3B, non_blocking=True)
        if self.replay is None:
            self.replay = capture(
                lambda: _logits(self.network, self.last_3B, self.routing, self.plan)
            )
        return self.replay()


def _logits(network: "Network", last_3B: Tensor, routing: Routing, plan: Decode) -> Tensor:
    tokens_B, positions_B, columns_B = last_3B
    plan.show(columns_B)
    return network.logits(network.body.infer(tokens_B, positions_B, routing, plan))


def _kind(routing: Routing, plan: Decode) -> tuple[object, ...]:
    """Steps of one kind differ in nothing but numbers: the same shapes, agents and cache."""
    stores = [x for side in (plan.store.prompts, plan.store.answers) for x in side]
    shapes = (tuple(x.shape) for x in (*_tensors(routing, plan), *stores))
    return routing.slots, *shapes, *(x.data_ptr() for x in stores)


def _tensors(routing: Routing, plan: Decode) -> list[Tensor]:
    """What differs from step to step of one kind; equally many for two of a kind, or their shapes differ."""
    optional = (
        plan.seats.row_of_seat,
        plan.seats.seat_of_row,
        routing.padded_F,
        routing.kept_T,
    )
    blank = plan.column_B.new_empty(0)
    given = (blank if x is None else x for x in optional)
    return [plan.mask, plan.place_B, plan.length_B, routing.slots_T, *given]


def cuda_graph(run: Callable[[], Tensor]) -> Callable[[], Tensor]:
    """A recording of all that `run` starts on the GPU."""
    aside = torch.cuda.Stream()  # type: ignore[no-untyped-call]
    aside.wait_stream(torch.cuda.current_stream())
    with torch.cuda.stream(aside):
        run()  # what libraries set up on first use cannot be recorded
    torch.cuda.current_stream().wait_stream(aside)
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        result = run()

    def replay() -> Tensor:
        graph.replay()
        return result

    return replay
