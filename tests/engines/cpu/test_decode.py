"""Decoding with compiled functions: the same states as with PyTorch's operations, and the same promises."""

from dataclasses import replace

import pytest
import torch

from docendo.engines.cpu import decode as compiled
from docendo.engines.cpu import library as kernels
from docendo.engines.cpu.decode import CpuStack, sample_tokens_compiled
from docendo.engines.cpu.library import load_kernels
from docendo.engines.cpu.ops import CpuOps
from docendo.engines.cpu.selfcheck import Probe, random_layer
from docendo.engines.local.backward import backward
from docendo.engines.local.engine import LocalEngine
from docendo.engines.local.model_names import TINY
from docendo.engines.local.train_rows import pack
from docendo.engines.local.workers import Workers
from docendo.engines.model.blocks import Heads
from docendo.engines.model.llama import LlamaStack
from docendo.engines.model.ops import RMSNorm
from docendo.engines.model.sampling import sample_tokens
from tests.engines.local.test_decoding import crowd
from tests.engines.toys import (
    AGENTS,
    ALPHA,
    CPU,
    RANK,
    ask,
    mixture,
    open_toy,
    surprise,
    vary,
    wake,
)

DTYPES = [torch.float32, torch.bfloat16]
needs_compiler = pytest.mark.skipif(
    load_kernels(torch.float32) is None, reason="no C compiler"
)


def opened(dtype: torch.dtype, compiled: bool = True) -> LocalEngine:
    engine = open_toy(TINY, RANK, ALPHA, dtype, CPU, compiled)
    for agent in AGENTS:
        engine.bank.add(agent, 1)
        wake(engine, agent)
    return engine


@needs_compiler
@pytest.mark.parametrize(
    "heads", [Heads(9, 3, 64, 0.125), Heads(2, 1, 128, 0.1), Heads(4, 4, 20, 0.2)]
)
@pytest.mark.parametrize(
    ("dtype", "slack"), [(torch.float32, 1e-5), (torch.bfloat16, 0.02)]
)
def test_a_compiled_layer_computes_the_states_of_pytorch(
    heads: Heads, dtype: torch.dtype, slack: float
) -> None:
    """Four agents and the bare base; widths that are multiples of 16 and one that is none."""
    assert_same_states(random_layer(heads, dtype), slack)


@needs_compiler
@pytest.mark.parametrize("width", [64, 2 * 64])
@pytest.mark.parametrize(
    ("dtype", "slack"), [(torch.float32, 1e-5), (torch.bfloat16, 0.02)]
)
def test_a_compiled_layer_normalises_heads_and_may_leave_them_unturned(
    width: int, dtype: torch.dtype, slack: float
) -> None:
    """Each head by itself, or both together."""
    fused = random_layer(Heads(2, 2, 64, 0.125), dtype)
    norms = (RMSNorm(torch.linspace(0.5, 1.5, width, dtype=dtype), 1e-6),) * 2
    layer = fused.layers[0]._replace(head_norms=norms, is_turned=False)
    assert_same_states(replace(fused, layers=(layer,)), slack)


def assert_same_states(fused: LlamaStack, slack: float) -> None:
    like = fused.last_norm.weight_d[:0]
    library = load_kernels(like.dtype)
    assert library is not None
    probe = Probe(1, fused.heads, like, (4, 0, 1, 2))
    with torch.inference_mode():
        plan = probe.read(fused)
        for column in range(20):
            wanted, got = (
                probe.step(body, plan, column).float()
                for body in (fused, CpuStack(fused, library))
            )
            assert float((wanted - got).norm() / wanted.norm()) < slack


@needs_compiler
def test_compiled_decoding_gives_the_answers_of_pytorch() -> None:
    requests = crowd(40)
    wanted, got = (
        opened(torch.float32, compiled).sample(requests) for compiled in (False, True)
    )
    assert [c.tokens for c in got] == [c.tokens for c in wanted]
    for mine, theirs in zip(got, wanted, strict=True):
        assert mine.logprobs == pytest.approx(theirs.logprobs, abs=1e-4)


@needs_compiler
@pytest.mark.parametrize(
    ("dtype", "slack"), [(torch.float32, 1e-5), (torch.bfloat16, 0.03)]
)
def test_compiled_layers_give_the_gradients_of_pytorch(
    dtype: torch.dtype, slack: float
) -> None:
    """Of three agents in one batch, before any step."""
    grads = []
    for with_functions in (False, True):
        engine = opened(dtype, with_functions)
        assert isinstance(engine.network.stack, CpuStack) == with_functions
        if Workers.for_device(CPU).threads == 1:
            assert isinstance(engine.network.ops, CpuOps) == with_functions
        rows = pack(mixture(), engine.bank.slots, 1000)
        backward(engine.network, rows, surprise)
        grads.append(engine.bank.grads_SP.clone())
    for agent in AGENTS:
        wanted, got = (grad[opened(dtype).bank.slot(agent)] for grad in grads)
        assert float(wanted.norm()) > 0
        assert float((wanted - got).norm() / wanted.norm()) < slack


