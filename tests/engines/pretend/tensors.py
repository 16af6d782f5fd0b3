"""Tensors of the pretended GPU, and what every operator does with them."""

import weakref
from collections.abc import Callable
from functools import partial
from typing import Any

import torch
from torch import Tensor
from torch.overrides import TorchFunctionMode
from torch.utils._python_dispatch import TorchDispatchMode, _disable_current_modes

from tests.engines.pretend.gpu import CPU, CUDA, Gpu

__all__ = ["Factories", "GpuTensor", "Methods"]

aten = torch.ops.aten
_ALLOCATIONS = {"empty", "empty_like", "empty_strided", "new_empty", "new_empty_strided"}
_WAITING = {
    "_local_scalar_dense",
    "_unique2",
    "equal",
    "is_nonzero",
    "masked_select",
    "nonzero",
    "unique_consecutive",
    "unique_dim",
}
"""Operators whose result the processor must know."""
_INDEXED = {Tensor.__getitem__, Tensor.__setitem__}
_GUARDED = _INDEXED | {
    Tensor.__bool__,
    Tensor.__float__,
    Tensor.__index__,
    Tensor.__int__,
    Tensor.__invert__,
    Tensor.backward,
    Tensor.contiguous,
    Tensor.item,
    Tensor.nonzero,
    torch.autograd.grad,
    torch.nonzero,
}
"""Methods that ask PyTorch for the device before an operator is called."""
_INDEXING = {"index", "index_put", "index_put_", "_index_put_impl_"}


class GpuTensor(Tensor):
    """A tensor of the processor inside one that says it is on the GPU."""

    inner: Tensor
    gpu: Gpu
    __torch_function__ = torch._C._disabled_torch_function_impl

    @staticmethod
    def __new__(cls, real: Tensor, gpu: Gpu) -> "GpuTensor":
        assert type(real) is Tensor, type(real)
        address = gpu.allocate(real)
        self = Tensor._make_subclass(
            cls, real.detach(), False, dispatch_device=True, device_for_backend_keys=CUDA
        )
        self.inner, self.gpu = real, gpu
        weakref.finalize(self, gpu.free, address)
        return self

    @property
    def device(self) -> torch.device:  # type: ignore[override]
        return CUDA

    def __repr__(self) -> str:  # type: ignore[override]
        return f"GpuTensor({self.inner!r})"

    def tolist(self) -> Any:
        self.gpu.wait("tolist")
        return self.inner.tolist()

    def numpy(self, **_: Any) -> Any:
        raise TypeError("can't convert cuda:0 device type tensor to numpy")

    @classmethod
    def __torch_dispatch__(
        cls, operator: Any, types: Any, args: Any = (), kwargs: Any = None
    ) -> Any:
        (gpu, *_) = (x.gpu for x in leaves_of((args, kwargs)) if isinstance(x, GpuTensor))
        return operate(gpu, operator, args, kwargs or {})


def leaves_of(tree: Any) -> list[Any]:
    """Whatever is in lists, tuples and dictionaries. PyTorch's own function is far slower."""
    if isinstance(tree, dict):
        tree = tuple(tree.values())
    if not isinstance(tree, list | tuple):
        return [tree]
    return [leaf for part in tree for leaf in leaves_of(part)]


def map_leaves(function: Callable[[Any], Any], tree: Any) -> Any:
    if isinstance(tree, dict):
        return {key: map_leaves(function, value) for key, value in tree.items()}
    if isinstance(tree, list | tuple):
        mapped = [map_leaves(function, part) for part in tree]
        return mapped if isinstance(tree, list) else tuple(mapped)
    return function(tree)


class Factories(TorchDispatchMode):
    """Sees operators without a tensor of the GPU too: those that make one."""

    def __init__(self, gpu: Gpu) -> None:
        super().__init__()
        self.gpu = gpu

    def __torch_dispatch__(
        self, operator: Any, types: Any, args: Any = (), kwargs: Any = None
    ) -> Any:
        return operate(self.gpu, operator, args, kwargs or {})


