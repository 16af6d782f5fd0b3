"""A pretended GPU: tensors that say `cuda:0` and compute on the processor.

    with pretend_gpu() as gpu:
        engine = open_toy(device=torch.device("cuda"))
        engine.bank.add(ANN, 1)
        gpu.reset()
        engine.sample(requests)
        assert gpu.waits.total() == 30, gpu.waits
    assert gpu.faults == []

It runs the code that a GPU would run, `torch.cuda` included, and

* raises where tensors of the GPU and of the processor meet, as CUDA does;
* counts launches by operator, and waits of the processor for the GPU by reason and place;
* counts live and most bytes; with `pretend_gpu(Gpu(capacity=...))` it runs out of memory;
* records CUDA graphs: what is recorded is not done, and a replay does it again on the same memory;
  waits and blocking copies within a recording raise;
* lets asynchronous copies arrive late, at the next wait: what is read before is not there yet.

Whatever raises is also noted in `gpu.faults`, since a caller may catch it and go another way.
`gpu.stand_ins[torch.ops.aten.xyz.default] = function` computes what only a GPU has.

One thread sees it: the one that entered the context.
It says nothing of speed, of kernels' last bits, and of races between streams.
"""
