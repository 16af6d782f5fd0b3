"""Whether compiled functions agree with PyTorch's operations, and whether they are faster here.

Axes: Q prompts, T tokens of all prompts, B rows, d hidden size, V vocabulary.
"""

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from ctypes import CDLL

import torch
from torch import Tensor

from docendo.engines.cpu.decode import CpuStack, sample_tokens_compiled
from docendo.engines.cpu.products import prepack
from docendo.engines.lora.bank import AdapterBank, adapt
from docendo.engines.lora.routing import Routing
from docendo.engines.model.blocks import Heads
from docendo.engines.model.kv_cache import DecodePlan, KVCache, PrefillPlan
from docendo.engines.model.llama import LlamaStack
from docendo.engines.model.network import DecoderStack
from docendo.records import AgentId

__all__ = ["COMPILED_TOLERANCE", "Probe", "is_faster", "random_layer", "sampling_agrees"]

COMPILED_TOLERANCE = 0.02
"""Relative to the norm of the states; bfloat16 alone makes about one percent."""
_SUM_TOLERANCE = 1e-5
"""Of a sum of float32 probabilities."""
_REPEATS, _STEPS = 10, 3
_PROMPT_LENGTHS = (70, 96, 33, 1)
_ROWS_PER_PROMPT = 8
_PROMPT_COLUMNS, _ANSWER_COLUMNS = 96, 32


class Probe:
    """A small batch to decode: prompts of several lengths with equally many rows each."""

    def __init__(
        self,
        layers: int,
        heads: Heads,
        like: Tensor,
        slots_Q: Sequence[int],
    ) -> None:
        """`like` has the model's device and number format; `slots_Q` is an agent per prompt."""
        self.layers = layers
        self.heads = heads
        self.like = like
        self.slots_Q = slots_Q
        self.prompt_B: list[int] = []
        for prompt in range(len(_PROMPT_LENGTHS)):
            self.prompt_B += [prompt] * _ROWS_PER_PROMPT
        self.routing = Routing.of([slots_Q[q] for q in self.prompt_B], like.device)

    def read(self, stack: DecoderStack) -> DecodePlan:
        """Reads the prompts; the plan of the steps that follow."""
        device = self.like.device
        cache = KVCache.allocate(
            self.layers,
            self.heads,
            prompts=(len(_PROMPT_LENGTHS), _PROMPT_COLUMNS),
            answers=(len(self.prompt_B), _ANSWER_COLUMNS),
            like=self.like,
        )
        spans = []
        slots_T: list[int] = []
        positions_T: list[int] = []
        for slot, length in zip(self.slots_Q, _PROMPT_LENGTHS, strict=True):
            spans.append((len(slots_T), len(slots_T) + length))
            slots_T += [slot] * length
            positions_T += range(length)

        stack.infer(
            torch.arange(len(slots_T), device=device) % 99,
            torch.tensor(positions_T, device=device),
            Routing.of(slots_T, device),
            PrefillPlan.of(cache, self.heads, spans, range(len(spans))),
        )
        return DecodePlan(cache, self.heads, self.prompt_B, _PROMPT_LENGTHS)

    def step(self, stack: DecoderStack, plan: DecodePlan, column: int) -> Tensor:
        """Hidden states behind the last layer, (B, d), of another token for every row."""
        plan.set_columns(torch.full_like(plan.column_B, column))
        ids_B = torch.arange(len(self.prompt_B), device=self.like.device) + column
        return stack.infer(ids_B, plan.length_B + column, self.routing, plan)

    @torch.inference_mode()
    def agree(self, reference: DecoderStack, stack: DecoderStack, tolerance: float) -> bool:
        """Whether both make the same states of a few tokens, within the number format."""
        expected_plan, plan = self.read(reference), self.read(stack)
        # several steps, so that what a step writes to the cache is read as well
        for column in range(_STEPS):
            expected_Bd = self.step(reference, expected_plan, column).float()
            states_Bd = self.step(stack, plan, column).float()
            distance = (expected_Bd - states_Bd).norm()
            if not bool(distance < tolerance * expected_Bd.norm()):
                return False
        return True