def operate(gpu: Gpu, operator: Any, args: Any, kwargs: dict[str, Any]) -> Any:
    """One operator, on the processor; a result on the GPU where it would be there."""
    if operator is torch.ops.prim.device.default:
        # PyTorch indexes and differentiates only on devices that it has
        return CPU if gpu.is_hidden or torch.is_grad_enabled() else CUDA
    tensors = [x for x in leaves_of((args, kwargs)) if isinstance(x, Tensor)]
    inputs = [x for x in tensors if isinstance(x, GpuTensor)]
    device = kwargs.get("device")
    is_local = not inputs and (device is None or device.type != "cuda")
    if not is_local and torch.is_inference_mode_enabled() and operator._can_decompose():
        with Factories(gpu):
            result = operator.decompose(*args, **kwargs)
        if result is not NotImplemented:
            return result

    name = operator._schema.name.partition("::")[2]
    if name == "copy_":
        return _copy(gpu, *args, **kwargs)
    if name == "_to_copy" and device is not None and device.type == "cpu" and inputs:
        return _to_processor(gpu, operator, *args, **kwargs)
    if is_local:
        is_pinned = kwargs.pop("pin_memory", False)
        result = operator(*args, **kwargs)
        return gpu.pin(result) if is_pinned else result

    if name == "_to_copy" and not inputs:
        gpu.send(args[0], kwargs.get("non_blocking", False))
    else:
        _refuse_mixing(gpu, name, args, tensors)
    _note_waits(gpu, name, args)
    if device is not None:
        kwargs = kwargs | {"device": CPU}
    return _run(gpu, operator, args, kwargs)


def _refuse_mixing(gpu: Gpu, name: str, args: Any, tensors: list[Tensor]) -> None:
    """Numbers of the processor go anywhere; other tensors must be on one device."""
    # only an index may lie on the processor, and then it is copied
    if name in _INDEXING:
        tensors = [args[0], *args[2:3]]
        if not isinstance(args[0], GpuTensor):
            tensors += [x for x in args[1] if isinstance(x, GpuTensor)]
    devices = {
        isinstance(x, GpuTensor) for x in tensors if x.dim() or isinstance(x, GpuTensor)
    }
    if len(devices) > 1:
        gpu.refuse(
            f"{name}: expected all tensors to be on the same device, got cuda:0 and cpu"
        )


def _note_waits(gpu: Gpu, name: str, args: Any) -> None:
    if name in _WAITING:
        gpu.wait(name.strip("_"))
    if name not in _INDEXING:
        return
    for index in args[1]:
        if index is None:
            continue
        is_mask = index.dtype in (torch.bool, torch.uint8)
        if not isinstance(index, GpuTensor) and index.dim():
            gpu.send(index, non_blocking=False)
        # one number in all places of a mask is filled in without counting them
        elif is_mask and not (name != "index" and args[2].numel() == 1):
            gpu.wait("indexing by a mask")


def _run(gpu: Gpu, operator: Any, args: Any, kwargs: dict[str, Any]) -> Any:
    """Computes on the processor, counts, and records."""
    by_inner = {
        id(x.inner): x for x in leaves_of((args, kwargs)) if isinstance(x, GpuTensor)
    }
    real_args, real_kwargs = map_leaves(
        lambda x: x.inner if isinstance(x, GpuTensor) else x, (tuple(args), kwargs)
    )
    function = gpu.stand_ins.get(operator, operator)
    if gpu.recording is not None:
        for x in _overwritten(operator, real_args, real_kwargs):
            gpu.recording.keep(x)
    result = function(*real_args, **real_kwargs)

    name = operator._schema.name.partition("::")[2]
    is_free = operator.is_view or name in _ALLOCATIONS or name == "_unsafe_view"
    if not is_free:
        gpu.launch(name)
    outputs = [x for x in leaves_of(result) if isinstance(x, Tensor)]
    if gpu.recording is not None:
        inputs = [x for x in leaves_of((real_args, real_kwargs)) if isinstance(x, Tensor)]
        gpu.recording.add(partial(function, *real_args, **real_kwargs), inputs, outputs)

    def wrap(x: Any) -> Any:
        if not isinstance(x, Tensor):
            return x
        return by_inner[id(x)] if id(x) in by_inner else GpuTensor(x, gpu)

    return map_leaves(wrap, result)