@needs_compiler
@pytest.mark.parametrize("dtype", DTYPES)
def test_no_compiled_answer_depends_on_its_batch(dtype: torch.dtype) -> None:
    engine, requests = opened(dtype), crowd(24)
    together = vary(engine, workers=Workers()).sample(requests)
    for i in range(0, 24, 5):
        assert engine.sample([requests[i]]) == [together[i]]
    assert (
        engine.sample(requests[::2]) + engine.sample(requests[1::2])
        == together[::2] + together[1::2]
    )
    assert vary(engine, workers=Workers(2, 1)).sample(requests) == together
    assert vary(engine, workers=Workers(), max_num_seqs=5).sample(requests) == together


@needs_compiler
@pytest.mark.parametrize("dtype", DTYPES)
def test_rows_of_one_prompt_equal_each_row_alone_whatever_their_number(
    dtype: torch.dtype,
) -> None:
    engine = vary(opened(dtype), workers=Workers())
    requests = [
        ask(AGENTS[0], "why?", seed=i, max_tokens=1 + i * 7 % 30) for i in range(17)
    ]
    assert engine.sample(requests) == [engine.sample([request])[0] for request in requests]


@needs_compiler
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("vocabulary", [1, 50, 128, 300, 4096])
def test_compiled_sampling_draws_the_tokens_of_pytorch(
    dtype: torch.dtype, vocabulary: int
) -> None:
    library, generator = load_kernels(dtype), torch.Generator().manual_seed(0)
    assert library is not None
    logits = (4 * torch.randn(200, vocabulary, generator=generator)).to(dtype)
    heat = torch.tensor([1.0, 0.5, 2.0, 0.0]).repeat(50)
    uniform = torch.rand(200, dtype=torch.double, generator=generator)
    tokens, logprobs = sample_tokens_compiled(library, logits, heat, uniform)
    wanted, told = sample_tokens(logits, heat, uniform)
    assert int((tokens != wanted).sum()) <= 1  # at an edge, the last bit of a sum decides
    torch.testing.assert_close(
        logprobs[tokens == wanted], told[tokens == wanted], atol=1e-5, rtol=1e-5
    )


@needs_compiler
def test_extreme_uniform_numbers_draw_tokens_of_positive_probability() -> None:
    """Logits of minus infinity and of -1000 are never drawn, however near to 0 or 1 the uniform number is."""
    library, rows = load_kernels(torch.float32), torch.full((3, 300), -1000.0)
    assert library is not None
    rows[:, :130], rows[:, 140], rows[:, 200] = float("-inf"), 2.0, 2.0
    uniform = torch.tensor([1e-16, 0.5 + 1e-9, 1 - 1e-16], dtype=torch.double)
    tokens, logprobs = sample_tokens_compiled(library, rows, torch.ones(3), uniform)
    assert tokens.tolist() == [140, 200, 200]
    assert logprobs.tolist() == pytest.approx([-0.693147] * 3, abs=1e-5)


@pytest.mark.parametrize("name", ["WIDE", "TOGETHER", "ABREAST", "BLOCK"])
def test_block_sizes_are_equal_in_python_and_c(name: str) -> None:
    written = "".join(path.read_text() for path in [*kernels._SOURCES, *kernels._HEADERS])
    assert written.count(f"#define {name} {getattr(compiled, f'_{name}')}\n") == 1


@needs_compiler
@pytest.mark.parametrize("dtype", DTYPES)
def test_a_forbidden_token_is_never_drawn(dtype: torch.dtype) -> None:
    """However close the uniform number is to one: rounding could pass by the last token that may."""
    library = load_kernels(dtype)
    assert library is not None
    generator = torch.Generator().manual_seed(0)
    logits_BV = (torch.randn(256, 1000, generator=generator) * 4).to(dtype)
    allowed_BV = torch.rand(256, 1000, generator=generator) < 0.01
    allowed_BV[:, 5] = True
    heat_B = torch.tensor([1.0, 0.5, 0.0, 1.3]).repeat(64)
    for uniform in (0.5**52, 0.5, 1 - 0.5**40, 1 - 0.5**53):
        given = (
            logits_BV.masked_fill(~allowed_BV, float("-inf")),
            heat_B,
            torch.full((256,), uniform, dtype=torch.double),
        )
        for tokens_B, logprobs_B in (
            sample_tokens_compiled(library, *given),
            sample_tokens(*given),
        ):
            assert allowed_BV.gather(1, tokens_B[:, None]).all()
            assert logprobs_B.isfinite().all()