@torch.inference_mode()
def is_faster(library: CDLL, dtype: torch.dtype, threads: int) -> bool:
    """Whether compiled decoding is faster than PyTorch's, and right.

    Both take turns with one layer on so many threads; the best time of each counts.
    """
    heads = Heads(9, 3, 64, 0.125)
    llama = random_layer(heads, dtype)
    compiled = CpuStack(llama, library)
    probe = Probe(1, heads, torch.zeros(0, dtype=dtype), (1, 2, 3, 4))

    with _torch_threads(threads):
        # compiled products use one thread
        product_library = library if torch.get_num_threads() == 1 else None
        torch_weights = [prepack(p.weight_od) for p in llama.projections]
        compiled_weights = [
            prepack(p.weight_od, product_library) for p in llama.projections
        ]
        # in turn, and the best of each: other work on the machine slows both alike
        plan = probe.read(llama)
        torch_seconds = compiled_seconds = float("inf")
        for _ in range(_REPEATS):
            for projection, packed in zip(llama.projections, torch_weights, strict=True):
                projection.packed = packed
            torch_seconds = min(torch_seconds, _time_step(probe, llama, plan))

            for projection, packed in zip(llama.projections, compiled_weights, strict=True):
                projection.packed = packed
            compiled_seconds = min(compiled_seconds, _time_step(probe, compiled, plan))
    return compiled_seconds < torch_seconds and probe.agree(
        llama, compiled, COMPILED_TOLERANCE
    )


@contextmanager
def _torch_threads(count: int) -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(count)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def _time_step(probe: Probe, stack: DecoderStack, plan: DecodePlan) -> float:
    start = time.perf_counter()
    probe.step(stack, plan, _STEPS)
    return time.perf_counter() - start


def sampling_agrees(library: CDLL, like_Vd: Tensor) -> bool:
    """Whether each token is the one at which the running sum of probabilities passes its number.

    Of a large vocabulary many rare tokens lie within the rounding of that sum.
    """
    waves = torch.linspace(0, 1000, 4 * len(like_Vd)).sin_().mul_(5)
    logits_BV = waves.view(4, -1).to(like_Vd.dtype)
    temperatures_B = torch.tensor([1, 0.7, 0, 1])
    uniform_B = torch.tensor([0.1, 0.5, 0.9, 0.999], dtype=torch.double)
    tokens_B, logprobs_B = sample_tokens_compiled(
        library,
        logits_BV,
        temperatures_B,
        uniform_B,
    )
    if not bool(((tokens_B >= 0) & (tokens_B < len(like_Vd))).all()):
        return False

    # at temperature 0 any of the likeliest will do
    exact_BV = logits_BV.double()
    token_B1 = tokens_B[:, None]
    is_likeliest_B = exact_BV.gather(1, token_B1)[:, 0] == exact_BV.amax(-1)
    share_BV = (exact_BV / temperatures_B[:, None]).softmax(-1)
    passed_B = share_BV.cumsum(-1).gather(1, token_B1)[:, 0]
    before_B = passed_B - share_BV.gather(1, token_B1)[:, 0]
    is_there_B = (before_B - _SUM_TOLERANCE < uniform_B) & (
        uniform_B < passed_B + _SUM_TOLERANCE
    )

    exact_logprobs_B = exact_BV.log_softmax(-1).gather(1, token_B1)[:, 0]
    return bool(
        torch.where(temperatures_B > 0, is_there_B, is_likeliest_B).all()
    ) and torch.allclose(exact_logprobs_B.float(), logprobs_B, atol=1e-3)


def random_layer(heads: Heads, dtype: torch.dtype) -> LlamaStack:
    """One layer of the embedded model's size with four adapters, all random."""
    from transformers import LlamaConfig, LlamaForCausalLM

    # a small vocabulary, since the head is not measured
    config = LlamaConfig(
        vocab_size=128,
        hidden_size=heads.query * heads.size,
        intermediate_size=1536,
        num_hidden_layers=1,
        num_attention_heads=heads.query,
        num_key_value_heads=heads.key,
    )
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        model = LlamaForCausalLM(config).requires_grad_(False).to(dtype)
        bank = AdapterBank(8, 16.0, torch.device("cpu"), dtype)
        adapt(model, bank)
        for i in range(4):
            bank.add(AgentId(str(i)), 0)
        # fresh adapters change nothing, so a wrong update would not show
        bank.weights_SP[1:].normal_(0, 0.05)

    llama = LlamaStack.of(model.base_model, heads)
    assert llama is not None, "a Llama has the form of a Llama"  # noqa: S101
    for projection in llama.projections:
        projection.packed = prepack(projection.weight_od)
    bank.use_projections(llama.projections)
    return llama
