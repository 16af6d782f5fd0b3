"""Where memory runs out, less is done at once, and what comes out is what less at once would have given.

``DOCENDO_TRIALS`` is how many places of failure are tried by each test. Without it a few: the full number is
``DOCENDO_TRIALS=100 pytest tests/engines/local/test_memory.py``.
"""

import json
import os
import subprocess
import sys
import weakref
from collections.abc import Callable, Sequence
from typing import Any

import pytest
import torch
from torch.utils._python_dispatch import TorchDispatchMode

from docendo.engines.local.engine import LocalEngine
from docendo.engines.local.memory import is_out_of_memory
from docendo.engines.local.sampler import Sampler
from docendo.engines.lora.optimizer import Adam
from docendo.engines.model.kv_cache import KVCache
from docendo.errors import RunError
from docendo.records import Request
from tests.engines.toys import AGENTS, ask, fresh, mixture, surprise, train_step, vary

TRIALS = int(os.environ.get("DOCENDO_TRIALS", "5"))
FAILURES = (
    lambda: torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 9 GiB."),
    lambda: RuntimeError(
        "[enforce fail at alloc_cpu.cpp:127] DefaultCPUAllocator: can't allocate memory: 9 bytes."
    ),
    lambda: RuntimeError("std::bad_alloc"),
    lambda: MemoryError(),
)
RATES = dict.fromkeys(AGENTS, 1e-2)


class Failing(TorchDispatchMode):
    """The operation of that number among those that make a new tensor finds no memory, once."""

    def __init__(self, at: int) -> None:
        super().__init__()
        self.at, self.count = at, 0

    def __torch_dispatch__(
        self, func: Any, types: Any, args: Any = (), kwargs: Any = None
    ) -> Any:
        if (
            not func.is_view
            and not func._schema.is_mutable
            and "_local_scalar" not in str(func)
        ):
            self.count += 1
            if self.count == self.at:
                raise FAILURES[self.at % len(FAILURES)]()
        return func(*args, **(kwargs or {}))


def everything(engine: LocalEngine) -> list[torch.Tensor]:
    return [
        engine.bank.weights_SP,
        engine.adam.mean_SP,
        engine.adam.square_SP,
        engine.adam.steps_S,
    ]


def same(one: LocalEngine, other: LocalEngine) -> bool:
    return all(map(torch.equal, everything(one), everything(other)))


def crowd() -> list[Request]:
    return [
        ask(a, q, i, 3 + 4 * i)
        for i in range(3)
        for a in AGENTS
        for q in ("why", "what is one and one?")
    ]


def places(count: int) -> list[int]:
    """As many as are tried, spread over all, the first and the last among them."""
    return sorted({1 + round(i * (count - 1) / (TRIALS - 1)) for i in range(TRIALS)})


def test_out_of_memory_anywhere_in_sampling_halves_the_batch_and_keeps_answers(
    engine: LocalEngine,
) -> None:
    requests = crowd()
    calm = vary(engine, max_num_seqs=8)
    with Failing(0) as counting:
        wanted = calm.sample(requests)
    work = calm.pop_usage()
    for at in places(counting.count):
        tight = vary(engine, max_num_seqs=8)
        with Failing(at):
            assert tight.sample(requests) == wanted
        assert (tight.limits.max_num_seqs, tight.limits.prefill_tokens) == (4, 1024)
        assert tight.pop_usage() == work  # answers that were begun twice are paid once


def stepped(engine: LocalEngine) -> LocalEngine:
    engine.train(train_step(mixture(), surprise, RATES, "policy"))
    return engine


def test_out_of_memory_anywhere_in_training_gives_the_step_of_smaller_batches() -> None:
    """And where the optimizer finds none, the run ends."""
    well = vary(fresh(*AGENTS), max_tokens_per_microbatch=128)
    with Failing(0) as counting:
        stepped(well)
    half, start, told = (
        stepped(vary(fresh(*AGENTS), max_tokens_per_microbatch=64)),
        fresh(*AGENTS),
        list[str](),
    )
    assert not same(well, half)
    engine = fresh(*AGENTS)
    for at in places(counting.count):
        engine.bank.set_weights(start.bank.weights_SP.clone())
        engine.trainer.adam = Adam()
        engine.limits.max_tokens_per_microbatch = 128
        try:
            with Failing(at):
                stepped(engine)
        except RunError as error:
            told.append(str(error))
            continue
        assert same(engine, half)
        assert engine.limits.max_tokens_per_microbatch == 64
    assert set(told) <= {
        "out of memory in a step of the optimizer; use a smaller model or rank"
    }
    assert len(told) <= TRIALS // 2


def test_an_optimizer_step_out_of_memory_changes_no_agent() -> None:
    engine, start = stepped(fresh(*AGENTS)), stepped(fresh(*AGENTS))
    for slot in range(1, 4):
        engine.bank.grads_SP[slot] = 1.0
    with Failing(1) as mode, pytest.raises((MemoryError, RuntimeError)):
        engine.adam.step(engine.bank, RATES)
    assert mode.count == 1
    assert same(engine, start)


def test_sampling_out_of_memory_at_one_answer_is_an_error_that_says_what_helps(
    engine: LocalEngine,
) -> None:
    tight = vary(engine, max_num_seqs=8)
    with pytest.raises(
        RunError, match="out of memory with a single answer in flight; use a smaller model"
    ):
        _without_memory(tight, lambda: tight.sample(crowd()))
    assert (tight.limits.max_num_seqs, tight.limits.prefill_tokens) == (1, 1)


