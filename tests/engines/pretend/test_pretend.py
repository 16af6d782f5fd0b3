"""The pretended GPU refuses, counts and records as a GPU would."""

import pytest
import torch
from torch import Tensor

from docendo.engines.local.memory import is_out_of_memory
from docendo.engines.model.cuda_graphs import capture_cuda_graph
from docendo.engines.model.transfer import pinned_buffer, to_device, to_host
from tests.engines.pretend.cuda import pretend_gpu
from tests.engines.pretend.gpu import CUDA, Gpu
from tests.engines.pretend.tensors import GpuTensor


def numbers(*shape: int) -> Tensor:
    return torch.arange(1.0, 1 + torch.Size(shape).numel()).view(shape)


MIXTURES = {
    "a sum": lambda ours, theirs: ours + theirs,
    "a product": lambda ours, theirs: theirs @ ours,
    "a list": lambda ours, theirs: torch.cat([ours, theirs]),
    "an index of the GPU": lambda ours, theirs: ours[theirs[0].long()],
    "a sum in place": lambda ours, theirs: theirs.add_(ours),
    "values to write": lambda ours, theirs: theirs.index_put_((theirs[0].long(),), ours),
}


@pytest.mark.parametrize("mix", MIXTURES.values(), ids=MIXTURES)
def test_tensors_of_both_devices_are_refused_together_and_that_is_noted(mix) -> None:
    with pretend_gpu() as gpu:
        ours, theirs = numbers(2, 2), numbers(2, 2).to(CUDA)
        with pytest.raises(RuntimeError, match="same device, got cuda:0 and cpu"):
            mix(ours, theirs)
        assert len(gpu.faults) == 1
        assert "test_pretend.py" in gpu.faults[0]


def test_what_cuda_allows_between_the_devices_is_right_and_no_fault() -> None:
    with pretend_gpu() as gpu:
        x = numbers(2, 3).to("cuda")
        y = torch.where(x > 2, x, torch.tensor(0.0)) * torch.tensor(2.0)
        y[:, 1] = 7
        y[[0, 1], [2, 2]] = x[torch.tensor([0, 1]), 0]
        assert (x.device, y.device, y.cpu().device) == (CUDA, CUDA, torch.device("cpu"))
        assert y.tolist() == [[0, 7, 1], [8, 7, 4]]
        assert gpu.faults == []


def test_an_operator_is_a_launch_and_a_view_or_an_empty_tensor_is_none() -> None:
    with pretend_gpu() as gpu:
        x = torch.ones(2, 3, device="cuda")
        gpu.reset()
        y = torch.empty_like(x).copy_(x)
        (y.view(-1)[2:].relu() + 1).reshape(2, 2)
        assert gpu.launches == {"copy_": 1, "relu": 1, "add": 1}
        with torch.inference_mode():
            torch.nn.functional.linear(x, x)
        assert gpu.launches.total() == 4
        assert gpu.waits.total() == 0


WAITS = {
    "item": lambda x: x.sum().item(),
    "bool": lambda x: bool(x.any()),
    "tolist": lambda x: x.tolist(),
    "nonzero": lambda x: x.nonzero(),
    "a mask": lambda x: x[x > 1],
    "a list as an index": lambda x: x[[0, 1]],
    "to the processor": lambda x: x.cpu(),
    "from a list": lambda x: torch.tensor([1.0], device=x.device),
    "from ordinary memory": lambda x: numbers(2).to(x.device, non_blocking=True),
    "into a tensor": lambda x: x.copy_(numbers(4)),
    "into one of the processor": lambda x: numbers(4).copy_(x),
    "synchronize": lambda x: torch.cuda.synchronize(),
}


@pytest.mark.parametrize("inference", [False, True])
@pytest.mark.parametrize("run", WAITS.values(), ids=WAITS)
def test_each_way_to_wait_counts_once_with_its_place(run, inference: bool) -> None:
    with pretend_gpu() as gpu, torch.inference_mode(inference):
        x = numbers(4).to(CUDA)
        gpu.reset()
        run(x)
        assert gpu.waits.total() == 1
        assert next(iter(gpu.waits)).rpartition(" at ")[2].startswith("test_pretend.py:")


@pytest.mark.parametrize("run", WAITS.values(), ids=WAITS)
def test_what_waits_is_illegal_within_a_recording(run) -> None:
    with pretend_gpu() as gpu:
        x = numbers(4).to(CUDA)
        graph = torch.cuda.CUDAGraph()
        with (
            pytest.raises(RuntimeError, match="stream is capturing"),
            torch.cuda.graph(graph),
        ):
            run(x)
        assert len(gpu.faults) == 1


