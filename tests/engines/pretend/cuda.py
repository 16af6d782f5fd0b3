"""`torch.cuda` of the pretended GPU, and the context in which it is there."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from types import SimpleNamespace
from typing import Any
from unittest import mock

import torch
from torch import nn
from torch.utils._python_dispatch import _disable_current_modes

from tests.engines.pretend.gpu import Gpu, Recording
from tests.engines.pretend.tensors import Factories, Methods

__all__ = ["pretend_gpu"]

_MOVE = nn.Module.to


@contextmanager
def pretend_gpu(gpu: Gpu | None = None) -> Iterator[Gpu]:
    """This thread runs on a machine with one GPU: a new one, or one with all that it holds."""
    gpu = gpu or Gpu()
    with ExitStack() as stack:
        for name, value in _functions(gpu).items():
            stack.enter_context(mock.patch.object(torch.cuda, name, value))
        stack.enter_context(mock.patch.object(nn.Module, "to", _move))
        stack.enter_context(Methods(gpu))
        stack.enter_context(Factories(gpu))
        yield gpu


def _move(module: nn.Module, *args: Any, **kwargs: Any) -> nn.Module:
    """`Module.to` where a parameter changes its class; those that modules share stay shared."""
    owners: dict[int, list[tuple[nn.Module, str]]] = {}
    for part in module.modules():
        for name, parameter in part._parameters.items():
            owners.setdefault(id(parameter), []).append((part, name))

    overwrites = torch.__future__.get_overwrite_module_params_on_conversion()
    torch.__future__.set_overwrite_module_params_on_conversion(True)
    try:
        _MOVE(module, *args, **kwargs)
    finally:
        torch.__future__.set_overwrite_module_params_on_conversion(overwrites)
    for (first, first_name), *others in owners.values():
        for part, name in others:
            part._parameters[name] = first._parameters[first_name]
    return module


def _functions(gpu: Gpu) -> dict[str, Any]:
    """What stands in `torch.cuda` instead."""

    class Stream:
        def __init__(self, *_: Any, **__: Any) -> None:
            """There is one queue, whatever its name."""

        def synchronize(self) -> None:
            gpu.wait("synchronize")

        def wait_stream(self, _: Any) -> None:
            """Everything is done in the order in which it is started."""

        def wait_event(self, _: Any) -> None:
            """Likewise."""

        def record_event(self, event: Any = None) -> Any:
            return event or Event()

    class Event(Stream):
        def record(self, _: Any = None) -> None:
            """Likewise."""

        def query(self) -> bool:
            return True

    class CUDAGraph:
        recording: Recording

        def replay(self) -> None:
            gpu.launch("replay")
            with _disable_current_modes():
                self.recording.replay()

        def reset(self) -> None:
            del self.recording

    @contextmanager
    def graph(cuda_graph: CUDAGraph, *_: Any, **__: Any) -> Iterator[None]:
        with record(gpu) as cuda_graph.recording:
            yield

    @contextmanager
    def use(*_: Any) -> Iterator[None]:
        yield

    properties = SimpleNamespace(
        name="pretended",
        total_memory=gpu.capacity,
        major=9,
        minor=0,
        multi_processor_count=1,
    )
    return {
        "CUDAGraph": CUDAGraph,
        "Event": Event,
        "Stream": Stream,
        "current_device": lambda: 0,
        "current_stream": lambda *_: Stream(),
        "default_stream": lambda *_: Stream(),
        "device_count": lambda: 1,
        "empty_cache": lambda: None,
        "get_device_capability": lambda *_: (9, 0),
        "get_device_name": lambda *_: "pretended",
        "get_device_properties": lambda *_: properties,
        "graph": graph,
        "graph_pool_handle": lambda: (0, 0),
        "is_available": lambda: True,
        "is_bf16_supported": lambda *_, **__: True,
        "is_current_stream_capturing": lambda: gpu.recording is not None,
        "is_initialized": lambda: True,
        "max_memory_allocated": lambda *_: gpu.peak,
        "mem_get_info": lambda *_: (gpu.capacity - gpu.allocated, gpu.capacity),
        "memory_allocated": lambda *_: gpu.allocated,
        "reset_peak_memory_stats": lambda *_: setattr(gpu, "peak", gpu.allocated),
        "stream": use,
        "synchronize": lambda *_: gpu.wait("synchronize"),
    }


@contextmanager
def record(gpu: Gpu) -> Iterator[Recording]:
    """Operations within are recorded and leave no trace, as if they were not done."""
    recording = gpu.recording = Recording()
    gpu.recordings += 1
    try:
        yield recording
    finally:
        gpu.recording = None
        with _disable_current_modes():
            recording.undo()