def _overwritten(operator: Any, args: Any, kwargs: dict[str, Any]) -> list[Tensor]:
    """The tensors that an operator writes, as its schema says."""
    values = dict(zip((a.name for a in operator._schema.arguments), args, strict=False))
    values |= kwargs
    return [
        values[argument.name]
        for argument in operator._schema.arguments
        if argument.alias_info and argument.alias_info.is_write and argument.name in values
    ]


def _copy(gpu: Gpu, target: Tensor, source: Tensor, non_blocking: bool = False) -> Tensor:
    """`copy_` within the GPU, to it or from it."""
    if not isinstance(source, GpuTensor) and isinstance(target, GpuTensor):
        gpu.send(source, non_blocking)
    if isinstance(source, GpuTensor) and not isinstance(target, GpuTensor):
        gpu.launch("copy_")
        gpu.fetch(source.inner, target, non_blocking)
        return target
    if not isinstance(target, GpuTensor):
        return target.copy_(source, non_blocking)
    _run(gpu, aten.copy_.default, (target, source), {})
    return target


def _to_processor(gpu: Gpu, operator: Any, x: GpuTensor, **kwargs: Any) -> Tensor:
    non_blocking = kwargs.pop("non_blocking", False)
    gpu.launch("_to_copy")
    result = operator(x.inner, **kwargs)
    # PyTorch takes pinned memory for it
    target = torch.empty_like(result)
    if non_blocking:
        gpu.pin(target)
    gpu.fetch(result, target, non_blocking)
    return target


class Methods(TorchFunctionMode):
    """What never comes to an operator, or not as it was written."""

    def __init__(self, gpu: Gpu) -> None:
        super().__init__()
        self.gpu = gpu

    def __torch_function__(
        self, function: Any, types: Any, args: Any = (), kwargs: Any = None
    ) -> Any:
        kwargs = kwargs or {}
        args = tuple(map(_first_device, args))
        kwargs = {name: _first_device(value) for name, value in kwargs.items()}
        if function is Tensor.pin_memory:
            return self.gpu.pin(args[0].clone())
        if function is Tensor.is_pinned:
            return self.gpu.is_pinned(args[0])
        if function is Tensor.cuda:
            return args[0].to(CUDA, *args[2:], **kwargs)
        if function in (torch.tensor, torch.as_tensor) and kwargs.get("device") == CUDA:
            del kwargs["device"]
            return function(*args, **kwargs).to(CUDA)
        if function is Tensor.new_tensor and isinstance(args[0], GpuTensor):
            return torch.tensor(*args[1:], **kwargs).to(CUDA)
        if function in (Tensor.cpu, Tensor.to) and _is_on_gpu(args[0]):
            with torch.set_grad_enabled(args[0].requires_grad):
                return function(*args, **kwargs)
        if function is Tensor.copy_ and any(map(_is_on_gpu, args)):
            with _disable_current_modes():
                return _copy(self.gpu, *args, **kwargs)
        if function in _GUARDED and any(map(_is_on_gpu, leaves_of(args[0]))):
            if function in _INDEXED:
                args = (args[0], _move_lists(args[1]), *args[2:])
            with self.gpu.hide():
                return function(*args, **kwargs)
        return function(*args, **kwargs)


def _is_on_gpu(x: object) -> bool:
    return isinstance(x, GpuTensor)


def _first_device(x: Any) -> Any:
    if isinstance(x, torch.device) and x.type == "cuda":
        return CUDA
    return CUDA if isinstance(x, str) and x == "cuda" else x


def _move_lists(index: Any) -> Any:
    """Numbers in a list are an index tensor, which is copied to the GPU."""
    if isinstance(index, tuple):
        return tuple(_move_lists(part) for part in index)
    if isinstance(index, list | range):
        return torch.tensor(list(index)).to(CUDA)
    return index