def test_pinned_memory_travels_without_waiting_and_the_way_back_waits_once() -> None:
    with pretend_gpu() as gpu:
        x = to_device(numbers(3), CUDA)
        assert gpu.waits.total() == 0
        assert to_host(x.long(), x / 2) == ([1, 2, 3], [0.5, 1.0, 1.5])
        assert gpu.waits.total() == 1


def test_an_asynchronous_copy_arrives_with_the_next_wait_and_not_before() -> None:
    with pretend_gpu():
        host = torch.empty(2, pin_memory=True)
        host.copy_(torch.ones(2, device=CUDA), non_blocking=True)
        assert host.isnan().all()
        torch.cuda.current_stream().synchronize()
        assert host.tolist() == [1, 1]


def test_pinned_memory_that_is_overwritten_too_early_is_noticed() -> None:
    with pretend_gpu() as gpu:
        for waits in (True, False):
            host = pinned_buffer((2,), CUDA).zero_()
            host.to(CUDA, non_blocking=True)
            if waits:
                torch.cuda.synchronize()
            host.fill_(1)
            torch.cuda.synchronize()
        assert ["overwritten" in fault for fault in gpu.faults] == [True]


def test_a_recording_does_nothing_until_it_is_replayed_on_what_is_there_then() -> None:
    with pretend_gpu() as gpu:
        x, total = numbers(2).to(CUDA), torch.zeros(2, device=CUDA)
        replay = capture_cuda_graph(lambda: total.add_(x) * 10)
        # once to warm up
        assert total.tolist() == [1, 2]
        gpu.reset()
        first = replay()
        assert first.tolist() == [20, 40]
        x.copy_(to_device(numbers(2) * 100, CUDA))
        assert replay() is first
        assert first.tolist() == [1020, 2040]
        assert gpu.launches == {"replay": 2, "copy_": 1, "_to_copy": 1}
        assert (gpu.recordings, gpu.faults) == (0, [])


def test_the_result_of_a_recording_is_not_there_before_its_first_replay() -> None:
    with pretend_gpu() as gpu:
        x = numbers(2).to(CUDA)
        graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(graph):
            y = x + 1
        assert y.isnan().all()
        graph.replay()
        assert y.tolist() == [2, 3]
        assert gpu.recordings == 1


def test_live_bytes_are_counted_by_storage_and_a_full_gpu_raises() -> None:
    with pretend_gpu(Gpu(capacity=1000)) as gpu:
        x = torch.zeros(100, device=CUDA)
        view = x[10:].view(9, 10)
        assert gpu.allocated == 400
        del x
        assert gpu.allocated == 400
        assert torch.cuda.mem_get_info() == (600, 1000)
        with pytest.raises(torch.OutOfMemoryError) as error:
            torch.zeros(200, device=CUDA)
        assert is_out_of_memory(error.value)
        del view
        assert (gpu.allocated, gpu.peak) == (0, 400)


def test_gradients_are_those_of_the_processor() -> None:
    def gradient(x: Tensor) -> Tensor:
        leaf = x.clone().requires_grad_()
        (grad,) = torch.autograd.grad((leaf.exp() * leaf[0]).sum(), leaf)
        return grad

    with pretend_gpu() as gpu:
        pretended = gradient(numbers(3).to(CUDA))
        assert isinstance(pretended, GpuTensor)
        assert torch.equal(pretended.cpu(), gradient(numbers(3)))
        assert gpu.faults == []


def test_an_operator_that_only_a_gpu_has_gets_a_stand_in() -> None:
    with pretend_gpu() as gpu:
        gpu.stand_ins[torch.ops.aten.relu.default] = lambda x: x * 100
        assert torch.relu(numbers(2).to(CUDA)).tolist() == [100, 200]
        assert torch.relu(numbers(2)).tolist() == [1, 2]


def test_outside_its_context_there_is_no_gpu_and_inside_again_the_same() -> None:
    available = torch.cuda.is_available()
    with pretend_gpu() as gpu:
        x = numbers(2).to(CUDA)
        assert torch.cuda.is_available()
    assert torch.cuda.is_available() == available
    with pretend_gpu(gpu) as again:
        assert again is gpu
        assert (x + x.new_tensor([1, 1])).tolist() == [2, 3]
