"""Steps of decoding by CUDA graphs: all operations of a step are started at once.

On an accelerator a step of decoding is hundreds of small operations, and starting them takes
longer than computing them. A CUDA graph starts them together. It reads and writes the same memory
every time, so what changes from step to step is copied into fixed buffers.

Axes: B rows, V vocabulary.
"""

from collections.abc import Callable

import torch
from torch import Tensor

from docendo.engines.lora.routing import Routing
from docendo.engines.model.kv_cache import DecodePlan
from docendo.engines.model.network import LastTokens, Network
from docendo.engines.model.transfer import pinned_buffer

__all__ = ["Capture", "CudaGraphStep", "capture_cuda_graph"]

_MAX_RECORDINGS = 8
"""Each holds the memory of a step."""

Capture = Callable[[Callable[[], Tensor]], Callable[[], Tensor]]
"""From a function on fixed buffers to one that repeats its work and gives the result."""


class CudaGraphStep:
    """Records each kind of step once, with the plan and routing of its first step as buffers."""

    def __init__(self, network: Network, capture: Capture) -> None:
        self.network = network
        self.capture = capture
        self.recordings: dict[tuple[object, ...], _Recording] = {}

    def __call__(self, last: LastTokens, routing: Routing, plan: DecodePlan) -> Tensor:
        key = _step_key(routing, plan)
        if key not in self.recordings:
            if len(self.recordings) == _MAX_RECORDINGS:
                # a cache that was resized has other addresses: its old kinds never come again
                oldest = next(iter(self.recordings))
                del self.recordings[oldest]
            self.recordings[key] = _Recording(self.network, routing, plan)
        return self.recordings[key].step(last, routing, plan, self.capture)


class _Recording:
    """A recorded step and the buffers that it reads."""

    def __init__(self, network: Network, routing: Routing, plan: DecodePlan) -> None:
        device = network.head_Vd.device
        shape = (len(LastTokens._fields), len(plan.column_B))
        self.network = network
        self.routing = routing
        self.plan = plan
        self.copied_plan = plan
        """The plan whose numbers are in the buffers."""
        self.host_3B = pinned_buffer(shape, device)
        self.last_3B = torch.zeros(shape, dtype=torch.long, device=device)
        self.replay: Callable[[], Tensor] | None = None

    def step(
        self,
        last: LastTokens,
        routing: Routing,
        plan: DecodePlan,
        capture: Capture,
    ) -> Tensor:
        # a plan holds for many steps; in between only the last tokens change
        if plan is not self.copied_plan:
            buffers = _step_tensors(self.routing, self.plan)
            for buffer, source in zip(buffers, _step_tensors(routing, plan), strict=True):
                buffer.copy_(source)
            self.copied_plan = plan
        # through pinned memory: a copy from ordinary memory would wait for the whole queue
        self.host_3B.copy_(torch.tensor(last))
        self.last_3B.copy_(self.host_3B, non_blocking=True)

        if self.replay is None:
            self.replay = capture(
                lambda: self.network.step(self.last_3B, self.routing, self.plan)
            )
        return self.replay()


def _step_key(routing: Routing, plan: DecodePlan) -> tuple[object, ...]:
    """Equal for steps that differ in numbers alone: same shapes, agents and cache."""
    cache = [*plan.cache.prompts, *plan.cache.answers]
    tensors = [*_step_tensors(routing, plan), *cache]
    shapes = [tuple(tensor.shape) for tensor in tensors]
    # the cache is not copied: a recording reads and writes it where it is
    addresses = [tensor.data_ptr() for tensor in cache]
    return routing.slots, *shapes, *addresses


def _step_tensors(routing: Routing, plan: DecodePlan) -> list[Tensor]:
    """What differs between steps of one kind; the same number of tensors for all of a kind."""
    optional = (
        plan.groups.row_of_place,
        plan.groups.place_of_row,
        routing.token_F,
        routing.place_T,
    )
    # empty ones stand in, so that the tensors of two plans match one to one
    empty = plan.column_B.new_empty(0)
    present = [empty if x is None else x for x in optional]
    return [plan.mask, plan.prompt_B, plan.length_B, routing.slots_T, *present]


def capture_cuda_graph(run: Callable[[], Tensor]) -> Callable[[], Tensor]:
    """A recording of all that `run` starts on the GPU."""
    # what libraries set up on first use cannot be recorded, and not on the recorded stream
    warmup = torch.cuda.Stream()  # type: ignore[no-untyped-call]
    warmup.wait_stream(torch.cuda.current_stream())
    with torch.cuda.stream(warmup):
        run()
    torch.cuda.current_stream().wait_stream(warmup)

    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        result = run()

    # always the same tensor, whose memory every replay overwrites
    def replay() -> Tensor:
        graph.replay()
        return result

    return replay