def test_training_out_of_memory_at_one_token_is_an_error_that_says_what_helps() -> None:
    tight = vary(fresh(*AGENTS), max_tokens_per_microbatch=128)
    before = fresh(*AGENTS).bank.weights_SP
    with pytest.raises(
        RunError, match="out of memory at 1 tokens a micro-batch; use a smaller model"
    ):
        _without_memory(tight, lambda: stepped(tight))
    assert torch.equal(tight.bank.weights_SP, before)
    assert not any(grads_SP.any() for grads_SP in tight.bank.grads_LSP)


def _without_memory(engine: LocalEngine, do: Callable[[], object]) -> None:
    def full(*_: object) -> None:
        raise MemoryError

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(type(engine.network.stack), "infer", full)
        patch.setattr(type(engine.network.stack), "record", full)
        do()


def test_a_failed_attempt_frees_its_memory_before_the_next(
    engine: LocalEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[weakref.ref[KVCache]] = []
    allocate, infer, body = (
        KVCache.allocate,
        type(engine.network.stack).infer,
        type(engine.network.stack),
    )

    def remembered(*args: Any) -> KVCache:
        assert not any(store() for store in made)
        store = allocate(*args)
        made.append(weakref.ref(store))
        return store

    def tight(self: Any, ids_T: torch.Tensor, *rest: Any) -> torch.Tensor:
        if len(ids_T) > 60:
            raise torch.OutOfMemoryError("out of memory")
        return infer(self, ids_T, *rest)

    wanted = engine.sample(crowd())
    monkeypatch.setattr(KVCache, "allocate", staticmethod(remembered))
    monkeypatch.setattr(body, "infer", tight)
    assert vary(engine, prefill_tokens=128).sample(crowd()) == wanted
    assert len(made) >= 2


def test_answers_finished_before_memory_ran_out_are_kept(engine: LocalEngine) -> None:
    asked: list[int] = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Sampler, "_decode", _noting(asked))
        with Failing(3000):
            found = vary(engine, max_num_seqs=8).sample(crowd())
    assert found == engine.sample(crowd())
    assert asked[0] == len(crowd()) > asked[1] > 0


def _noting(asked: list[int]) -> Callable[..., Any]:
    decode = Sampler._decode

    def noted(self: Sampler, rows: Sequence[Any], workers: int) -> Any:
        asked.append(len(rows))
        return decode(self, rows, workers)

    return noted


def test_a_resumed_run_keeps_the_smaller_micro_batches(tmp_path: Any) -> None:
    """Or its sums would run in another order than without the interruption."""
    tight = vary(stepped(fresh(*AGENTS)), max_tokens_per_microbatch=64)
    tight.save(tmp_path)
    found = vary(fresh(), max_tokens_per_microbatch=128)
    found.load(tmp_path)
    assert found.limits.max_tokens_per_microbatch == 64
    assert same(stepped(found), stepped(tight))


def test_errors_other_than_out_of_memory_are_raised(engine: LocalEngine) -> None:
    assert not is_out_of_memory(RunError("out of memory at 64 tokens"))
    assert not is_out_of_memory(RuntimeError("shapes do not match"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(type(engine.network.stack), "infer", _broken)
        with pytest.raises(RuntimeError, match="shapes do not match"):
            vary(engine).sample(crowd())


def _broken(*_: object) -> None:
    raise RuntimeError("shapes do not match")


_LIMITED = """
import json, resource, sys, torch
from dataclasses import replace
from tests.engines.toys import AGENTS, ask, fresh, surprise, target, train_step
from docendo.records import Completion
torch.set_num_threads(1)
engine, spare = fresh(*AGENTS), int(sys.argv[1])
engine.sample([ask(AGENTS[0], "warm", 0, 2)])
engine.train(train_step([target(AGENTS[0], "why", "yes")], surprise, {AGENTS[0]: 0.0}, "warm"))
limits = engine.limits
limits.max_num_seqs = 64
limits.prefill_tokens = 65536
limits.max_tokens_per_microbatch = int(sys.argv[2])
if spare:
    now = int(open("/proc/self/statm").read().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (now + spare, now + spare))
long = [f"{i} " + "so it goes " * 70 for i in range(24)]
done = engine.sample([ask(AGENTS[i % 3], text, i, 4) for i, text in enumerate(long)])
targets = [target(AGENTS[i % 3], text, "yes", 1 / 24) for i, text in enumerate(long)]
engine.train(train_step(targets, surprise, dict.fromkeys(AGENTS, 1e-2), "policy"))
tokens = [(c.tokens, c.logprobs) for c in done]
left = limits.max_num_seqs, limits.max_tokens_per_microbatch
print(json.dumps([tokens, engine.bank.weights_SP.double().sum(-1).tolist(), left]))
"""


def limited(spare: int, train_tokens: int) -> list[Any]:
    """Answers, sums of weights, and what was left of rows and tokens, with so many bytes to spare; 0: all there are."""
    command = [sys.executable, "-c", _LIMITED, str(spare), str(train_tokens)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    found: list[Any] = json.loads(done.stdout)
    return found


@pytest.mark.slow
@pytest.mark.skipif(
    not sys.platform.startswith("linux"), reason="limits of the address space are Linux's"
)
def test_a_process_with_a_memory_limit_gives_the_answers_of_one_without() -> None:
    answers, weights, left = limited(400 * 2**20, 65536)
    assert left[0] < 64
    assert left[1] < 65536
    wanted, _, _ = limited(0, 65536)
    _, smaller, kept = limited(0, left[1])
    assert answers == wanted
    assert kept[1] == left[1]
    assert weights == smaller
